"""Do the runs move, and how far does one get? The numbers of Today, each with its list."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import funnel as funnels
from projections.queries import moving as queries
from projections.queries.filters import ConversationFilter, FunnelFilter, MovingFilter
from projections.queries.workflows import workflow
from tracker.timing import SECOND, to_datetime
from web.api.answers import answer
from web.api.asking import Query, asks, wanted
from web.days import day_starts
from web.ids import decode_id
from web.services import Services


class MovingDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day: runs that began and ended within it, `running` at its end.

    `stuck` counts the runs stuck now that were so already at the day's end. Today's end is now.
    """

    starts_at: datetime
    ends_at: datetime
    started: int
    running: int
    stuck: int
    completed: int
    failed: int
    cancelled: int


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """Runs `running` and `stuck` now; the seven days before today, then today."""

    running: int
    stuck: int
    days: list[MovingDay]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage: how many got at least here, which part of those before, the median wait for it."""

    name: str
    count: int
    share: float | None
    median_wait_seconds: float | None


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """Stages from queued to passed; `exits` by status now, `endings` of those that completed."""

    stages: list[Stage]
    exits: dict[str, int]
    endings: dict[str, int]


class RunFunnel(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of a workflow by status; `stuck` ones are among the running.

    `median_time_seconds` is from the first event to the end of those that completed.
    """

    started: int
    running: int
    stuck: int
    completed: int
    failed: int
    cancelled: int
    median_time_seconds: float | None


@get("/api/v1/moving", sync_to_thread=True, operation_class=asks(MovingFilter), tags=["Today"])
def moving(request: Query, services: NamedDependency[Services]) -> Moving:
    """Runs today against the seven days before, in the days of a time zone."""
    asked = wanted(MovingFilter, request)
    now = services.now()
    starts = day_starts(now, ZoneInfo(asked.zone))
    with services.views.read() as connection:
        found = queries.moving(connection, now, starts, asked.workflow_id)
    days = [
        MovingDay(
            starts_at=to_datetime(starts[day]),
            ends_at=to_datetime(starts[day + 1]),
            started=found.started[day],
            running=found.running[day],
            stuck=found.stuck[day],
            **{status: numbers[day] for status, numbers in found.ended.items()},
        )
        for day in range(len(found.started))
    ]
    return Moving(running=found.now.running, stuck=found.now.stuck, days=days)


@get("/api/v1/funnel", sync_to_thread=True, operation_class=asks(FunnelFilter), tags=["Today"])
def funnel(request: Query, services: NamedDependency[Services]) -> Funnel:
    """How far conversations got, of all campaigns or of one."""
    asked = wanted(FunnelFilter, request)
    with services.views.read() as connection:
        found = funnels.funnel(connection, ConversationFilter(campaign=asked.campaign))
    stages = [
        answer(Stage, stage, median_wait_seconds=_seconds(stage.median_wait))
        for stage in found.stages
    ]
    return Funnel(stages=stages, exits=found.exits, endings=found.endings)


@get("/api/v1/workflows/{workflow_id:str}/funnel", sync_to_thread=True, tags=["Workflows"])
def workflow_funnel(workflow_id: FromPath[str], services: NamedDependency[Services]) -> RunFunnel:
    """How the runs of one workflow ended, and how long those took that completed."""
    with services.views.read() as connection:
        known = workflow(connection, decode_id(workflow_id)).workflow
        found = funnels.run_funnel(connection, known.id, services.now())
    return answer(
        RunFunnel,
        found.counts,
        started=found.counts.total,
        median_time_seconds=_seconds(found.median_time),
    )


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / SECOND


MOVING_HANDLERS = [moving, funnel, workflow_funnel]
