"""Whether the service is alive, whether it is ready, and its figures for Prometheus."""

from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency

from web.access import may
from web.readiness import Readiness, readiness_of
from web.services import Services
from web.visitors import visitor_of


class Ready(msgspec.Struct, frozen=True):
    """What anybody may know."""

    ready: bool


@get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False, include_in_schema=False)
def healthz() -> str:
    """The process answers."""
    return "ok\n"


@get("/readyz", sync_to_thread=True, include_in_schema=False)
def readyz(
    request: Request[Any, Any, Any],
) -> Response[Readiness | Ready]:
    """200 when events are stored and folded, else 503; the reason is for engineers."""
    visitor = visitor_of(request)
    readiness = readiness_of(request.app.state.services)
    told = visitor is not None and may(visitor.grant, "GET /system")
    answer = readiness if told else Ready(readiness.ready)
    return Response(answer, status_code=200 if readiness.ready else 503)


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Counters and gauges in Prometheus' text format."""
    from web.prometheus import figures  # noqa: PLC0415 - see there

    told = figures(services, readiness_of(services))
    return Response(told, media_type="text/plain; version=0.0.4")
