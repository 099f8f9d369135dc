"""Quarantine: signed bytes that are no event or contradict one, to try again or discard."""

from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from projections.queries.filters import QuarantineFilter
from projections.queries.log import list_quarantined
from tracker.errors import InvalidEnvelope, InvalidInput
from tracker.log import Outcome, Quarantined, Receipt, StoredEvent
from web.badges import badge
from web.bytes_shown import Lines, Shown, compare, show_bytes
from web.pages.frame import Asked, Given, Tab, show, wanted
from web.services import Services

PREVIEW: Final = 1200
PAGE: Final = 20
MOST_AT_ONCE: Final = 500
STATUSES: Final = ("waiting", "retried", "discarded")
SAID: Final = {
    "retried": ("ok", "It was read this time and is in the log now"),
    "known": ("ok", "The log held this event already; nothing was added"),
    "refused": ("wait", "It still can't be read as an event, so it stays here"),
    "conflict": ("wait", "It still contradicts the event that came first, so it stays here"),
    "discarded": ("ok", "Put aside. Its bytes stay in the log file"),
}
OUTCOMES: Final = {Outcome.ACCEPTED: "retried", Outcome.DUPLICATE: "known"}


class Said(msgspec.Struct, frozen=True):
    """What became of the last request, and the event that it led to."""

    tone: str
    words: str
    position: str = ""


class QuarantinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Quarantined deliveries with the beginning of their bytes."""

    rows: list[Quarantined]
    previews: dict[int, Shown]
    next_cursor: str | None
    said: Said | None
    tabs: list[Tab]
    readable: int
    filters: QuarantineFilter


class HeldPage(msgspec.Struct, frozen=True, kw_only=True):
    """One quarantined delivery; beside it the event that it contradicts, if there is one."""

    row: Quarantined
    shown: Shown
    first: StoredEvent | None
    compared: tuple[Lines, Lines] | None
    said: Said | None


def quarantine(request: Asked, services: Given) -> Response[Any]:
    """What is quarantined, newest first."""
    asked = wanted(QuarantineFilter, request, without="said", size=PAGE)
    page = list_quarantined(services.log, asked)
    counts = services.log.quarantine_counts()
    context = QuarantinePage(
        rows=page.items,
        previews={row.id: show_bytes(row.body, PREVIEW) for row in page.items},
        next_cursor=page.next_cursor,
        said=_said(request),
        tabs=_tabs(counts, asked),
        readable=counts.get("waiting", 0),
        filters=asked,
    )
    return show(request, services, "quarantine/page.html", "quarantine/list.html", context)


def _tabs(counts: dict[str, int], asked: QuarantineFilter) -> list[Tab]:
    every = Tab("all", "/quarantine", sum(counts.values()), asked.status is None)
    return [every] + [
        Tab(
            badge("quarantine", status).text.lower(),
            f"/quarantine?status={status}",
            counts.get(status, 0),
            asked.status == status,
        )
        for status in STATUSES
    ]


def quarantined(request: Asked, services: Given, number: FromPath[int]) -> Response[Any]:
    """One quarantined delivery with all its bytes."""
    row = services.log.quarantine(min(number, 2**62))
    first = services.log.event(row.position) if row.position else None
    context = HeldPage(
        row=row,
        shown=show_bytes(row.body),
        first=first,
        compared=compare(first.body, row.body) if first else None,
        said=_said(request),
    )
    return show(request, services, "quarantine/one.html", "quarantine/detail.html", context)


def _said(request: Asked) -> Said | None:
    key, _, number = request.query_params.get("said", "").partition(":")
    if key == "all":
        taken, _, still = number.partition(":")
        if not (taken.isdecimal() and still.isdecimal()):
            return None
        return Said("ok" if still == "0" else "wait", f"{taken} taken in, {still} stay here")
    if key not in SAID:
        return None
    tone, words = SAID[key]
    return Said(tone, words, number if number.isdecimal() else "")


@get("/quarantine/digest/{digest:str}", sync_to_thread=True)
def by_digest(services: Given, digest: FromPath[str]) -> Redirect:
    """The way from a delivery to its bytes."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256
        raise InvalidInput("A digest is 64 digits of a hexadecimal number", field="digest")
    return Redirect(f"/quarantine/{services.log.quarantine_of(digest).id}", status_code=303)


@get("/quarantine/{number:int}/bytes", sync_to_thread=True)
def exact_bytes(services: Given, number: FromPath[int]) -> Response[bytes]:
    """Exactly what was received, as a file that no browser opens."""
    row = services.log.quarantine(min(number, 2**62))
    headers = {"Content-Disposition": f'attachment; filename="quarantined-{row.id}.bin"'}
    return Response(row.body, media_type="application/octet-stream", headers=headers)


@post("/quarantine/{number:int}/retry", sync_to_thread=True)
def retry(services: Given, number: FromPath[int]) -> Redirect:
    """Try to read the bytes again, for example with newer software."""
    receipt = _retried(services, number)
    if receipt is None:
        return _back("refused")
    said = OUTCOMES.get(receipt.outcome, "conflict")
    return _back(f"{said}:{receipt.position or ''}")


@post("/quarantine/retry", sync_to_thread=True)
def retry_all(services: Given) -> Redirect:
    """Try all that wait again, oldest last, but those that contradict an event."""
    waiting = services.log.quarantined(limit=MOST_AT_ONCE, status="waiting")
    receipts = [_retried(services, row.id) for row in waiting if row.position is None]
    taken = sum(receipt is not None and receipt.outcome in OUTCOMES for receipt in receipts)
    return _back(f"all:{taken}:{len(receipts) - taken}")


@post("/quarantine/{number:int}/discard", sync_to_thread=True)
def discard(services: Given, number: FromPath[int]) -> Redirect:
    """Put the delivery aside; its bytes stay."""
    services.ingest.discard_quarantined(number)
    return _back("discarded")


def _retried(services: Services, number: int) -> Receipt | None:
    """The receipt of another try, None when the bytes still are no event."""
    try:
        return services.ingest.retry_quarantined(services.log, number)
    except InvalidEnvelope:
        return None


def _back(said: str) -> Redirect:
    return Redirect(f"/quarantine?said={said}", status_code=303)


QUARANTINE_HANDLERS = [by_digest, exact_bytes, retry, retry_all, discard]
