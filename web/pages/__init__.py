"""All pages and their addresses."""

from collections.abc import Callable
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from web.pages.account import ACCOUNT_HANDLERS
from web.pages.acknowledge import acknowledge, undo_acknowledge
from web.pages.analyses import analyses
from web.pages.audit import audit
from web.pages.calendar import calendar
from web.pages.candidate import candidate
from web.pages.candidates import candidates
from web.pages.contacts import contacts
from web.pages.conversations import conversation, conversations
from web.pages.csv_files import CSV_HANDLERS
from web.pages.deliveries import deliveries
from web.pages.erase import ERASE_HANDLERS
from web.pages.events import event, event_by_id, events
from web.pages.meetings import meeting_page
from web.pages.needs import needs_list
from web.pages.people import PEOPLE_HANDLERS, TOKEN_HANDLERS
from web.pages.quarantine import QUARANTINE_HANDLERS, quarantine, quarantined
from web.pages.run import run
from web.pages.runs import runs
from web.pages.saved_views import SAVED_VIEW_HANDLERS
from web.pages.search import find
from web.pages.sign_in import SIGN_IN_HANDLERS
from web.pages.system import system
from web.pages.today import funnel_part, meetings_part, moving_part, needs_part, today
from web.pages.upkeep import UPKEEP_HANDLERS
from web.pages.workflow_import import import_workflow, workflow_import
from web.pages.workflows import workflow, workflows


def at(path: str, page: Callable[..., Response[Any]]) -> list[HTTPRouteHandler]:
    """A page's two addresses: the whole page, and its fragment alone under `/parts`.

    One handler each, because Litestar 2.25 forgets the thread of a handler with two paths.
    """
    return [get(one, sync_to_thread=True)(page) for one in (path, f"/parts{path}")]


PAGE_HANDLERS = [
    today,
    needs_part,
    meetings_part,
    moving_part,
    funnel_part,
    *at("/needs", needs_list),
    acknowledge,
    undo_acknowledge,
    *at("/runs", runs),
    *at("/runs/{run_id:path}", run),
    *at("/workflows", workflows),
    *at("/workflows/{workflow_id:path}", workflow),
    workflow_import,
    import_workflow,
    *at("/conversations", conversations),
    *at("/conversations/{conversation_id:path}", conversation),
    *at("/analyses", analyses),
    *at("/calendar", calendar),
    *at("/meetings/{meeting_id:path}", meeting_page),
    *at("/candidates", candidates),
    *at("/candidates/{person_id:path}", candidate),
    *at("/contacts", contacts),
    *at("/events", events),
    *at("/events/{position:int}", event),
    event_by_id,
    *at("/deliveries", deliveries),
    *at("/quarantine", quarantine),
    *at("/quarantine/{number:int}", quarantined),
    *QUARANTINE_HANDLERS,
    *at("/audit", audit),
    *at("/system", system),
    *UPKEEP_HANDLERS,
    find,
    *CSV_HANDLERS,
    *SAVED_VIEW_HANDLERS,
    *ERASE_HANDLERS,
    *SIGN_IN_HANDLERS,
    *ACCOUNT_HANDLERS,
    *PEOPLE_HANDLERS,
    *TOKEN_HANDLERS,
]
