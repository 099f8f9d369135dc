"""Signing in and out, and the page behind a one-time link.

Whoever guesses learns nothing: the words and the time are the same for an unknown address,
a wrong password and a wrong code, and each further try waits longer.
"""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from pydantic import BaseModel, Field

from tracker.credentials import new_secret
from tracker.errors import InvalidInput, NotFound
from tracker.passwords import checked_password, hash_password, outdated, verify_password
from tracker.people import SPENT, Credentials, Person, Purpose
from tracker.timing import SECOND
from tracker.totp import used_step
from web.pages.frame import Asked, Given, seen_by
from web.paths import safe_path
from web.rendering import html, render
from web.services import Services
from web.visitors import (
    SAFE_COOKIE,
    SAFE_VISIT,
    Visitor,
    cookie_name,
    form_token,
    visit_of,
    visitor_of,
)

WRONG: Final = "The e-mail address, the password or the code is wrong"
INSECURE: Final = (
    "Signing in needs HTTPS, so that nobody on the way reads the password. Open the page by its "
    "https address; behind a proxy, name it in the setting trusted_proxies"
)
NOTED: Final = 20  # failures from one address in a row
TOO_OFTEN: Final = "Too many tries; wait {} and try again"
HEADINGS: Final = {
    Purpose.FIRST: "Welcome: the first engineer",
    Purpose.INVITATION: "Welcome",
    Purpose.RESET: "A new password",
}
Text = Annotated[str, Field(max_length=1000)]


class SignInForm(BaseModel):
    """Who wants to come in, and where to go then."""

    email: Text = ""
    password: Text = ""
    code: Text = ""
    next: Annotated[str, Field(max_length=8000)] = "/"


class LinkForm(BaseModel):
    """The password to set; the first engineer also says who they are."""

    email: Text = ""
    password: Text = ""


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it was filled in, with what is wrong about it; `other` signs in elsewhere."""

    email: str = ""
    next: str = "/"
    error: str = ""
    other: str = ""


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page of a link that can be used; `email` is None where it has to be given."""

    heading: str
    email: str | None
    given: str = ""
    error: str = ""


SignInBody = Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
LinkBody = Annotated[LinkForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/sign-in", sync_to_thread=True)
def sign_in_page(request: Asked, services: Given) -> Response[Any]:
    """The form, or where somebody who is signed in wanted to go."""
    wanted = safe_path(request.query_params.get("next"))
    if asking(request).grant is not None:
        return Redirect(wanted, status_code=303)
    return sign_in_form(request, services, SignInPage(next=wanted, other=other(services, wanted)))


@post("/sign-in", sync_to_thread=True, status_code=200)
def sign_in(request: Asked, services: Given, data: SignInBody) -> Response[Any]:
    """Let somebody in, with a new session, or say that something is wrong."""
    wanted = safe_path(data.next)
    page = SignInPage(email=data.email, next=wanted, other=other(services, wanted))
    secure(asking(request))
    keys = {"account": data.email.strip().lower(), "address": asking(request).origin.network}
    waits = services.throttle.wait(keys, services.now())
    if waits:
        return _refused(request, services, page, waits)
    known = services.control.people.credentials(data.email)
    if not _fits(services, known, data) or known is None:
        _note_failure(services, known, keys)
        return sign_in_form(request, services, msgspec.structs.replace(page, error=WRONG), 400)
    services.throttle.succeeded(keys["account"])
    return let_in(request, services, known.person, "by password", wanted)


def _note_failure(services: Services, known: Credentials | None, keys: dict[str, str]) -> None:
    """Count it and put it into the audit trail, the same for an address that nobody has.

    What was typed instead may be a password, so it is not kept; and of many failures from
    one place only the first ones, so that nobody can fill the disk by guessing.
    """
    if services.throttle.failed(keys, services.now()) <= NOTED:
        name = known.person.email if known else "nobody"
        services.control.audit.note(name, "sign-in failed", remote=keys["address"])


def _fits(services: Services, known: Credentials | None, data: SignInForm) -> bool:
    """Whether password and code are right; a code is used up, a password hashed as of today."""
    if not verify_password(known.password if known else None, data.password) or known is None:
        return False
    if known.totp is not None:
        step = used_step(known.totp, data.code, services.now(), known.totp_step)
        if step is None or not services.control.people.use_step(known.person, step):
            return False
    if known.password is not None and outdated(known.password):
        services.control.people.set_password(
            known.person, hash_password(data.password), changed=False
        )
    return True


@post("/sign-out", sync_to_thread=True)
def sign_out(request: Asked, services: Given) -> Redirect:
    """End the session, here and for all tabs."""
    visitor = asking(request)
    if visitor.session is not None:
        number, name = visitor.session.id, visitor.name
        services.control.sessions.end(number, services.now(), actor=name)
    answer = Redirect("/sign-in", status_code=303)
    answer.set_cookie(_cookie(visitor, SAFE_COOKIE, "", gone=True))
    return answer


@get("/link/{secret:str}", sync_to_thread=True)
def link_page(request: Asked, services: Given, secret: FromPath[str]) -> Response[Any]:
    """What a one-time link offers; looking at it does not use it up. Raises NotFound."""
    return _link_form(request, services, _link(request, services, secret))


@post("/link/{secret:str}", sync_to_thread=True, status_code=200)
def use_link(
    request: Asked, services: Given, secret: FromPath[str], data: LinkBody
) -> Response[Any]:
    """Set the password, use the link up and let its owner in. Raises NotFound."""
    secure(asking(request))
    page = _link(request, services, secret)
    try:
        checked_password(data.password)
        person = services.control.people.redeem(
            secret, hash_password(data.password), services.now(), data.email
        )
    except InvalidInput as error:
        told = msgspec.structs.replace(page, error=str(error), given=data.email)
        return _link_form(request, services, told, 400)
    return let_in(request, services, person, "by one-time link", "/")


def _link(request: Asked, services: Services, secret: str) -> LinkPage:
    keys = {"address": asking(request).origin.network}
    found = None
    if not services.throttle.wait(keys, services.now()):
        found = services.control.people.link(secret, services.now())
    if found is None:
        services.throttle.failed(keys, services.now())
        raise NotFound(SPENT)
    return LinkPage(
        heading=HEADINGS[found.purpose], email=found.person.email if found.person else None
    )


def let_in(request: Asked, services: Services, person: Person, how: str, wanted: str) -> Redirect:
    """Begin a new session, whatever was before, and go where somebody wanted to."""
    visitor = asking(request)
    if visitor.session is not None:
        services.control.sessions.end(visitor.session.id, services.now(), actor=visitor.name)
    agent = request.headers.get("user-agent", "")
    secret = services.control.sessions.begin(
        person, services.now(), visitor.origin.remote, agent, how
    )
    answer = Redirect(wanted, status_code=303)
    answer.set_cookie(_cookie(visitor, SAFE_COOKIE, secret))
    answer.set_cookie(_cookie(visitor, SAFE_VISIT, "", gone=True))
    return answer


def asking(request: Asked) -> Visitor:
    """Who sends the request; the guard has found out before any page is asked."""
    visitor = visitor_of(request)
    if visitor is None:
        raise NotFound("Nothing is at this address")
    return visitor


def secure(visitor: Visitor) -> None:
    """Refuse to take a password that crossed a network in clear; raises InvalidInput."""
    if not (visitor.origin.secure or visitor.origin.local):
        raise InvalidInput(INSECURE)


def other(services: Services, wanted: str) -> str:
    """Where to sign in by another service, empty when none is set up."""
    if not services.settings.oidc_issuer:
        return ""
    return f"/sign-in/other?{urlencode({'next': wanted})}"


def _refused(request: Asked, services: Services, page: SignInPage, waits: int) -> Response[Any]:
    seconds = waits // SECOND + 1
    words = f"{seconds} seconds" if seconds < 120 else f"{seconds // 60 + 1} minutes"  # noqa: PLR2004
    told = msgspec.structs.replace(page, error=TOO_OFTEN.format(words))
    answer = sign_in_form(request, services, told, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def sign_in_form(
    request: Asked, services: Services, page: SignInPage, status: int = 200
) -> Response[Any]:
    """The page to sign in on, with what is wrong, for anybody."""
    return _with_visit(request, services, "access/sign_in.html", page, status)


def _link_form(
    request: Asked, services: Services, page: LinkPage, status: int = 200
) -> Response[Any]:
    return _with_visit(request, services, "access/link.html", page, status)


def _with_visit(
    request: Asked, services: Services, template: str, page: msgspec.Struct, status: int
) -> Response[Any]:
    """A form for nobody in particular, bound to the browser by a cookie of its own."""
    viewer, visitor = seen_by(request, services), asking(request)
    if visitor.form:
        return html(render(template, page, viewer), status)
    visit = visit_of(request, visitor.origin) or new_secret()
    bound = msgspec.structs.replace(visitor, form=form_token(visit))
    answer = html(render(template, page, msgspec.structs.replace(viewer, visitor=bound)), status)
    answer.set_cookie(_cookie(visitor, SAFE_VISIT, visit))
    return answer


def _cookie(visitor: Visitor, name: str, value: str, *, gone: bool = False) -> Cookie:
    """Without an end of its own: a session ends at the server, and with the browser."""
    return Cookie(
        key=cookie_name(visitor.origin, name),
        value=value,
        path="/",
        httponly=True,
        secure=visitor.origin.secure,
        samesite="lax",
        max_age=0 if gone else None,
    )


SIGN_IN_HANDLERS = [sign_in_page, sign_in, sign_out, link_page, use_link]
