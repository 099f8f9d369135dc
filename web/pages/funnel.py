"""The funnel of Today: conversations of all campaigns or of one, or the runs of a workflow."""

from typing import Final
from urllib.parse import urlencode

import msgspec

from projections.queries import funnel as queries
from projections.queries.filters import ConversationFilter, WorkflowFilter
from projections.queries.workflows import list_workflows
from tracker.database import Connection
from tracker.errors import InvalidInput
from web.badges import badge
from web.ids import encode_id
from web.pages.frame import Asked
from web.times import lasted

MOST_CHOICES: Final = 100
ENDINGS: Final = {"failed": "Not passed", "closed": "Closed", "none": "Outcome unknown"}
CAMPAIGN, WORKFLOW = "campaign", "workflow"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A stage: how many got there, and in words what part of those before and how fast."""

    name: str
    count: int
    url: str
    words: str
    width: int


class Exit(msgspec.Struct, frozen=True):
    """One way out, by name."""

    name: str
    count: int
    url: str
    icon: str
    tone: str


class Choice(msgspec.Struct, frozen=True):
    """Campaigns or workflows to choose from."""

    name: str
    options: list[tuple[str, str]]


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """Stages and exits of what was chosen."""

    chosen: str
    about: str
    choices: list[Choice]
    stages: list[Step]
    exits: list[Exit]
    more: tuple[str, str] | None = None


def funnel_of(request: Asked, connection: Connection, now: int) -> Funnel:
    """What the address chooses; raises InvalidInput for what is no choice."""
    chosen = request.query_params.get("funnel", "")
    kind, _, value = chosen.partition(":")
    if chosen and (kind not in {CAMPAIGN, WORKFLOW} or not value):
        raise InvalidInput(
            f"The funnel {chosen[:100]!r} is none; it is campaign:ID or workflow:ID", field="funnel"
        )
    choices = _choices(connection)
    if kind == WORKFLOW:
        return _of_runs(connection, value, choices, now)
    return _of_conversations(connection, value, choices)


def _choices(connection: Connection) -> list[Choice]:
    campaigns = queries.campaigns(connection, MOST_CHOICES)
    workflows = list_workflows(connection, WorkflowFilter(limit=MOST_CHOICES)).items
    return [
        Choice("Conversations of a campaign", [(f"{CAMPAIGN}:{c}", c) for c in campaigns]),
        Choice("Runs of a workflow", [(f"{WORKFLOW}:{w.id}", w.name or w.id) for w in workflows]),
    ]


def _of_conversations(connection: Connection, campaign: str, choices: list[Choice]) -> Funnel:
    funnel = queries.funnel(connection, ConversationFilter(campaign=campaign or None))
    of = [("campaign", campaign)] if campaign else []

    def listed(**asked: str) -> str:
        return f"/conversations?{urlencode([*asked.items(), *of])}"

    first = funnel.stages[0].count or 1
    stages = [
        Step(
            name=stage.name,
            count=stage.count,
            url=listed(stage=stage.name),
            words=_words(stage),
            width=round(100 * stage.count / first),
        )
        for stage in funnel.stages
    ]
    exits = [
        _exit(badge("conversation", status).text, number, listed(status=status), status)
        for status, number in funnel.exits.items()
    ]
    exits += [
        _exit(ENDINGS[outcome], number, listed(stage="completed", outcome=outcome), outcome)
        for outcome, number in funnel.endings.items()
        if number
    ]
    return Funnel(
        chosen=f"{CAMPAIGN}:{campaign}" if campaign else "",
        about="conversations that got at least so far",
        choices=choices,
        stages=stages,
        exits=exits,
    )


def _words(stage: queries.Stage) -> str:
    share = None if stage.share is None else f"{round(100 * stage.share)}% of those before"
    wait = None if stage.median_wait is None else f"median wait {lasted(stage.median_wait)}"
    return ", ".join(words for words in (share, wait) if words)


def _exit(name: str, count: int, url: str, state: str) -> Exit:
    kind = "outcome" if state in ENDINGS else "conversation"
    look = badge(kind, state)
    return Exit(name, count, url, look.icon, look.tone)


def _of_runs(connection: Connection, workflow_id: str, choices: list[Choice], now: int) -> Funnel:
    funnel = queries.run_funnel(connection, workflow_id, now)
    counts = funnel.counts
    of = urlencode({"workflow_id": workflow_id})
    share = round(100 * counts.completed / counts.total) if counts.total else 0
    median = funnel.median_time
    time = "" if median is None else f", median time from first event to end {lasted(median)}"
    exits = [
        ("Still running", counts.running, "status=running", "running"),
        ("Stuck among these", counts.stuck, "stuck=true", "stuck"),
        ("Failed", counts.failed, "status=failed", "failed"),
        ("Cancelled", counts.cancelled, "status=cancelled", "cancelled"),
    ]
    return Funnel(
        chosen=f"{WORKFLOW}:{workflow_id}",
        about="runs that began, and that completed",
        choices=choices,
        stages=[
            Step(name="started", count=counts.total, url=f"/runs?{of}", words="", width=100),
            Step(
                name="completed",
                count=counts.completed,
                url=f"/runs?status=completed&{of}",
                words=f"{share}% of those before{time}" if counts.total else "",
                width=share,
            ),
        ],
        exits=[
            Exit(name, number, f"/runs?{asked}&{of}", look.icon, look.tone)
            for name, number, asked, state in exits
            for look in (badge("run", state),)
        ],
        more=("See each step of the workflow", f"/workflows/{encode_id(workflow_id)}"),
    )
