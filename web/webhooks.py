"""The one endpoint that the provider calls.

Every signed body is answered 200 once it is durable, whatever it holds. The other
answers: 401 not signed by us, 413 too large, 415 encoded, 503 not stored (try again).
"""

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency

from tracker.errors import NotStored
from tracker.log import Outcome
from web.services import Services

SIGNATURE = "x-signature"
RETRY_AFTER = "5"


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
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return _refuse(415, "Send the body as it was signed, without a Content-Encoding")
    limit = services.settings.max_body_bytes
    try:
        body = await _read(request, limit)
        remote = request.client.host if request.client else ""
        receipt = await services.ingest.receive(body, request.headers.get(SIGNATURE), remote)
    except TooLarge:
        return _refuse(413, f"The body is larger than {limit} bytes (setting max_body_bytes)")
    except CutOff:
        return _refuse(400, "The body was cut off; send it again")
    except NotStored:
        answer = _refuse(503, "The event could not be stored; send it again")
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer
    if receipt.outcome is Outcome.REJECTED:
        return _refuse(401, "x-signature is not the HMAC-SHA256 of this body by an active secret")
    return Response(Answer(receipt.outcome, receipt.position))


def _refuse(status: int, detail: str) -> Response[Answer]:
    return Response(Answer("rejected", detail=detail), status_code=status)


async def _read(request: Request[Any, Any, Any], limit: int) -> bytes:
    """The body, given up as soon as it is longer than the limit; its header may lie."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
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
    return bytes(body)
