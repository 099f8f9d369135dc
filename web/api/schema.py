"""The API described by OpenAPI: as JSON, and as a page of our own that loads nothing else."""

from functools import cache
from typing import Any

from litestar import Litestar, MediaType, get
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from markupsafe import Markup

from web.api.analyses import ANALYSIS_HANDLERS
from web.api.candidates import CANDIDATE_HANDLERS
from web.api.contacts import CONTACT_HANDLERS
from web.api.conversations import CONVERSATION_HANDLERS
from web.api.events import EVENT_HANDLERS
from web.api.meetings import MEETING_HANDLERS
from web.api.moving import MOVING_HANDLERS
from web.api.runs import RUN_HANDLERS
from web.api.today import TODAY_HANDLERS
from web.api.workflows import WORKFLOW_HANDLERS

VERSION = "1"
FAMILIES = [
    *RUN_HANDLERS,
    *CONVERSATION_HANDLERS,
    *MEETING_HANDLERS,
    *ANALYSIS_HANDLERS,
    *CONTACT_HANDLERS,
    *WORKFLOW_HANDLERS,
    *CANDIDATE_HANDLERS,
    *EVENT_HANDLERS,
    *TODAY_HANDLERS,
    *MOVING_HANDLERS,
]
SAYS = (
    "Reads what the tracker understood of the platform's events. Lists answer "
    "`items` and `next_cursor`; send that as `cursor` for the next page. "
    "Times are RFC 3339 in UTC. Errors are problem details (RFC 9457)."
)


@cache
def described() -> dict[str, Any]:
    """The OpenAPI description of the API alone, made once."""
    config = OpenAPIConfig(title="Workflow run tracker", version=VERSION, description=SAYS)
    nothing = Provide(lambda: None, sync_to_thread=False)
    api = Litestar(
        route_handlers=FAMILIES, dependencies={"services": nothing}, openapi_config=config
    )
    return api.openapi_schema.to_schema()


@get("/api/openapi.json", sync_to_thread=True, media_type="application/vnd.oai.openapi+json")
def openapi() -> dict[str, Any]:
    """The OpenAPI description."""
    return described()


@get("/api", sync_to_thread=True, media_type=MediaType.HTML)
def api_page() -> str:
    """What there is to ask, with every parameter."""
    return str(_page(described()))


def _page(schema: dict[str, Any]) -> Markup:
    asked = Markup().join(
        _operation(path, operations["get"]) for path, operations in sorted(schema["paths"].items())
    )
    about = schema["info"]
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>{title}: API</title></head><body><main><h1>{title}: API</h1><p>{says}</p>"
        '<p><a href="/api/openapi.json">The same as OpenAPI</a></p>{asked}</main></body></html>'
    ).format(title=about["title"], says=about["description"], asked=asked)


def _operation(path: str, operation: dict[str, Any]) -> Markup:
    parameters = Markup().join(_parameter(p) for p in operation.get("parameters", []))
    return Markup("<section><h2><code>GET {}</code></h2><p>{}</p><dl>{}</dl></section>").format(
        path, operation.get("description") or operation["summary"], parameters
    )


def _parameter(parameter: dict[str, Any]) -> Markup:
    schema = parameter["schema"]
    choices = schema.get("enum") or schema.get("items", {}).get("enum") or []
    kind = " | ".join(map(str, choices)) or schema.get("type", "")
    words = ": ".join(word for word in (str(kind), parameter.get("description", "")) if word)
    return Markup("<dt><code>{}</code></dt><dd>{}</dd>").format(parameter["name"], words)
