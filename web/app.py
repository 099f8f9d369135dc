"""The web application: routes, dependencies, limits and headers in one place."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from litestar import Litestar, Request, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from web.api import API_HANDLERS
from web.assets import static_file
from web.bodies import in_time
from web.calendar_feed import calendar_feed
from web.guard import guard
from web.health import healthz, metrics, readyz
from web.ids import ByRawPath
from web.live import live, note_mark
from web.oidc import OIDC_HANDLERS
from web.pages import PAGE_HANDLERS
from web.problems import EXCEPTION_HANDLERS
from web.security import headers
from web.services import Services
from web.visitors import visitor_of
from web.webhooks import PATH, receive_webhook

LARGEST_FORM: Final = 4 * 1024**2  # bytes; a workflow's configuration is the largest
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

# All but the webhook, which asks for a signature instead of a visitor.
GUARDED: list[ControllerRouterHandler] = [
    live,
    healthz,
    readyz,
    metrics,
    static_file,
    calendar_feed,
    *OIDC_HANDLERS,
    *API_HANDLERS,
    *PAGE_HANDLERS,
]


class Guarded(Router):
    """Registered in one application alone, which so need not copy all that it holds."""

    def __deepcopy__(self, _memo: object) -> "Guarded":
        return self


class Application(ByRawPath):
    """Serves each request; what has a body must send it in time, wherever it goes.

    Deliveries are the many, so they go straight to their endpoint: the way through the router,
    made for pages, cost a fifth of their rate.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            if scope["method"] not in {"GET", "HEAD"}:
                receive = in_time(receive)
            if scope["path"].rstrip("/") == PATH:
                await receive_webhook(self.state.services, scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def create_app(services: Services, lifespan: Lifespan | None = None) -> Litestar:
    """The ASGI application around a running set of services."""
    return Application(
        route_handlers=[Guarded("/", route_handlers=GUARDED, guards=[guard])],
        state=State({"services": services}),
        dependencies={"services": Provide(_services, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=note_mark,
        before_send=[headers],
        compression_config=CompressionConfig(backend="gzip", minimum_size=1000, exclude=["^/live"]),
        request_max_body_size=LARGEST_FORM,
        lifespan=[lifespan] if lifespan else [],
        openapi_config=None,
        logging_config=None,
        debug=False,  # whatever the environment says
    )


def _services(request: Request[object, object, State]) -> Services:
    """What a handler may use: of everything stored, only what its visitor may see."""
    services: Services = request.app.state.services
    visitor = visitor_of(request)
    return services if visitor is None else services.seen_by(visitor.grant)
