"""The web application: routes, dependencies, limits and headers in one place."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from litestar import Litestar, Request
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from web.api import API_HANDLERS
from web.assets import static_file
from web.calendar_feed import calendar_feed
from web.health import healthz, metrics, readyz
from web.ids import ByRawPath
from web.live import live, note_mark
from web.pages import PAGE_HANDLERS
from web.problems import EXCEPTION_HANDLERS
from web.security import headers
from web.services import Services
from web.webhooks import receive_webhook

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

HANDLERS: list[ControllerRouterHandler] = [
    receive_webhook,
    live,
    healthz,
    readyz,
    metrics,
    static_file,
    calendar_feed,
    *API_HANDLERS,
    *PAGE_HANDLERS,
]


def create_app(services: Services, lifespan: Lifespan | None = None) -> Litestar:
    """The ASGI application around a running set of services."""
    return ByRawPath(
        route_handlers=HANDLERS,
        state=State({"services": services}),
        dependencies={"services": Provide(_services, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=note_mark,
        before_send=[headers],
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=1000, exclude=["^/live", "^/webhooks"]
        ),
        lifespan=[lifespan] if lifespan else [],
        openapi_config=None,
        logging_config=None,
    )


def _services(request: Request[object, object, State]) -> Services:
    services: Services = request.app.state.services
    return services
