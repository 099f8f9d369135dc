"""Which inline contacts became candidates, and which did not, and why?

Hears the three contact resolutions. An entity is the contact where its key is known, else
the run. Read by Contacts, Run, Candidate and Today.
"""

from collections.abc import Iterable, Sequence

import msgspec

from projections import projection as p
from tracker.events import Event

RESOLVED = "WORKFLOW_CONTACT_RESOLVED"
FAILED = "WORKFLOW_CONTACT_RESOLUTION_FAILED"
SKIPPED = "WORKFLOW_CONTACT_RESOLUTION_SKIPPED"

STATUS = {RESOLVED: "resolved", FAILED: "failed", SKIPPED: "skipped"}


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One resolution of a contact.

    `key` is the contact's own key for a failure and the run's id otherwise. `settled_by` is
    the event that made a failure history: a later success of the same contact, or a later
    failure, which then waits in its place.
    """

    event_id: str
    entity: str
    key: str
    organization_id: str
    status: str
    run_id: str | None
    workflow_id: str | None
    workflow_version_id: str | None
    candidate_profile_id: str | None
    candidate_external_id: str | None
    contact_name: str | None
    node_id: str | None
    resolution: str | None
    reason: str | None
    at: int
    settled_by: str | None
    acknowledged: bool
    anomalies: tuple[str, ...]
    anomaly_count: int


def key(event: Event) -> str:
    """The contact, so that a failure meets its later success; without its key, the record."""
    if event.type == FAILED:
        return event.record_id
    return event.data.contact_key or event.record_id


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """One row a resolution, in the order in which they happened."""
    done = p.acknowledged(events)
    rows: list[Contact] = []
    settled_by: str | None = None
    for event in reversed(p.own_events(events)):
        rows.append(_contact(event, settled_by, event.event_id in done))
        if event.type != SKIPPED:
            settled_by = event.event_id
    return rows[::-1]


def _contact(event: Event, settled_by: str | None, acknowledged: bool) -> Contact:
    data = event.data
    failed = event.type == FAILED
    anomalies = p.anomalies((event,), ())
    return Contact(
        event_id=event.event_id,
        entity=key(event),
        key=event.record_id,
        organization_id=event.organization_id,
        status=STATUS[event.type],
        run_id=data.run_id if failed else event.record_id,
        workflow_id=data.workflow_id,
        workflow_version_id=data.workflow_version_id,
        candidate_profile_id=data.candidate_profile_id,
        candidate_external_id=data.candidate_profile_external_id,
        contact_name=data.contact_name,
        node_id=data.node_id,
        resolution=data.resolution,
        reason=data.reason,
        at=event.occurred_at,
        settled_by=settled_by if failed else None,
        acknowledged=acknowledged,
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )


def tallies(row: Contact) -> Iterable[p.Tally]:
    """Resolutions by workflow, version, result and day."""
    yield p.tally(
        "contacts",
        row.organization_id,
        subject=row.workflow_id or "",
        version=row.workflow_version_id or "",
        item=row.status,
        day=p.day_of(row.at),
    )


def attention(row: Contact) -> Iterable[p.Attention]:
    """A failed resolution waits until the contact is resolved or a person took care of it."""
    if row.status == STATUS[FAILED] and row.settled_by is None and not row.acknowledged:
        yield p.Attention(
            item=row.event_id,
            reason="resolution_failed",
            words="The contact could not be matched to a candidate",
            since=row.at,
            organization_id=row.organization_id,
            candidate_name=row.contact_name,
            identity=next(iter(links(row)), None),
        )


def links(row: Contact) -> Iterable[str]:
    """The candidate profile and the customer's id of the same person."""
    yield from p.candidate(row.candidate_profile_id)
    yield from p.customer(row.organization_id, row.candidate_external_id)


def about(row: Contact) -> p.About:
    """The contact's name, as this event gave it."""
    return p.About(row.at, row.contact_name)


def search(row: Contact) -> Iterable[p.Found]:
    """A contact is found by its name and the ids around it."""
    yield p.found(
        row.contact_name or f"Contact {row.entity}",
        row.contact_name,
        row.entity,
        row.key,
        row.run_id,
        row.candidate_profile_id,
        row.candidate_external_id,
    )


PROJECTION = p.Projection(
    name="contacts",
    version=1,
    tables=(
        p.Table(
            "contacts",
            Contact,
            key=("event_id",),
            entity="entity",
            indexes=(
                ("entity",),
                ("run_id",),
                *p.orders("at", "event_id", within=("status", "workflow_id")),
            ),
            tallies=tallies,
            attention=attention,
            links=links,
            about=about,
            search=search,
        ),
    ),
    hears=frozenset(STATUS),
    key=key,
    fold=fold,
)
