"""People and tokens, for engineers: who may come in, as what, and where they are signed in."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from pydantic import BaseModel, Field

from tracker.access import Grant, Role, checked_organizations, checked_role
from tracker.errors import InvalidInput
from tracker.people import LINK, Person
from tracker.sessions import Session
from tracker.tokens import DAYS, MOST_DAYS, Kind, Token
from web.pages.frame import Asked, Given, actor, seen_by
from web.pages.sign_in import asking
from web.rendering import html, render
from web.services import Services

ROLES: Final = [
    ("viewer", "Viewer: no personal data"),
    ("manager", "Manager: the pages, takes care of what waits"),
    ("engineer", "Engineer: everything"),
]
Text = Annotated[str, Field(max_length=4000)]


class PersonForm(BaseModel):
    """Somebody and what they shall see; organizations one a line or with commas between."""

    email: Text = ""
    role: Text = Role.VIEWER
    organizations: Text = ""

    @property
    def grant(self) -> Grant:
        """What was chosen; raises InvalidInput."""
        return Grant(checked_role(self.role), checked_organizations(_split(self.organizations)))


class TokenForm(BaseModel):
    """A token and what it shall see."""

    name: Text = ""
    role: Text = Role.VIEWER
    organizations: Text = ""
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = DAYS


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody with their sessions; `link` is one that was made just now, for `email`."""

    people: list[Person]
    sessions: list[Session]
    roles: list[tuple[str, str]]
    email: str = ""
    link: str = ""
    error: str = ""
    given: PersonForm | None = None


class TokensPage(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens that count; `made` is the value of one that was made just now."""

    tokens: list[Token]
    calendars: list[Token]
    roles: list[tuple[str, str]]
    days: int = DAYS
    made: str = ""
    error: str = ""


Somebody = Annotated[PersonForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
NewToken = Annotated[TokenForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/people", sync_to_thread=True)
def people(request: Asked, services: Given) -> Response[Any]:
    """Everybody who may come in."""
    return _people(request, services)


@post("/people", sync_to_thread=True, status_code=200)
def invite(request: Asked, services: Given, data: Somebody) -> Response[Any]:
    """Add somebody, and show the link to hand over."""
    try:
        person, secret = services.control.people.add(data.email, data.grant, actor=actor(request))
    except InvalidInput as error:
        return _people(request, services, error=str(error), given=data)
    return _people(request, services, email=person.email, link=_link(request, services, secret))


@post("/people/role", sync_to_thread=True, status_code=200)
def change_role(request: Asked, services: Given, data: Somebody) -> Response[Any]:
    """Give somebody another role or other organizations."""
    try:
        services.control.people.change(data.email, data.grant, actor=actor(request))
    except InvalidInput as error:
        return _people(request, services, error=str(error))
    return Redirect("/people", status_code=303)


@post("/people/reset", sync_to_thread=True, status_code=200)
def reset(request: Asked, services: Given, data: Somebody) -> Response[Any]:
    """Show a new link for somebody who is locked out."""
    person, secret = services.control.people.reset(data.email, actor=actor(request))
    return _people(request, services, email=person.email, link=_link(request, services, secret))


@post("/people/remove", sync_to_thread=True, status_code=200)
def remove(request: Asked, services: Given, data: Somebody) -> Response[Any]:
    """Take somebody away."""
    try:
        services.control.people.remove(data.email, actor=actor(request))
    except InvalidInput as error:
        return _people(request, services, error=str(error))
    return Redirect("/people", status_code=303)


@post("/people/sessions/{number:int}/end", sync_to_thread=True)
def end_session(request: Asked, services: Given, number: FromPath[int]) -> Redirect:
    """Sign somebody out of a browser."""
    services.control.sessions.end(min(number, 2**62), services.now(), actor=actor(request))
    return Redirect("/people#sessions", status_code=303)


@get("/tokens", sync_to_thread=True)
def tokens(request: Asked, services: Given) -> Response[Any]:
    """The tokens by which programs come in."""
    return _tokens(request, services)


@post("/tokens", sync_to_thread=True, status_code=200)
def make_token(request: Asked, services: Given, data: NewToken) -> Response[Any]:
    """Make a token, and show its value this once."""
    limits = checked_organizations(_split(data.organizations))
    try:
        grant = Grant(checked_role(data.role), limits)
        _, value = services.control.tokens.add(
            data.name, grant, actor=actor(request), days=data.days
        )
    except InvalidInput as error:
        return _tokens(request, services, error=str(error))
    return _tokens(request, services, made=value)


@post("/tokens/{number:int}/revoke", sync_to_thread=True)
def revoke_token(request: Asked, services: Given, number: FromPath[int]) -> Redirect:
    """Take a token away."""
    services.control.tokens.revoke(min(number, 2**62), actor=actor(request))
    return Redirect("/tokens", status_code=303)


def _split(text: str) -> list[str]:
    return text.replace("\n", ",").split(",")


def _link(request: Asked, services: Services, secret: str) -> str:
    return f"{services.settings.public_url or asking(request).origin.site}{LINK}{secret}"


def _people(request: Asked, services: Services, **told: Any) -> Response[Any]:
    context = PeoplePage(
        people=services.control.people.all(),
        sessions=services.control.sessions.all(services.now()),
        roles=ROLES,
        **told,
    )
    status = 400 if context.error else 200
    return html(render("access/people.html", context, seen_by(request, services)), status)


def _tokens(request: Asked, services: Services, **told: Any) -> Response[Any]:
    context = TokensPage(
        tokens=services.control.tokens.all(),
        calendars=services.control.tokens.all(Kind.CALENDAR),
        roles=ROLES,
        **told,
    )
    status = 400 if context.error else 200
    return html(render("access/tokens.html", context, seen_by(request, services)), status)


PEOPLE_HANDLERS = [people, invite, change_role, reset, remove, end_session]
TOKEN_HANDLERS = [tokens, make_token, revoke_token]
