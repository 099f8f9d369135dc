"""Saved views: giving the filters of a list a name, another one, or none any more."""

from typing import Annotated

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from pydantic import BaseModel, Field

from tracker.saved_views import LONGEST_QUERY
from web.chips import checked
from web.pages.frame import Given

Name = Annotated[str, Field(max_length=200)]


class NewView(BaseModel):
    """The form that saves a view."""

    path: Annotated[str, Field(max_length=100)]
    query: Annotated[str, Field(max_length=2 * LONGEST_QUERY)]
    name: Name


class NewName(BaseModel):
    """The form that renames a view."""

    name: Name


@post("/views", sync_to_thread=True)
def save_view(
    services: Given,
    data: Annotated[NewView, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Keep the filters of a list under a name, and open them."""
    query = checked(data.path, data.query)
    view = services.control.saved_views.save(data.path, data.name, query)
    return Redirect(view.url, status_code=303)


@post("/views/{number:int}/rename", sync_to_thread=True)
def rename_view(
    services: Given,
    number: FromPath[int],
    data: Annotated[NewName, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Give a saved view another name, and open it."""
    view = services.control.saved_views.rename(_id(number), data.name)
    return Redirect(view.url, status_code=303)


@post("/views/{number:int}/delete", sync_to_thread=True)
def delete_view(services: Given, number: FromPath[int]) -> Redirect:
    """Forget a saved view; its filters stay open."""
    view = services.control.saved_views.delete(_id(number))
    return Redirect(view.url, status_code=303)


def _id(number: int) -> int:
    """A number that fits in a column; beyond, it is none that was ever given."""
    return max(0, min(number, 2**62))


SAVED_VIEW_HANDLERS = [save_view, rename_view, delete_view]
