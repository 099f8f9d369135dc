"""Every list: its address, what may be asked of it, how it is read, what its CSV holds.

One place, so that a list's page, its CSV and its saved views can't differ in what they
take for a filter.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec

from projections.queries import analyses, contacts, conversations, log, meetings, people, waiting
from projections.queries.audit import list_audit
from projections.queries.filters import (
    AnalysisFilter,
    AttentionFilter,
    AuditFilter,
    CalendarFilter,
    ContactFilter,
    ConversationFilter,
    DeliveryFilter,
    Filter,
    LoggedFilter,
    MeetingFilter,
    PersonFilter,
    QuarantineFilter,
    RunFilter,
    WorkflowFilter,
)
from projections.queries.paging import Page
from projections.queries.parameters import Asked
from projections.queries.runs import list_runs
from projections.queries.workflows import list_workflows
from tracker.database import Connection
from tracker.log import LogReader
from web.services import Services

Read = Callable[[Any], Page[Any]]


class List(msgspec.Struct, frozen=True):
    """One list. `reading` lends a function from filters to a page; what it reads is of one moment.

    `columns` are the names in the CSV's head with the way to each value in a row; `controls`
    the filters that the page shows by a form or by tabs; `page` is what the page takes, and
    what can be saved for it, where that is something else.
    """

    path: str
    kind: type[Filter]
    reading: Callable[[Services], AbstractContextManager[Read]]
    columns: tuple[tuple[str, str], ...]
    controls: tuple[str, ...] = ()
    page: type[Asked] | None = None

    @property
    def page_kind(self) -> type[Asked]:
        """What the list's page takes."""
        return self.page or self.kind


class Owned(msgspec.Struct, frozen=True):
    """A row with the person it belongs to, if one is known."""

    row: Any
    person: people.Named | None


def _of_views(
    read: Callable[[Connection, Any], Page[Any]],
) -> Callable[[Services], AbstractContextManager[Read]]:
    @contextmanager
    def reading(services: Services) -> Iterator[Read]:
        with services.views.read() as connection:
            yield lambda asked: read(connection, asked)

    return reading


def _of_log(
    read: Callable[[LogReader, Any], Page[Any]],
) -> Callable[[Services], AbstractContextManager[Read]]:
    @contextmanager
    def reading(services: Services) -> Iterator[Read]:
        yield lambda asked: read(services.log, asked)

    return reading


@contextmanager
def _runs(services: Services) -> Iterator[Read]:
    now = services.now()
    with services.views.read() as connection:
        yield lambda asked: list_runs(connection, asked, now)


@contextmanager
def _audit(services: Services) -> Iterator[Read]:
    yield lambda asked: list_audit(services.control.audit, asked)


def _analyses(connection: Connection, asked: AnalysisFilter) -> Page[Owned]:
    page = analyses.list_analyses(connection, asked)
    persons = analyses.persons_of(connection, page.items)
    return page.of([Owned(row, persons.get(row.entity)) for row in page.items])


def _contacts(connection: Connection, asked: ContactFilter) -> Page[Owned]:
    page = contacts.list_contacts(connection, asked)
    persons = contacts.persons_of(connection, page.items)
    return page.of([Owned(row, persons.get(row.entity)) for row in page.items])


def _plain(names: str, prefix: str = "") -> tuple[tuple[str, str], ...]:
    return tuple((name, prefix + name) for name in names.split())


LISTS = {
    one.path: one
    for one in (
        List(
            "/runs",
            RunFilter,
            _runs,
            (
                ("id", "id"),
                ("candidate", "person.name"),
                *_plain("candidate_profile_id status stuck workflow_id"),
                ("workflow", "workflow_name"),
                ("workflow_version_id", "workflow_version_id"),
                ("current_node", "probable_node"),
                ("current_step", "probable_label"),
                *_plain("step_count started_at ended_at last_event_at reason anomalies"),
            ),
            controls=("status", "workflow_id", "stuck", "anomalies"),
        ),
        List(
            "/conversations",
            ConversationFilter,
            _of_views(conversations.list_conversations),
            _plain(
                "id candidate_name candidate_id external_id campaign_external_id status outcome"
                " score started_at ended_at status_since last_event_at reason url anomalies"
            ),
            controls=("status", "outcome", "campaign"),
        ),
        List(
            "/analyses",
            AnalysisFilter,
            _of_views(_analyses),
            (
                ("id", "row.id"),
                ("candidate", "person.name"),
                *_plain(
                    "candidate_external_id analysis_id analysis_external_id mandatory_met score"
                    " requirements completed_at url anomalies",
                    "row.",
                ),
            ),
            controls=("analysis", "mandatory"),
        ),
        List(
            "/contacts",
            ContactFilter,
            _of_views(_contacts),
            (
                ("key", "row.key"),
                ("candidate", "person.name"),
                *_plain(
                    "contact_name status resolution reason run_id workflow_id candidate_profile_id"
                    " node_id at event_id anomalies",
                    "row.",
                ),
            ),
            controls=("status",),
        ),
        List(
            "/calendar",
            MeetingFilter,
            _of_views(meetings.list_meetings),
            _plain(
                "id title status starts_at ends_at timezone location meeting_url participants"
                " conversation_id campaign_external_id revision notes_ready notes_url reason"
                " last_event_at anomalies"
            ),
            controls=("organization_id",),
            page=CalendarFilter,
        ),
        List(
            "/candidates",
            PersonFilter,
            _of_views(people.people),
            _plain("person name identities entities last_event_at"),
            controls=("q",),
        ),
        List(
            "/workflows",
            WorkflowFilter,
            _of_views(list_workflows),
            _plain(
                "id name external_id version_count runs imported_at last_published_at anomalies"
            ),
        ),
        List(
            "/needs",
            AttentionFilter,
            _of_views(waiting.needs_you),
            _plain("projection entity candidate_name reason words since url"),
            controls=("reason",),
        ),
        List(
            "/events",
            LoggedFilter,
            _of_log(log.list_events),
            _plain(
                "position event_id type family record_id organization_id occurred_at received_at"
            ),
            controls=("type", "record_id", "organization_id", "from", "to"),
        ),
        List(
            "/deliveries",
            DeliveryFilter,
            _of_log(log.list_deliveries),
            _plain("id received_at outcome reason size remote key_label event_id position"),
            controls=("outcome",),
        ),
        List(
            "/quarantine",
            QuarantineFilter,
            _of_log(log.list_quarantined),
            _plain("id received_at reason status position deliveries"),
            controls=("status",),
        ),
        List(
            "/audit",
            AuditFilter,
            _audit,
            _plain("id at actor action detail remote"),
            controls=("action", "actor", "target", "from", "to"),
        ),
    )
}
