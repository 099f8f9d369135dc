"""Forgetting a person: what would go, whether that is really meant, and what was done."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from pydantic import BaseModel, Field

from projections.erasing import LONGEST_REASON, Preview
from projections.person_export import export_person
from tracker.errors import InvalidInput
from web.ids import encode_id
from web.pages.frame import Asked, Given, actor, note, record_id, remote, seen_by
from web.person_file import FORMATS, person_file
from web.rendering import html, render
from web.services import Services

KINDS: Final = {
    "conversations": ("conversation", "conversations"),
    "meetings": ("meeting", "meetings"),
    "analyses": ("analysis", "analyses"),
    "runs": ("run", "runs"),
    "contacts": ("contact", "contacts"),
}


class ErasePage(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure would overwrite; `counted` tells it in words, `error` what was wrong."""

    preview: Preview
    counted: list[str]
    reason: str = ""
    error: str = ""
    longest: int = LONGEST_REASON


class Wanted(BaseModel):
    """The form: whom, why, and the box that says that it is meant."""

    person: Annotated[str, Field(min_length=1, max_length=2000)]
    reason: Annotated[str, Field(max_length=4 * LONGEST_REASON)] = ""
    sure: Annotated[str, Field(max_length=10)] = ""


Form = Annotated[Wanted, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/erase/{person_id:path}", sync_to_thread=True)
def erase_page(request: Asked, services: Given) -> Response[Any]:
    """Ask whether a person is really to be forgotten."""
    return _page(request, services, record_id(request, "/erase/"))


@post("/erase", sync_to_thread=True, status_code=200)
def erase_person(request: Asked, services: Given, data: Form) -> Response[Any]:
    """Forget a person and show what is left; without the box ticked, ask again."""
    if not data.sure:
        wrong = "Tick the box if you mean it: what is overwritten can't be brought back"
        return _page(request, services, data.person, reason=data.reason, error=wrong)
    try:
        report = services.eraser.erase(
            data.person, actor=actor(request), reason=data.reason, remote=remote(request)
        )
    except InvalidInput as wrong_reason:
        error = str(wrong_reason)
        return _page(request, services, data.person, reason=data.reason, error=error)
    return Redirect(f"/candidates/{encode_id(report.person)}?erased=now", status_code=303)


@post("/erase/lift", sync_to_thread=True)
def lift_erasure(request: Asked, services: Given, data: Form) -> Redirect:
    """Keep again what comes about a person; what was overwritten stays so."""
    services.eraser.lift(data.person, actor=actor(request), reason=data.reason)
    return Redirect(f"/candidates/{encode_id(data.person)}", status_code=303)


@get("/person-file/{person_id:path}", sync_to_thread=True)
def download_person(request: Asked, services: Given) -> Response[bytes]:
    """Everything that is kept of a person, as a page (`as=html`) or as JSON (`as=json`)."""
    form = request.query_params.get("as", "html")
    if form not in FORMATS:
        raise InvalidInput(f"There is no format {form[:50]!r}; there are html and json", "as")
    exported = export_person(
        services.log, services.views, record_id(request, "/person-file/"), services.now()
    )
    note(request, services, "person exported", exported.person)
    return Response(
        person_file(exported, services.now(), form),
        media_type=FORMATS[form],
        headers={
            "Content-Disposition": f'attachment; filename="person.{form}"',
            "Cache-Control": "no-store",
        },
    )


def _page(
    request: Asked, services: Services, person: str, *, reason: str = "", error: str = ""
) -> Response[Any]:
    preview = services.eraser.preview(person)
    context = ErasePage(
        preview=preview, counted=_counted(preview), reason=reason[:LONGEST_REASON], error=error
    )
    page = render("candidates/erase.html", context, seen_by(request, services))
    return html(page, 400 if error else 200)


def _counted(preview: Preview) -> list[str]:
    return [
        f"{count} {KINDS[kind][count != 1]}"
        for kind, count in preview.entities.items()
        if kind in KINDS
    ]


ERASE_HANDLERS = [erase_page, erase_person, lift_erasure, download_person]
