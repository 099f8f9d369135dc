"""The one endpoint that the provider calls.

Every signed body is answered 200 once it is durable, whatever it holds. The other
answers: 400 cut off, 401 not signed by us, 413 too large, 415 encoded, 503 not stored
(try again).

It is plain ASGI, called by `web.app` before any routing.
"""

import logging
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.types import HTTPScope, Receive, Send

from tracker.errors import NotStored
from tracker.log import Outcome, Receipt
from web.bodies import SECONDS, NoRoom, Share
from web.origins import origin_of
from web.services import Services

RETRY_AFTER = (b"retry-after", b"5")
LONGEST_LENGTH = 15  # digits of a length that is taken for one
ENCODED = "the body has a Content-Encoding; send it as it was signed"
CUT_OFF = f"the body was cut off, or took longer than {SECONDS:.0f} seconds; send it again"
BUSY = "too many large bodies arrive at once; send it again in a few seconds"
AGAIN = "send it again in a few seconds"


PATH: Final = "/webhooks/popp"
ONLY_POST = f"deliveries are posted to {PATH}"
BUSY_STATUS: Final = HTTPStatus.SERVICE_UNAVAILABLE
SIGNATURE: Final = b"x-signature"
ENCODING: Final = b"content-encoding"
LENGTH: Final = b"content-length"
READ: Final = frozenset({SIGNATURE, ENCODING, LENGTH})

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender is told: the outcome, the position of the event, else what to do."""

    status: str
    position: int | None = None
    detail: str | None = None


class TooLarge(Exception):
    """The body is larger than the limit."""


class CutOff(Exception):
    """The sender went away before the end of the body."""


async def receive_webhook(
    services: Services, scope: HTTPScope, receive: Receive, send: Send
) -> None:
    """Receive one delivery; never raises."""
    if scope["method"] != "POST":
        await _send(send, 405, Answer("not stored", detail=ONLY_POST), (b"allow", b"POST"))
        return
    try:
        status, answer = await _take(services, scope, receive)
    except Exception:  # noqa: BLE001 - it is logged, and the sender tries again
        _log.exception("a delivery could not be taken")
        status, answer = BUSY_STATUS, Answer("not stored", detail=AGAIN)
    await _send(send, status, answer, *([RETRY_AFTER] if status == BUSY_STATUS else []))


async def _take(services: Services, scope: HTTPScope, receive: Receive) -> tuple[int, Answer]:
    """Read one delivery and hand it to ingest; the status and what to answer."""
    ingest, limit = services.ingest, services.settings.max_body_bytes
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in READ}
    remote, declared = _sender(services, scope), _declared(headers)
    if headers.get(ENCODING, "identity").lower() != "identity":
        return _refused(415, ingest.reject(ENCODED, remote, size=declared))
    try:
        with services.room.share() as share:
            body = await _read(receive, declared, limit, share)
            receipt = await ingest.receive(body, headers.get(SIGNATURE), remote)
    except TooLarge:
        reason = f"the body is larger than {limit} bytes (setting max_body_bytes)"
        return _refused(413, ingest.reject(reason, remote, size=max(declared, limit)))
    except CutOff:
        return _refused(400, ingest.reject(CUT_OFF, remote))
    except (NotStored, NoRoom) as error:
        detail = BUSY if isinstance(error, NoRoom) else AGAIN
        return BUSY_STATUS, Answer("not stored", detail=detail)
    if receipt.outcome is Outcome.REJECTED:
        return _refused(401, receipt)
    return 200, Answer(receipt.outcome, receipt.position)


def _sender(services: Services, scope: HTTPScope) -> str:
    """Whose delivery it is: the peer's, or whom a trusted proxy names."""
    trusted = services.settings.trusted_proxies
    if trusted:
        return origin_of(scope, trusted).remote
    client = scope["client"]
    return client[0] if client else ""


def _refused(status: int, receipt: Receipt) -> tuple[int, Answer]:
    return status, Answer(receipt.outcome, detail=receipt.reason)


def _declared(headers: dict[bytes, str]) -> int:
    """The length of the body as its header has it, 0 when that is no number of a sane size."""
    text = headers.get(LENGTH, "")
    return int(text) if text.isdigit() and len(text) <= LONGEST_LENGTH else 0


async def _read(receive: Receive, declared: int, limit: int, share: Share) -> bytes:
    """The body, given up as soon as it is longer than the limit; its header may lie."""
    if declared > limit:
        raise TooLarge
    body = bytearray()
    more = True
    while more:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise CutOff
        body += message["body"]
        more = message["more_body"]
        if len(body) > limit:
            raise TooLarge
        share.grow(len(body))
    return bytes(body)


async def _send(send: Send, status: int, answer: Answer, *headers: tuple[bytes, bytes]) -> None:
    body = _encode(answer)
    about = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": about})
    await send({"type": "http.response.body", "body": body, "more_body": False})
