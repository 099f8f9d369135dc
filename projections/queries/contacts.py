"""Contact resolutions: the list, and how often each result and each reason."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from projections import contacts
from projections.queries.filters import ContactFilter
from projections.queries.paging import Listing, Page, Where, select_page
from projections.queries.people import Named, named, of_candidate
from tracker.database import Connection

CONTACTS: Final = Listing("contacts", key=("event_id",))


class ContactCounts(msgspec.Struct, frozen=True):
    """How many resolutions a filter lists, by result; the reasons of failures and skips."""

    statuses: dict[str, int]
    reasons: list[tuple[str, str, int]]


def list_contacts(
    connection: Connection, wanted: ContactFilter, only: Sequence[str] | None = None
) -> Page[contacts.Contact]:
    """The contact resolutions that fit a filter; `only` those with some event ids, if given."""
    where = _where(connection, wanted).one_of("event_id", only)
    return select_page(
        connection, contacts.Contact, CONTACTS, where, wanted.sort, wanted.limit, wanted.cursor
    )


def count_contacts(connection: Connection, wanted: ContactFilter) -> ContactCounts:
    """How many resolutions fit a filter; its own status and reason are put aside.

    Reasons are (status, reason, number), the most frequent first, 50 at most, without those
    too long to be asked for by an address.
    """
    where = _where(connection, wanted.model_copy(update={"status": (), "reason": None}))
    query = f"SELECT status, count(*) FROM contacts WHERE {where.sql} GROUP BY status"
    counted = dict(connection.execute(query, where.values).fetchall())
    where.add("status <> 'resolved'").add("reason <> '' AND length(reason) <= 500")
    reasons = f"""
        SELECT status, reason, count(*) AS number FROM contacts WHERE {where.sql}
        GROUP BY status, reason ORDER BY number DESC, status, reason LIMIT 50
    """
    return ContactCounts(
        statuses={s: counted.get(s, 0) for s in ("resolved", "failed", "skipped")},
        reasons=connection.execute(reasons, where.values).fetchall(),
    )


def persons_of(connection: Connection, rows: Iterable[contacts.Contact]) -> dict[str, Named]:
    """Who the contacts are, by `entity`."""
    return named(connection, "contacts", (row.entity for row in rows))


def _where(connection: Connection, wanted: ContactFilter) -> Where:
    where = Where().among("status", wanted.status)
    where.equal("workflow_id", wanted.workflow_id).equal("run_id", wanted.run_id)
    where.equal("key", wanted.key).equal("reason", wanted.reason)
    where.equal("organization_id", wanted.organization_id)
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
    where.between("at", wanted.since, wanted.until)
    return of_candidate(connection, where, "contacts", "entity", wanted.candidate)
