"""Signing in by another service, against a small issuer on this machine."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.web.guarded import MANAGER, Browser, Guarded, guarded
from tracker.access import Role

CLIENT, SECRET = "tracker", "a client's secret"


class Issuer:
    """Signs in whoever `claims` speaks of; what it was sent is kept."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.signing: RSAKey | None = self.key
        self.claims: dict[str, Any] = {"email": "jo@example.org", "email_verified": True}
        self.challenge = ""
        self.nonce = ""
        self.asked: list[dict[str, str]] = []
        self.calls_itself = ""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer._answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                issuer._answer(self, {k: v[0] for k, v in parse_qs(body).items()})

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = urlsplit(handler.path).path
        if path == "/keys":
            content: Any = {"keys": [self.key.as_dict(private=False)]}
        elif path == "/token":
            self.asked.append({**form, "authorization": handler.headers["authorization"]})
            content = {"id_token": self._token(), "token_type": "Bearer", "access_token": "x"}
        else:
            content = {
                "issuer": self.calls_itself or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        body = json.dumps(content).encode()
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _token(self) -> str:
        at = int(time.time())
        claims = {
            "iss": self.url, "sub": "1", "aud": CLIENT, "exp": at + 300, "iat": at,
            "nonce": self.nonce, **self.claims,
        }  # fmt: skip
        if self.signing is None:
            header, said = ({"alg": "none", "kid": "one"}, claims)
            parts = (urlsafe_b64encode(json.dumps(part).encode()) for part in (header, said))
            return b".".join((*(part.rstrip(b"=") for part in parts), b"")).decode()
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signing)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@contextmanager
def service(data: Path, issuer: Issuer, **more: Any) -> Iterator[Guarded]:
    given = {"oidc_issuer": issuer.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with guarded(data, **given, **more) as running:
        yield running


def go(browser: Browser, issuer: Issuer) -> str:
    """Leave for the issuer; the state with which it sends back."""
    answer = browser.get("/sign-in/other?next=/runs")
    assert answer.status_code == 303, answer.text
    sent = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert answer.headers["location"].startswith(f"{issuer.url}/authorize?")
    assert (sent["response_type"], sent["code_challenge_method"]) == ("code", "S256")
    issuer.nonce, issuer.challenge = sent["nonce"], sent["code_challenge"]
    return sent["state"]


def back(browser: Browser, issuer: Issuer) -> Any:
    return browser.get(f"/sign-in/back?code=one&state={go(browser, issuer)}")


def test_somebody_who_may_sign_in_comes_in_and_where_they_wanted(
    data: Path, issuer: Issuer
) -> None:
    with service(data, issuer) as running:
        running.services.control.people.add("jo@example.org", MANAGER, actor="test")
        browser = running.browser()
        assert "Sign in with your organization" in browser.get("/sign-in").text
        answer = back(browser, issuer)
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
        assert browser.get("/runs").status_code == 200
    [asked] = issuer.asked
    digest = sha256(asked["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).decode().rstrip("=") == issuer.challenge
    assert asked["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "mo@example.org"}, {"email_verified": False}, {"email_verified": None},
        {"nonce": "another"}, {"aud": "another"}, {"iss": "http://evil.example"},
        {"exp": 1_000_000_000}, {"email": ""}, {"aud": "another", "azp": CLIENT}, {"nonce": None},
    ],
)  # fmt: skip
def test_nobody_else_comes_in(data: Path, issuer: Issuer, claims: dict[str, Any]) -> None:
    issuer.claims |= claims
    with service(data, issuer) as running:
        running.services.control.people.add("jo@example.org", MANAGER, actor="test")
        browser = running.browser()
        assert back(browser, issuer).status_code in {400, 403}
        assert browser.get("/").status_code == 303


@pytest.mark.parametrize("key", [RSAKey.generate_key(2048, {"kid": "one"}), None])
def test_a_token_that_the_issuer_did_not_sign_lets_nobody_in(
    data: Path, issuer: Issuer, key: RSAKey | None
) -> None:
    issuer.signing = key
    with service(data, issuer) as running:
        running.services.control.people.add("jo@example.org", MANAGER, actor="test")
        browser = running.browser()
        assert back(browser, issuer).status_code == 400


def test_the_state_is_bound_to_the_browser(data: Path, issuer: Issuer) -> None:
    with service(data, issuer) as running:
        running.services.control.people.add("jo@example.org", MANAGER, actor="test")
        state = go(running.browser(), issuer)
        other = running.browser()
        assert other.get(f"/sign-in/back?code=one&state={state}").status_code == 400
        go(other, issuer)
        assert other.get("/sign-in/back?code=one&state=guessed").status_code == 400
        assert other.get("/sign-in/back").status_code == 400
    assert issuer.asked == []


def test_an_answer_is_used_once_and_leads_to_no_other_host(data: Path, issuer: Issuer) -> None:
    with service(data, issuer) as running:
        running.services.control.people.add("jo@example.org", MANAGER, actor="test")
        browser = running.browser()
        state = go(browser, issuer)
        kept = str(browser.client.cookies["other"])
        attempt = msgspec.json.decode(bytes.fromhex(kept))
        elsewhere = msgspec.json.encode(attempt | {"next": "//evil.example"}).hex()
        browser.client.cookies.set("other", elsewhere, "127.0.0.1")
        address = f"/sign-in/back?code=one&state={state}"
        assert browser.get(address).headers["location"] == "/"
        assert browser.client.cookies.get("other", domain="127.0.0.1") is None
        browser.client.cookies.clear()
        assert browser.get(address).status_code == 400


def test_nothing_is_sent_over_a_network_in_clear(
    data: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service(data, issuer) as running:
        clear = running.browser("http://run.example.org").get("/sign-in/other")
        assert clear.status_code == 400
        assert "needs HTTPS" in clear.text

    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError("the issuer was asked in clear")

    monkeypatch.setattr("httpx.request", asked)
    with guarded(data, oidc_issuer="http://issuer.example.org", oidc_client_id=CLIENT) as running:
        assert running.browser().get("/sign-in/other").status_code == 400


def test_those_of_a_domain_come_in_with_its_role(data: Path, issuer: Issuer) -> None:
    with service(data, issuer, oidc_domain="example.org", oidc_role="manager") as running:
        browser = running.browser()
        assert back(browser, issuer).status_code == 303
        assert running.services.control.people.named("jo@example.org").grant.role is Role.MANAGER
        issuer.claims["email"] = "jo@notexample.org"
        assert back(running.browser(), issuer).status_code == 403


def test_an_issuer_that_calls_itself_otherwise_or_is_away_is_not_used(
    data: Path, issuer: Issuer
) -> None:
    issuer.calls_itself = "http://127.0.0.1:1"
    with service(data, issuer) as running:
        assert running.browser().get("/sign-in/other").status_code == 400
        issuer.server.server_close()
        assert running.browser().get("/sign-in/other").status_code == 400


def test_without_an_issuer_there_is_no_such_way(data: Path) -> None:
    with guarded(data) as running:
        browser = running.browser()
        assert "your organization" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/other").status_code == 404
        assert browser.get("/sign-in/back?code=x&state=y").status_code == 404
