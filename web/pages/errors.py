"""Errors as pages: what failed and what to do next, never a traceback."""

from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from projections.queries.refusals import PLACE
from tracker.database import DatabaseError
from tracker.errors import (
    Busy,
    InvalidEnvelope,
    InvalidInput,
    NotFound,
    NotReady,
    NotStored,
    TrackerError,
)
from tracker.timing import now
from web.rendering import html, render
from web.viewer import Viewer, viewer


class ErrorPage(msgspec.Struct, frozen=True):
    """What an error page says, and the ways on from it: words and address."""

    heading: str
    detail: str
    advice: str
    ways: list[tuple[str, str]]


ANSWERS: dict[type[Exception], tuple[int, str, str]] = {
    NotFound: (404, "Not found", "Check the address, or search for it above."),
    InvalidInput: (400, "That can't be used", "Go back and change it, or clear the filters."),
    NotReady: (503, "Not ready yet", "Wait a moment and load the page again."),
    InvalidEnvelope: (422, "Not an event", "Its bytes are kept. Try again after an update."),
    Busy: (409, "Busy", "Wait until the other work is done, then try again."),
    DatabaseError: (503, "Not ready yet", "Wait a moment and load the page again."),
    NotStored: (503, "Could not be stored", "Nothing was changed. Try again in a moment."),
}


def error_page(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The page for an error that a handler raised on purpose, or for an unknown address."""
    status, heading, advice = _answer(error)
    detail = str(error) if isinstance(error, TrackerError) else getattr(error, "detail", "")
    seen = viewer(request, now())
    ways = _without(error, seen, set(request.query_params))
    if seen.grant is None:  # who has not signed in has no search, and no page to go back to
        advice, ways = "", SIGN_IN
    detail = "" if detail.casefold() == heading.casefold() else detail
    page = ErrorPage(heading, detail, "" if ways else advice, ways or HOME)
    return html(render("error.html", page, seen), status)


HOME: Final = [("Go to Today", "/")]
SIGN_IN: Final = [("Sign in", "/sign-in")]


def _without(error: Exception, seen: Viewer, given: set[str]) -> list[tuple[str, str]]:
    """The same page without the parameter that can't be used, and without any."""
    name = error.field if isinstance(error, InvalidInput) else None
    if name is None or name not in given:
        return []
    words = "Leave it out" if name in PLACE else "Clear this filter"
    clear = (words, seen.without(name))
    return [clear] if given == {name} else [clear, ("Clear all filters", seen.path)]


def _answer(error: Exception) -> tuple[int, str, str]:
    for kind, answer in ANSWERS.items():
        if isinstance(error, kind):
            return answer
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 403:  # noqa: PLR2004  # the protocol's number
        return status, "Not for you", "Go back, or sign in as somebody who may."
    if status == 404:  # noqa: PLR2004  # the protocol's number
        return ANSWERS[NotFound]
    if status < 500:  # noqa: PLR2004  # the protocol's border
        return status, "That can't be used", "Go back and change it."
    return status, "Something went wrong", "Load the page again; `tracker doctor` says more."
