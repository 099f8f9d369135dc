"""Contact resolutions: `/api/v1/contacts`."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency

from projections.queries import contacts as queries
from projections.queries.filters import ContactFilter
from web.api.answers import Items, items
from web.api.asking import Query, asks, wanted
from web.services import Services


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One resolution; `key` is the contact's own for a failure, else the run's id."""

    key: str
    status: str
    run_id: str | None
    workflow_id: str | None
    organization_id: str
    candidate_profile_id: str | None
    node_id: str | None
    resolution: str | None
    reason: str | None
    at: datetime
    event_id: str
    anomalies: list[str]


@get(
    "/api/v1/contacts", sync_to_thread=True, operation_class=asks(ContactFilter), tags=["Contacts"]
)
def contacts(request: Query, services: NamedDependency[Services]) -> Items[Contact]:
    """Contact resolutions, newest first."""
    asked = wanted(ContactFilter, request)
    with services.views.read() as connection:
        return items(Contact, queries.list_contacts(connection, asked))


CONTACT_HANDLERS = [contacts]
