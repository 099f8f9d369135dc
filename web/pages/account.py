"""One's own account: password, codes, sessions, calendar addresses."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from markupsafe import Markup
from pydantic import BaseModel, Field

from tracker.errors import InvalidInput
from tracker.passwords import hash_password, verify_password
from tracker.people import Person
from tracker.sessions import Session
from tracker.tokens import Kind, Token
from tracker.totp import address, new_secret, used_step
from web.pages.frame import Asked, Given, seen_by
from web.pages.sign_in import asking, let_in
from web.rendering import html, render
from web.services import Services

NOT_YOURS: Final = "The password is not the one you sign in with"
WRONG_CODE: Final = "The code is not the one that the app shows now; scan again and take the next"
NO_ACCOUNT: Final = "This needs somebody who signed in; a token or an open service has no account"
Text = Annotated[str, Field(max_length=1000)]


class PasswordForm(BaseModel):
    """The password as it is and as it shall be."""

    current: Text = ""
    password: Text = ""


class CodesForm(BaseModel):
    """The secret that an app took over, with a code as proof, and the password."""

    current: Text = ""
    secret: Annotated[str, Field(max_length=64, pattern=r"^[A-Z2-7]{32}$|^$")] = ""
    code: Text = ""


class NameForm(BaseModel):
    """What a calendar address is called."""

    name: Text = ""


class Offer(msgspec.Struct, frozen=True):
    """A secret for an app, to be scanned or typed."""

    secret: str
    picture: Markup


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's account; `made` is a calendar address that was made just now."""

    person: Person
    session: int
    sessions: list[Session]
    calendars: list[Token]
    offer: Offer | None
    made: str = ""
    error: str = ""
    field: str = ""


Passwords = Annotated[PasswordForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
Codes = Annotated[CodesForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
Name = Annotated[NameForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/account", sync_to_thread=True)
def account(request: Asked, services: Given) -> Response[Any]:
    """The account of whoever is signed in."""
    return _page(request, services)


@post("/account/password", sync_to_thread=True, status_code=200)
def change_password(request: Asked, services: Given, data: Passwords) -> Response[Any]:
    """Set another password; all other sessions end, and this one gets a new id."""
    session = _session(request)
    try:
        _check(services, session.person, data.current)
        kept = hash_password(data.password)
    except InvalidInput as error:
        return _page(request, services, error=str(error), field=error.field or "")
    services.control.people.set_password(session.person, kept)
    return _again(request, services, session, "by a new password")


@post("/account/codes", sync_to_thread=True, status_code=200)
def ask_for_codes(request: Asked, services: Given, data: Codes) -> Response[Any]:
    """Ask for a code at each sign-in from now on, once one was given."""
    session = _session(request)
    try:
        _check(services, session.person, data.current)
        step = _proved(data, services.now())
    except InvalidInput as error:
        return _page(
            request, services, error=str(error), field=error.field or "", secret=data.secret
        )
    services.control.people.set_totp(session.person, data.secret, step)
    return _again(request, services, session, "after asking for codes")


def _proved(data: CodesForm, now: int) -> int:
    step = used_step(data.secret, data.code, now, 0) if data.secret else None
    if step is None:
        raise InvalidInput(WRONG_CODE, "code")
    return step


@post("/account/codes/remove", sync_to_thread=True, status_code=200)
def no_more_codes(request: Asked, services: Given, data: Passwords) -> Response[Any]:
    """Ask for no code any more."""
    session = _session(request)
    try:
        _check(services, session.person, data.current)
    except InvalidInput as error:
        return _page(request, services, error=str(error), field=error.field or "")
    services.control.people.set_totp(session.person, None)
    return _again(request, services, session, "after asking for no codes")


@post("/account/sessions/{number:int}/end", sync_to_thread=True)
def end_session(request: Asked, services: Given, number: FromPath[int]) -> Redirect:
    """Sign out another browser."""
    person = _session(request).person
    services.control.sessions.end(
        min(number, 2**62), services.now(), actor=person.email, owner=person
    )
    return Redirect("/account#sessions", status_code=303)


@post("/account/sessions/end", sync_to_thread=True)
def end_other_sessions(request: Asked, services: Given) -> Redirect:
    """Sign out all other browsers."""
    services.control.sessions.end_others(_session(request), services.now())
    return Redirect("/account#sessions", status_code=303)


@post("/account/calendar", sync_to_thread=True, status_code=200)
def make_calendar(request: Asked, services: Given, data: Name) -> Response[Any]:
    """Make an address for a calendar program; it is shown this once."""
    session = _session(request)
    try:
        _, value = services.control.tokens.add_calendar(data.name, session.person)
    except InvalidInput as error:
        return _page(request, services, error=str(error), field=error.field or "")
    site = services.settings.public_url or asking(request).origin.site
    return _page(request, services, made=f"{site}/calendar.ics?token={value}")


@post("/account/calendar/{number:int}/revoke", sync_to_thread=True)
def revoke_calendar(request: Asked, services: Given, number: FromPath[int]) -> Redirect:
    """Take a calendar address away; make another one if it leaked."""
    person = _session(request).person
    services.control.tokens.revoke(min(number, 2**62), actor=person.email, owner=person)
    return Redirect("/account#calendars", status_code=303)


def _session(request: Asked) -> Session:
    session = asking(request).session
    if session is None:
        raise InvalidInput(NO_ACCOUNT)
    return session


def _check(services: Services, person: Person, password: str) -> None:
    """Raise InvalidInput unless the password is theirs; guesses are slowed down."""
    keys = {"account": person.email}
    if services.throttle.wait(keys, services.now()):
        raise InvalidInput("Too many tries; wait some minutes and try again", "current")
    known = services.control.people.credentials(person.email)
    if not verify_password(known.password if known else None, password):
        services.throttle.failed(keys, services.now())
        raise InvalidInput(NOT_YOURS, "current")


def _again(request: Asked, services: Services, session: Session, how: str) -> Redirect:
    """A new session instead of all that there are: the way in is another one now."""
    services.control.sessions.end_others(session, services.now())
    return let_in(request, services, session.person, how, "/account")


def _page(
    request: Asked,
    services: Services,
    *,
    error: str = "",
    field: str = "",
    made: str = "",
    secret: str = "",
) -> Response[Any]:
    session = _session(request)
    person = session.person
    context = AccountPage(
        person=person,
        session=session.id,
        sessions=services.control.sessions.all(services.now(), person),
        calendars=services.control.tokens.all(Kind.CALENDAR, person),
        offer=None if person.has_totp else _offer(person, secret or new_secret()),
        made=made,
        error=error,
        field=field,
    )
    status = 400 if error else 200
    return html(render("access/account.html", context, seen_by(request, services)), status)


def _offer(person: Person, secret: str) -> Offer:
    """The secret with its QR code, drawn here and as shapes, so that no policy is in the way."""
    import segno  # noqa: PLC0415 - for the few who look at their account

    code = segno.make(address(secret, person.email), error="m", micro=False)
    drawn = code.svg_inline(
        scale=4, border=2, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
    return Offer(secret, Markup(drawn))  # noqa: S704 - made of shapes by the library alone


ACCOUNT_HANDLERS = [
    account,
    change_password,
    ask_for_codes,
    no_more_codes,
    end_session,
    end_other_sessions,
    make_calendar,
    revoke_calendar,
]
