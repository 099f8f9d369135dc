"""What can be asked of each list: one model a list, the same for pages and the API."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from projections import conversations, meetings, runs
from projections.queries.parameters import (
    Asked,
    Day,
    End,
    Filter,
    From,
    Odd,
    Person,
    Position,
    Start,
    Text,
    To,
    Zone,
    parameter_names,
    parse,
)

__all__ = [
    "WITHOUT",
    "AnalysisFilter",
    "AttentionFilter",
    "AuditFilter",
    "BatchFilter",
    "CalendarFilter",
    "ContactFilter",
    "ConversationFilter",
    "DeliveryFilter",
    "EventFilter",
    "Filter",
    "FunnelFilter",
    "GraphFilter",
    "LoggedFilter",
    "MeetingFilter",
    "MovingFilter",
    "PersonFilter",
    "QuarantineFilter",
    "ReasonsFilter",
    "RunFilter",
    "SearchFilter",
    "WorkflowFilter",
    "parameter_names",
    "parse",
]


WITHOUT: Final = "(none)"  # stands for an empty id, as an empty parameter is none at all


class RunFilter(Filter):
    """Runs; `from` and `to` bound when one was first heard of."""

    status: tuple[runs.Status, ...] = ()
    workflow_id: Text | None = None
    version: Annotated[
        Text | None, Field(description="A workflow version's id; `(none)` is without a version")
    ] = None
    node: Annotated[Text | None, Field(description="Where the run probably stands")] = None
    visited: Annotated[Text | None, Field(description="A node it completed")] = None
    outcome: Annotated[
        Text | None, Field(description="How it completed `visited`; `(none)` is without an outcome")
    ] = None
    next: Annotated[Text | None, Field(description="What it completed right after that")] = None
    visited_since: Annotated[
        Start, Field(alias="visited_from", description="Completed `next`, or `visited`, since then")
    ] = None
    candidate: Person = None
    organization_id: Text | None = None
    stuck: Annotated[bool | None, Field(description="Silent for unusually long")] = None
    anomalies: Odd = None
    since: From = None
    until: To = None
    ended_since: Annotated[Start, Field(alias="ended_from")] = None
    ended_until: Annotated[End, Field(alias="ended_to")] = None
    sort: Literal[
        "-last_event_at",
        "last_event_at",
        "-first_at",
        "first_at",
        "-ended_at",
        "ended_at",
        "-step_count",
        "step_count",
    ] = "-last_event_at"


class ConversationFilter(Filter):
    """Conversations; `from` and `to` bound when one was first heard of."""

    status: tuple[conversations.Status, ...] = ()
    outcome: Literal["passed", "failed", "closed", "none"] | None = None
    stage: Annotated[
        Literal["queued", "started", "completed", "passed"] | None,
        Field(description="Got at least this far"),
    ] = None
    campaign: Annotated[Text | None, Field(description="The customer's id of it")] = None
    candidate: Person = None
    organization_id: Text | None = None
    anomalies: Odd = None
    since: From = None
    until: To = None
    sort: Literal[
        "-last_event_at",
        "last_event_at",
        "-first_at",
        "first_at",
        "-status_since",
        "status_since",
        "-score",
        "score",
    ] = "-last_event_at"


class MeetingFilter(Filter):
    """Meetings; `from` and `to` bound their start. One replaced by another is left out."""

    status: tuple[meetings.Status, ...] = ()
    since: From = None
    until: To = None
    conversation_id: Text | None = None
    candidate: Person = None
    campaign: Annotated[Text | None, Field(description="The customer's id of it")] = None
    organization_id: Text | None = None
    notes_ready: bool | None = None
    anomalies: Odd = None
    sort: Literal["starts_at", "-starts_at", "-last_event_at", "last_event_at"] = "starts_at"


class CalendarFilter(Asked):
    """Some days of the calendar: those around `date`, today without one."""

    view: Literal["agenda", "week", "month", "day"] = "agenda"
    date: Day | None = None
    page: Annotated[int, Field(ge=1, le=10_000, description="Of a day with many meetings")] = 1
    zone: Annotated[Zone | None, Field(description="The zone in which days and times are")] = None
    organization_id: Text | None = None
    not_kept: ClassVar[frozenset[str]] = frozenset({"date", "page"})


class AnalysisFilter(Filter):
    """Analysed candidates; `rank`, the default within one analysis, puts the mandatory first."""

    analysis: Annotated[Text | None, Field(description="Popp's or the customer's id of it")] = None
    candidate: Person = None
    organization_id: Text | None = None
    mandatory: Literal["met", "not_met", "unknown"] | None = None
    anomalies: Odd = None
    since: From = None
    until: To = None
    sort: Literal["rank", "-completed_at", "completed_at", "-score", "score"] | None = None


class BatchFilter(Filter):
    """Analyses as batches of candidates, newest first."""

    organization_id: Text | None = None


class ContactFilter(Filter):
    """Contact resolutions; `from` and `to` bound when they happened."""

    status: tuple[Literal["resolved", "failed", "skipped"], ...] = ()
    workflow_id: Text | None = None
    run_id: Text | None = None
    key: Annotated[Text | None, Field(description="The contact's key, or the run's id")] = None
    candidate: Person = None
    reason: Text | None = None
    organization_id: Text | None = None
    anomalies: Odd = None
    since: From = None
    until: To = None
    sort: Literal["-at", "at"] = "-at"


class WorkflowFilter(Filter):
    """Workflows, whether published, imported or only seen in runs."""

    organization_id: Text | None = None
    sort: Literal[
        "id",
        "-id",
        "name",
        "-name",
        "version_count",
        "-version_count",
        "last_published_at",
        "-last_published_at",
    ] = "id"


class GraphFilter(Asked):
    """Which completions a workflow's graph counts."""

    version: Annotated[Text | None, Field(description="A workflow version's id")] = None
    since: Annotated[Start, Field(alias="from", description="On this day or later")] = None


class PersonFilter(Filter):
    """People; `name` sorts those without one last, `identity` never changes while one reads."""

    q: Annotated[Text | None, Field(description="Words of a name, or an id")] = None
    sort: Literal["-last_event_at", "last_event_at", "name", "-name", "identity", "-identity"] = (
        "-last_event_at"
    )


class EventFilter(Filter):
    """Events of the log: upwards when `after` is given, else the newest first."""

    after: Annotated[Position | None, Field(description="Above this position")] = None
    type: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    record_id: Text | None = None
    organization_id: Text | None = None
    since: From = None
    until: To = None


class LoggedFilter(EventFilter):
    """Events of the log as a page lists them, in either direction."""

    sort: Literal["-position", "position"] = "-position"


class DeliveryFilter(Filter):
    """Deliveries that were not simply accepted, in the order of their arrival."""

    outcome: Literal["duplicate", "conflict", "quarantined", "rejected"] | None = None
    reason: Annotated[Text | None, Field(description="Exactly this reason")] = None
    sort: Literal["-received_at", "received_at"] = "-received_at"


class AuditFilter(Filter):
    """Lines of the audit trail, newest first."""

    actor: Annotated[Text | None, Field(description="Exactly this one")] = None
    action: Annotated[Text | None, Field(description="Exactly this, such as `person seen`")] = None
    target: Annotated[Text | None, Field(description="What it speaks of, such as an id")] = None
    since: From = None
    until: To = None
    sort: Literal["-at", "at"] = "-at"


class QuarantineFilter(Filter):
    """Signed deliveries that are not events, newest first."""

    status: Literal["waiting", "retried", "discarded"] | None = None


class AttentionFilter(Filter):
    """What waits for a person, longest first."""

    reason: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    organization_id: Text | None = None


class ReasonsFilter(Asked):
    """Of which organization the reasons are counted."""

    organization_id: Text | None = None


class MovingFilter(Asked):
    """Whose runs are counted, and where a day begins."""

    zone: Annotated[Zone, Field(description="Where a day begins")] = "UTC"
    workflow_id: Text | None = None


class FunnelFilter(Asked):
    """Which conversations are counted."""

    campaign: Annotated[Text | None, Field(description="The customer's id of it")] = None


class SearchFilter(Asked):
    """Whatever is found by words or ids, best first."""

    q: Annotated[Text, Field(description="Words or an id")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
