"""The one endpoint that the provider calls.

Every signed body is answered 200 once it is durable, whatever it holds. The other
answers: 400 cut off, 401 not signed by us, 413 too large, 415 encoded, 503 not stored
(try again).
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency

from tracker.errors import NotStored
from tracker.log import Outcome, Receipt
from web.bodies import SECONDS, NoRoom, Share
from web.origins import origin_of
from web.services import Services

SIGNATURE = "x-signature"
RETRY_AFTER = "5"
LONGEST_LENGTH = 15  # digits of a length that is taken for one
ENCODED = "the body has a Content-Encoding; send it as it was signed"
CUT_OFF = f"the body was cut off, or took longer than {SECONDS:.0f} seconds; send it again"
BUSY = "too many large bodies arrive at once; send it again in a few seconds"


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender is told: the outcome, the position of the event, else what to do."""

    status: str
    position: int | None = None
    detail: str | None = None


class TooLarge(Exception):
    """The body is larger than the limit."""


class CutOff(Exception):
    """The sender went away before the end of the body."""


@post("/webhooks/popp", status_code=200, include_in_schema=False)
async def receive_webhook(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[Answer]:
    """Receive one delivery."""
    ingest, limit = services.ingest, services.settings.max_body_bytes
    remote = _sender(request, services.settings.trusted_proxies)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return _refuse(415, ingest.reject(ENCODED, remote, size=_declared(request)))
    try:
        with services.room.share() as share:
            body = await _read(request, limit, share)
            receipt = await ingest.receive(body, request.headers.get(SIGNATURE), remote)
    except TooLarge:
        reason = f"the body is larger than {limit} bytes (setting max_body_bytes)"
        return _refuse(413, ingest.reject(reason, remote, size=max(_declared(request), limit)))
    except CutOff:
        return _refuse(400, ingest.reject(CUT_OFF, remote))
    except (NotStored, NoRoom) as error:
        detail = BUSY if isinstance(error, NoRoom) else "send it again in a few seconds"
        answer = Answer("not stored", detail=detail)
        return Response(answer, status_code=503, headers={"Retry-After": RETRY_AFTER})
    if receipt.outcome is Outcome.REJECTED:
        return _refuse(401, receipt)
    return Response(Answer(receipt.outcome, receipt.position))


def _sender(request: Request[Any, Any, Any], trusted: Sequence[Any]) -> str:
    """Whose delivery it is: the peer's, or whom a trusted proxy names."""
    if trusted:
        return origin_of(request.scope, trusted).remote
    return request.client.host if request.client else ""


def _refuse(status: int, receipt: Receipt) -> Response[Answer]:
    return Response(Answer(receipt.outcome, detail=receipt.reason), status_code=status)


def _declared(request: Request[Any, Any, Any]) -> int:
    """The length of the body as its header has it, 0 when that is no number of a sane size."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isdigit() and len(text) <= LONGEST_LENGTH else 0


async def _read(request: Request[Any, Any, Any], limit: int, share: Share) -> bytes:
    """The body, given up as soon as it is longer than the limit; its header may lie."""
    if _declared(request) > limit:
        raise TooLarge
    body = bytearray()
    more = True
    while more:
        # Not `request.stream()`, which has a limit of its own and calls a cut line a 500.
        message = await request.receive()
        if message["type"] != "http.request":
            raise CutOff
        body += message["body"]
        more = message["more_body"]
        if len(body) > limit:
            raise TooLarge
        share.grow(len(body))
    return bytes(body)
