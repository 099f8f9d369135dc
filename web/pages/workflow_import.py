"""The configuration of a workflow, handed over as a file or as pasted text."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from projections.queries.workflows import workflow
from tracker.configuration import LARGEST, Import, read_import
from tracker.errors import InvalidInput, NotFound
from web.ids import encode_id
from web.pages.frame import Asked, Given, actor, seen_by
from web.rendering import html, render
from web.services import Services

LONGEST_ID: Final = 512


class ImportPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it was filled in, with what is wrong about it."""

    workflow_id: str = ""
    version_id: str = ""
    name: str = ""
    text: str = ""
    error: str = ""
    field: str = ""
    largest: int = LARGEST


@get("/workflow-import", sync_to_thread=True)
def workflow_import(request: Asked, services: Given) -> Response[Any]:
    """The empty form, or one for the workflow in the address."""
    given = request.query_params
    page = ImportPage(
        workflow_id=given.get("workflow_id", "")[:LONGEST_ID],
        version_id=given.get("version_id", "")[:LONGEST_ID],
    )
    return _form(request, services, page)


@post("/workflow-import", sync_to_thread=True, status_code=200)
def import_workflow(
    request: Asked,
    services: Given,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Append a configuration to the log and show its workflow; else say what is wrong."""
    page = ImportPage(
        workflow_id=_text(data, "workflow_id"),
        version_id=_text(data, "version_id"),
        name=_text(data, "name"),
        text=_text(data, "text"),
    )
    try:
        wanted = _read(_content(data, page), page, services)
    except InvalidInput as error:
        told = msgspec.structs.replace(page, error=str(error), field=error.field or "text")
        return _form(request, services, told, 400)
    receipt = services.ingest.append_internal(
        "TRACKER_WORKFLOW_IMPORTED", wanted.event_data(actor(request))
    )
    services.wait_for(receipt.position or 0)
    version = f"?version={encode_id(wanted.version_id)}" if wanted.version_id else ""
    return Redirect(f"/workflows/{encode_id(wanted.workflow_id)}{version}", status_code=303)


def _form(request: Asked, services: Services, page: ImportPage, status: int = 200) -> Response[Any]:
    return html(render("workflows/import.html", page, seen_by(request, services)), status)


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value.strip() if isinstance(value, str) else ""


def _content(data: dict[str, Any], page: ImportPage) -> bytes:
    """The chosen file, else the pasted text; one byte too many is read to be noticed."""
    file = data.get("file")
    content = file.file.read(LARGEST + 1) if isinstance(file, UploadFile) else b""
    content = content or page.text.encode()
    if not content:
        raise InvalidInput("Choose a file or paste the configuration", "file")
    return content


def _read(content: bytes, page: ImportPage, services: Services) -> Import:
    wanted = read_import(
        content,
        workflow_id=page.workflow_id or None,
        version_id=page.version_id or None,
        name=page.name or None,
    )
    if wanted.warnings:
        raise InvalidInput(f"The graph would not be whole: {'; '.join(wanted.warnings[:5])}")
    organization = wanted.organization_id or _organization(services, wanted.workflow_id)
    return wanted.model_copy(update={"organization_id": organization})


def _organization(services: Services, workflow_id: str) -> str:
    """That of the workflow as far as it is known."""
    with services.views.read() as connection:
        try:
            return workflow(connection, workflow_id).workflow.organization_id
        except NotFound:
            return ""
