"""Quarantine: signed bytes that are not an event, to be tried again or discarded."""

from typing import Any

import msgspec
from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from projections.queries.filters import QuarantineFilter
from tracker.errors import InvalidEnvelope
from tracker.log import Quarantined
from web.pages.frame import Asked, Given, from_this_site, number, show, wanted
from web.rendering import pretty

PREVIEW = 1500
PAGE = 20
SAID = {
    "retried": "It was read this time and is in the log now.",
    "refused": "It still can't be read as an event; it stays here.",
    "discarded": "Put aside. Its bytes stay in the log file.",
}


class QuarantinePage(msgspec.Struct, frozen=True):
    """Quarantined deliveries with the beginning of their bytes."""

    rows: list[Quarantined]
    previews: dict[int, str]
    next_cursor: str | None
    said: str | None
    filters: QuarantineFilter


def quarantine(request: Asked, services: Given) -> Response[Any]:
    """What is quarantined, newest first; without a status in the address, what waits."""
    said = SAID.get(request.query_params.get("said", ""))
    asked = wanted(QuarantineFilter, request, without="said")
    before = number(request, "cursor")
    rows = services.log.quarantined(before=before, limit=PAGE + 1, status=asked.status)
    shown = rows[:PAGE]
    context = QuarantinePage(
        rows=shown,
        previews={row.id: _preview(row.body) for row in shown},
        next_cursor=str(shown[-1].id) if len(rows) > PAGE else None,
        said=said,
        filters=asked,
    )
    return show(request, services, "quarantine/page.html", "quarantine/list.html", context)


def _preview(body: bytes) -> str:
    text = pretty(body[:PREVIEW])
    return f"{text[:PREVIEW]}\n… {len(body)} bytes in all" if len(body) > PREVIEW else text


@post("/quarantine/{number:int}/retry", sync_to_thread=True)
def retry(request: Asked, services: Given, number: FromPath[int]) -> Redirect:
    """Try to read the bytes again, for example with newer software."""
    from_this_site(request)
    try:
        services.ingest.retry_quarantined(services.log, number)
    except InvalidEnvelope:
        return Redirect("/quarantine?said=refused", status_code=303)
    return Redirect("/quarantine?said=retried", status_code=303)


@post("/quarantine/{number:int}/discard", sync_to_thread=True)
def discard(request: Asked, services: Given, number: FromPath[int]) -> Redirect:
    """Put the delivery aside; its bytes stay."""
    from_this_site(request)
    services.ingest.discard_quarantined(number)
    return Redirect("/quarantine?said=discarded", status_code=303)
