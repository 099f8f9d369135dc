"""Templates: the environment, the filters that need no viewer, and a page made of one.

Escaping is always on. Undefined names raise, so that a template can't show less
than it means to.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import MediaType, Response
from markupsafe import Markup, escape

from web.assets import asset_url
from web.badges import anomaly_words, badge, capital, plain, sentence
from web.figures import size_words, thousands
from web.ids import encode_id
from web.times import TIME_FILTERS
from web.viewer import Viewer

ICONS: Final = asset_url("icons.svg")
BETWEEN_BACKTICKS: Final = re.compile("`([^`]+)`")


def render(template: str, context: msgspec.Struct, seen_by: Viewer, **frame: Any) -> str:
    """The HTML of one template with a context struct's fields, and the frame's, as its names."""
    names = {field: getattr(context, field) for field in context.__struct_fields__}
    return ENVIRONMENT.get_template(template).render(**names, **frame, viewer=seen_by)


def html(content: str, status: int = 200) -> Response[Any]:
    """An answer with HTML that no cache keeps."""
    kept = {"Cache-Control": "no-store"}
    return Response(content, status_code=status, media_type=MediaType.HTML, headers=kept)


@pass_context
def _form_token(context: Context) -> Markup:
    """What every form that changes something carries, see web/guard.py."""
    seen: Viewer = context["viewer"]
    if seen.visitor is None or not seen.visitor.form:
        return Markup()
    return Markup('<input type="hidden" name="form_token" value="{}">').format(seen.visitor.form)


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; without a label it is decoration beside a word."""
    if not label:
        return Markup('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            ICONS, name
        )
    return Markup('<svg class="i" role="img" aria-label="{}"><use href="{}#{}"/></svg>').format(
        label, ICONS, name
    )


def badge_html(state: str | None, kind: str) -> Markup:
    """A state as text, icon and tone."""
    shown = badge(kind, state)
    return Markup('<span class="state {}">{}{}</span>').format(
        shown.tone, icon(shown.icon), shown.text
    )


def web(address: str | None) -> str:
    """An address that was received, as long as it leads to the web; else nothing.

    What arrives in a payload is never trusted to be a link: `javascript:` is one, too.
    """
    return address if address and address.lower().startswith(("https://", "http://")) else ""


def commands(text: str) -> Markup:
    """Words with what is to be typed, which stands between backticks, as code."""
    return Markup(BETWEEN_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def pretty(body: bytes) -> str:
    """JSON bytes indented for reading; other bytes as they are, odd ones replaced."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        **TIME_FILTERS,
        "look": lambda state, kind: badge(kind, state),
        "badge": badge_html,
        "segment": encode_id,
        "commands": commands,
        "pretty": pretty,
        "web": web,
        "number": thousands,
        "bytes": size_words,
        "sentence": sentence,
        "plain": plain,
        "capital": capital,
        "anomaly": anomaly_words,
    }
    environment.globals |= {"asset": asset_url, "icon": icon, "form_token": _form_token}
    return environment


ENVIRONMENT = _environment()
