"""The real application with its guard on: nobody is let in by default."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from litestar.testing import TestClient

from tests.sample import append
from tests.web.asgi import Answer, ask
from tracker.access import Grant, Role
from tracker.passwords import hash_password
from tracker.service import running
from tracker.settings import load_settings
from tracker.timing import now
from web.app import create_app
from web.services import Services

OURS = "http://127.0.0.1:8000"
PASSWORD = "four words apart"
VIEWER, MANAGER, ENGINEER = (Grant(role) for role in Role)


class Guarded:
    """A service with access on: asked by tokens, or as a browser that signs in."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.app = create_app(services)
        self._tokens: dict[Grant, str] = {}

    def token(self, grant: Grant) -> str:
        """A token of a program that may see what the grant allows."""
        if grant not in self._tokens:
            name = f"token {len(self._tokens)}"
            _, self._tokens[grant] = self.services.control.tokens.add(name, grant, actor="test")
        return self._tokens[grant]

    def ask(
        self,
        method: str,
        path: str,
        grant: Grant | None = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Ask as a program with a grant, or as nobody."""
        sent = [("host", "127.0.0.1:8000"), *headers]
        if grant is not None:
            sent.append(("authorization", f"Bearer {self.token(grant)}"))
        body = b""
        if form is not None:
            body = urlencode(form).encode()
            sent.append(("content-type", "application/x-www-form-urlencoded"))
        encoded = [(name, value.encode()) for name, value in sent]
        return ask(self.app, method, path, headers=encoded, chunks=(body,))

    def page(self, path: str, grant: Grant) -> str:
        """What a page says to a program with a grant."""
        answer = self.ask("GET", path, grant)
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        return answer.body.decode()

    def person(self, email: str = "jo@example.org", grant: Grant = ENGINEER) -> None:
        """Somebody with a password."""
        _, secret = self.services.control.people.add(email, grant, actor="test")
        self.services.control.people.redeem(secret, _kept(), now())

    def browser(self, site: str = OURS) -> "Browser":
        """A browser that nobody signed in on yet."""
        return Browser(TestClient(self.app, site, raise_server_exceptions=False))


class Browser:
    """Sends forms as a page of ours does: with the token that stands in it."""

    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, follow_redirects=False, **more)

    def form_token(self, page: str) -> str:
        found = re.search(r'name="form_token" value="(\w+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def send(self, path: str, page: str | None = None, **fields: str) -> Any:
        """Fill in and send the form of a page."""
        sent = {"form_token": self.form_token(page or path), **fields}
        return self.client.post(path, data=sent, follow_redirects=False)

    def sign_in(self, email: str = "jo@example.org", password: str = PASSWORD, **more: str) -> Any:
        return self.send("/sign-in", email=email, password=password, **more)


@contextmanager
def guarded(
    data: Path,
    bodies: Iterable[bytes] = (),
    clock: Callable[[], int] = now,
    **settings: Any,
) -> Iterator[Guarded]:
    """A service over some deliveries."""
    append(data, list(bodies))
    with running(load_settings(data, signing_secrets="a secret", **settings), clock) as services:
        yield Guarded(services)


_passwords: list[str] = []


def _kept() -> str:
    """The hash of the one password, made once: it takes long on purpose."""
    if not _passwords:
        _passwords.append(hash_password(PASSWORD))
    return _passwords[0]
