"""Signing in and out, sessions, forms that only our own pages can send, and headers."""

import itertools
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from tests.web.guarded import ENGINEER, MANAGER, OURS, PASSWORD, VIEWER, Guarded, guarded
from tracker.database import open_reader
from tracker.timing import DAY, MINUTE, now
from tracker.tokens import Kind
from tracker.totp import STEP, code_at
from web.access import ACCESS
from web.app import LARGEST_FORM
from web.pages.sign_in import NOTED
from web.paths import safe_path
from web.visitors import same

TLS = "https://run.example.org"
WRONG = "The e-mail address, the password or the code is wrong"


@pytest.fixture
def service(data: Path) -> Iterator[Guarded]:
    with guarded(data) as running:
        yield running


def cookies(answer: Any) -> dict[str, str]:
    found = answer.headers.get_list("set-cookie")
    return {one.partition("=")[0]: one.lower() for one in found}


def actions(service: Guarded) -> list[str]:
    return [entry.action for entry in service.services.control.audit.entries()]


def test_the_right_password_leads_to_the_page_that_was_wanted(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    assert browser.get("/runs?status=failed").headers["location"].startswith("/sign-in?next=")
    answer = browser.sign_in(next="/runs?status=failed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?status=failed")
    assert browser.get("/runs").status_code == 200
    assert browser.get("/sign-in").status_code == 303
    assert actions(service)[0] == "signed in"


def test_over_tls_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(
    service: Guarded,
) -> None:
    service.person()
    answer = service.browser(TLS).sign_in()
    cookie = cookies(answer)["__Host-session"]
    for word in ("httponly", "secure", "path=/", "samesite=lax"):
        assert word in cookie
    assert "domain" not in cookie
    assert "session" in cookies(service.browser().sign_in())


def test_a_password_is_not_taken_over_a_network_in_clear(service: Guarded) -> None:
    service.person()
    answer = service.browser("http://run.example.org").sign_in()
    assert answer.status_code == 400
    assert "needs HTTPS" in answer.text


@pytest.mark.parametrize(
    "given",
    [
        {"email": "jo@example.org", "password": "another one"},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "invited@example.org", "password": PASSWORD},
    ],
)
def test_the_words_are_the_same_whatever_is_wrong(service: Guarded, given: dict[str, str]) -> None:
    service.person()
    service.services.control.people.add("invited@example.org", VIEWER, actor="test")
    browser = service.browser()
    answer = browser.sign_in(**given)
    assert answer.status_code == 400
    assert WRONG in answer.text
    assert "session" not in cookies(answer)
    assert browser.get("/").status_code == 303


def test_failures_stand_in_the_audit_trail_alike_without_what_was_typed(service: Guarded) -> None:
    service.person()
    service.browser().sign_in("jo@example.org", "wrong password")
    service.browser().sign_in("typed-by-mistake@example.org", "wrong password")
    entries = service.services.control.audit.entries(limit=2)
    assert [(one.actor, one.action) for one in entries] == [
        ("nobody", "sign-in failed"),
        ("jo@example.org", "sign-in failed"),
    ]
    assert "mistake" not in str(entries)


def test_of_many_failures_from_one_place_only_the_first_are_noted(data: Path) -> None:
    hours = itertools.count(0, 20 * MINUTE)  # longer than anybody has to wait
    at = begun = now()

    with guarded(data, clock=lambda: at) as service:
        service.person()
        browser = service.browser()
        for _ in range(NOTED + 10):
            at = begun + next(hours)
            assert browser.sign_in("jo@example.org", "guess").status_code == 400
        failed = service.services.control.audit.entries(action="sign-in failed")
    assert len(failed) == NOTED


def test_a_session_gets_a_new_id_at_each_sign_in(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    first = browser.client.cookies["session"]
    service.person("mo@example.org")
    token = browser.form_token("/account")
    form = {"form_token": token, "email": "mo@example.org", "password": PASSWORD}
    browser.client.post("/sign-in", data=form, follow_redirects=False)
    assert browser.client.cookies["session"] != first
    assert service.services.control.sessions.find(first, now()) is None


def test_an_id_that_the_browser_brings_along_is_never_taken_over(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.client.cookies.set("session", "chosen-by-somebody-else")
    browser.sign_in()
    assert service.services.control.sessions.find("chosen-by-somebody-else", now()) is None


@pytest.mark.parametrize(
    ("settings", "lasts"),
    [
        ({"session_idle_minutes": 5}, 5 * MINUTE),
        ({"session_idle_minutes": 525_600, "session_days": 2}, 2 * DAY),
    ],
    ids=["idle", "whole"],
)
def test_a_session_lasts_as_long_as_the_settings_say(
    data: Path, settings: dict[str, int], lasts: int
) -> None:
    with guarded(data, **settings) as service:
        service.person()
        browser = service.browser()
        browser.sign_in()
        secret = browser.client.cookies["session"]
        sessions = service.services.control.sessions
        [session] = sessions.all(now())
        assert sessions.find(secret, session.created_at + lasts) is None
        assert sessions.find(secret, session.created_at + lasts - 1) is not None


def test_signing_out_ends_the_session_itself(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    secret = browser.client.cookies["session"]
    assert browser.send("/sign-out", "/account").status_code == 303
    browser.client.cookies.set("session", secret)
    assert browser.get("/").status_code == 303


def test_with_codes_the_password_alone_is_wrong_and_a_code_works_once(service: Guarded) -> None:
    service.person()
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    person = service.services.control.people.named("jo@example.org")
    service.services.control.people.set_totp(person, secret)
    assert WRONG in service.browser().sign_in().text
    code = code_at(secret, now() // STEP)
    assert service.browser().sign_in(code=code).status_code == 303
    assert WRONG in service.browser().sign_in(code=code).text


def test_codes_are_asked_for_once_one_was_given(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    page = browser.get("/account").text
    found = re.search(r'name="secret" value="(\w+)"', page)
    assert found
    assert "<svg" in page
    before = browser.client.cookies["session"]
    form = {"secret": found[1], "current": PASSWORD}
    assert browser.send("/account/codes", "/account", code="000000", **form).status_code == 400
    code = code_at(found[1], now() // STEP)
    assert browser.send("/account/codes", "/account", code=code, **form).status_code == 303
    assert browser.client.cookies["session"] != before
    assert WRONG in service.browser().sign_in().text


def test_codes_are_no_longer_asked_for_with_the_password_alone(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    people = service.services.control.people
    people.set_totp(people.named("jo@example.org"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    refused = browser.send("/account/codes/remove", "/account", current="not the password")
    assert refused.status_code == 400
    assert people.named("jo@example.org").has_totp
    allowed = browser.send("/account/codes/remove", "/account", current=PASSWORD)
    assert allowed.status_code == 303
    assert not people.named("jo@example.org").has_totp


def test_a_password_that_was_hashed_cheaply_is_hashed_as_of_today(service: Guarded) -> None:
    service.person()
    people = service.services.control.people
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    people.set_password(people.named("jo@example.org"), cheap)
    assert service.browser().sign_in().status_code == 303
    known = people.credentials("jo@example.org")
    assert known is not None
    assert known.password is not None
    assert "m=32768,t=3" in known.password
    assert service.browser().sign_in().status_code == 303


def test_a_new_password_ends_all_other_sessions_and_renews_this_one(service: Guarded) -> None:
    service.person()
    here, there = service.browser(), service.browser()
    here.sign_in()
    there.sign_in()
    before = here.client.cookies["session"]
    wrong = here.send("/account/password", "/account", current="no", password="a new long one")
    assert wrong.status_code == 400
    form = {"current": PASSWORD, "password": "a new long one"}
    assert here.send("/account/password", "/account", **form).status_code == 303
    assert here.client.cookies["session"] != before
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 303
    assert service.browser().sign_in(password="a new long one").status_code == 303


def test_guessing_is_slowed_down_whatever_headers_say(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    token = browser.form_token("/sign-in")
    statuses = []
    for number in range(8):
        email = ("jo@example.org", "JO@Example.org", " jo@example.org ")[number % 3]
        form = {"form_token": token, "email": email, "password": f"guess {number}"}
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "User-Agent": str(number)}
        answer = browser.client.post("/sign-in", data=form, headers=headers)
        statuses.append(answer.status_code)
    assert statuses[:5] == [400] * 5
    assert set(statuses[5:]) == {429}
    assert int(answer.headers["retry-after"]) >= 1
    assert browser.sign_in().status_code == 429


def test_trying_one_account_after_the_other_is_slowed_down_by_address(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    statuses = [browser.sign_in(f"user{n}@example.org", "guess").status_code for n in range(21)]
    assert statuses == [400] * 20 + [429]
    assert browser.sign_in().status_code == 429


def test_trying_links_is_slowed_down(service: Guarded) -> None:
    _, secret = service.services.control.people.add("jo@example.org", VIEWER, actor="test")
    browser = service.browser()
    assert browser.get(f"/link/{secret}").status_code == 200
    for number in range(20):
        assert browser.get(f"/link/guess-{number}").status_code == 404
    assert browser.get(f"/link/{secret}").status_code == 404


def test_trying_the_password_of_an_open_session_is_slowed_down(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    token = browser.form_token("/account")
    said = []
    for number in range(6):
        form = {"form_token": token, "current": f"guess {number}", "password": "a new long one"}
        said.append(browser.client.post("/account/password", data=form).text)
    assert all("not the one you sign in with" in page for page in said[:5])
    assert "Too many tries" in said[5]


def test_trying_tokens_is_slowed_down_but_a_right_one_always_counts(service: Guarded) -> None:
    service.person()
    wrong = [("authorization", "Bearer trk_guess")]
    statuses = [service.ask("GET", "/api/v1/runs", headers=wrong).status for _ in range(25)]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429
    assert service.ask("GET", "/calendar.ics?token=trk_guess").status == 429
    assert service.ask("GET", "/api/v1/runs", VIEWER).status == 200
    assert service.browser().sign_in().status_code == 303


def test_the_first_engineer_comes_in_by_the_one_time_link(service: Guarded) -> None:
    secret = service.services.control.people.first_link()
    browser = service.browser()
    path = f"/link/{secret}"
    assert browser.send(path, email="jo@example.org", password="short").status_code == 400
    assert browser.send(path, email="no address", password=PASSWORD).status_code == 400
    answer = browser.send(path, email="jo@example.org", password=PASSWORD)
    assert answer.status_code == 303
    assert browser.get("/people").status_code == 200
    assert service.browser().get(path).status_code == 404
    assert service.browser().sign_in().status_code == 303


def test_nothing_can_be_installed_without_the_link(service: Guarded) -> None:
    assert service.browser().get("/link/guessed").status_code == 404
    assert service.browser().get("/people").status_code == 303
    assert WRONG in service.browser().sign_in("admin", "admin").text


def test_a_link_that_is_spent_leads_on_to_the_sign_in(service: Guarded) -> None:
    answer = service.browser().get("/link/spent")
    assert answer.status_code == 404
    assert "This link was used already" in answer.text
    assert 'href="/sign-in"' in answer.text
    assert "search" not in answer.text


def test_requests_of_nobody_leave_nothing_behind(service: Guarded) -> None:
    before = service.services.control.audit.entries()
    for path in ("/", "/sign-in", "/api/v1/runs", "/live", "/nowhere", "/link/guessed") * 5:
        service.ask("GET", path)
    with closing(open_reader(service.services.settings.control_path)) as control:
        for table in ("sessions", "links", "tokens"):
            assert control.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert service.services.control.audit.entries() == before


def test_looking_at_a_link_does_not_use_it_up(service: Guarded) -> None:
    _, secret = service.services.control.people.add("jo@example.org", MANAGER, actor="test")
    for _ in range(3):
        assert service.browser().get(f"/link/{secret}").status_code == 200


def test_an_engineer_invites_changes_resets_and_removes(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    form = {"email": "mo@example.org", "role": "manager", "organizations": "org-1, org-2"}
    invited = browser.send("/people", **form)
    found = re.search(rf"{OURS}/link/([\w-]+)", invited.text)
    assert found
    other = service.browser()
    other.send(f"/link/{found[1]}", password=PASSWORD)
    assert other.get("/runs").status_code == 200
    assert other.get("/people").status_code == 403
    form = {"email": "mo@example.org", "role": "viewer", "organizations": ""}
    assert browser.send("/people/role", "/people", **form).status_code == 303
    assert other.get("/runs").status_code == 303
    assert service.services.control.people.named("mo@example.org").grant == VIEWER
    assert "/link/" in browser.send("/people/reset", "/people", email="mo@example.org").text
    assert browser.send("/people/remove", "/people", email="mo@example.org").status_code == 303
    only = browser.send("/people/remove", "/people", email="jo@example.org")
    assert only.status_code == 400
    assert "only engineer" in only.text


def test_tokens_are_made_shown_once_used_and_revoked(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    made = browser.send("/tokens", name="reports", role="viewer", organizations="", days="30").text
    found = re.search(r"trk_\w+", made)
    assert found
    assert "last used never" in browser.get("/tokens").text
    headers = [("authorization", f"Bearer {found[0]}")]
    assert service.ask("GET", "/api/v1/runs", headers=headers).status == 200
    page = browser.get("/tokens").text
    assert found[0] not in page
    assert "last used never" not in page
    [token] = service.services.control.tokens.all()
    assert browser.send(f"/tokens/{token.id}/revoke", "/tokens").status_code == 303
    assert service.ask("GET", "/api/v1/runs", headers=headers).status == 401


def test_a_calendar_address_opens_the_calendar_alone_until_it_is_revoked(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    browser.sign_in()
    made = browser.send("/account/calendar", "/account", name="phone").text
    found = re.search(rf"{OURS}(/calendar.ics\?token=(trk_\w+))", made)
    assert found
    assert service.ask("GET", found[1]).status == 200
    assert service.ask("GET", "/calendar.ics").status == 401
    assert service.ask("GET", "/calendar.ics?token=trk_guess").status == 401
    headers = [("authorization", f"Bearer {found[2]}")]
    assert service.ask("GET", "/api/v1/meetings", headers=headers).status == 401
    owner = service.services.control.people.named("jo@example.org")
    [token] = service.services.control.tokens.all(Kind.CALENDAR, owner)
    browser.send(f"/account/calendar/{token.id}/revoke", "/account")
    assert service.ask("GET", found[1]).status == 401


def test_sessions_are_listed_and_ended(service: Guarded) -> None:
    service.person()
    here, there = service.browser(), service.browser()
    there.client.headers["user-agent"] = "Another browser"
    here.sign_in()
    there.sign_in()
    page = here.get("/account").text
    assert "Another browser" in page
    found = re.search(r"/account/sessions/(\d+)/end", page)
    assert found
    assert here.send(f"/account/sessions/{found[1]}/end", "/account").status_code == 303
    assert there.get("/").status_code == 303
    assert here.get("/").status_code == 200


UNSAFE = [route.removeprefix("POST ") for route in ACCESS if route.startswith("POST")]
STRANGE = (
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"}, {"Origin": "null"},
)  # fmt: skip


def test_no_other_site_can_make_a_browser_send_any_form(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    wrong = []
    for path in (re.sub(r"\{\w+\}", "999", one) for one in UNSAFE):
        if browser.get("/account").status_code != 200:
            browser.sign_in()
        good = browser.form_token("/account")
        tries = [({}, {}), ({"form_token": "0" * 64}, {})]
        tries += [({"form_token": good}, headers) for headers in STRANGE]
        for form, headers in tries:
            sent = browser.client.post(path, data=form, headers=headers, follow_redirects=False)
            if sent.status_code != 403:
                wrong.append((path, form, headers, sent.status_code))
        allowed = browser.client.post(path, data={"form_token": good}, follow_redirects=False)
        if allowed.status_code == 403:
            wrong.append((path, "refused", allowed.status_code))
    assert wrong == []


def test_nor_where_nobody_has_to_sign_in(data: Path) -> None:
    with guarded(data, open_access=True) as service:
        for path in (re.sub(r"\{\w+\}", "999", one) for one in UNSAFE):
            for headers in STRANGE:
                sent = service.ask("POST", path, form={}, headers=list(headers.items()))
                assert sent.status == 403, (path, headers)


def test_a_form_that_no_page_of_ours_gave_signs_nobody_in(service: Guarded) -> None:
    """Else another site could sign somebody in to an account of its own."""
    service.person()
    form = {"email": "jo@example.org", "password": PASSWORD}
    for more in ({}, {"form_token": ""}, {"form_token": "0" * 64}):
        answer = service.browser().client.post("/sign-in", data=form | more)
        assert answer.status_code == 403, more


def test_the_token_of_a_form_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert same("ü", "ü")
    monkeypatch.setattr("hmac.compare_digest", lambda *_: False)
    assert not same("ü", "ü")


def test_the_token_of_another_session_is_not_taken(service: Guarded) -> None:
    service.person()
    here, there = service.browser(), service.browser()
    here.sign_in()
    there.sign_in()
    stolen = there.form_token("/account")
    answer = here.client.post("/sign-out", data={"form_token": stolen}, follow_redirects=False)
    assert answer.status_code == 403
    header = {"X-Form-Token": here.form_token("/account")}
    assert here.client.post("/sign-out", headers=header, follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "", "runs", "/a\\..\\b",
        "/" + "a" * 5000,
    ],
)  # fmt: skip
def test_nothing_leads_to_another_host(address: str) -> None:
    assert safe_path(address) == "/"


def test_a_sign_in_leads_to_no_other_host(service: Guarded) -> None:
    service.person()
    browser = service.browser()
    assert browser.sign_in(next="//evil.example").headers["location"] == "/"
    assert browser.get("/sign-in?next=//evil.example").headers["location"] == "/"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://127.0.0.1:8000/runs?status=failed", "/runs?status=failed"),
        ("https://evil.example/runs", "/"),
        ("http://127.0.0.1:8000//evil.example", "/"),
        ("", "/"),
    ],
)
def test_who_was_signed_out_meanwhile_comes_back_to_a_page_of_ours(
    service: Guarded, referer: str, back: str
) -> None:
    headers = [("referer", referer)] if referer else []
    answer = service.ask("POST", "/acknowledge", form={}, headers=headers)
    assert answer.status == 303
    assert answer.headers["location"] == f"/sign-in?{urlencode({'next': back})}"


@pytest.mark.parametrize("address", ["/", "/runs?status=failed&x=%2F%2F", "/runs/a%2Fb"])
def test_pages_of_this_site_are_kept(address: str) -> None:
    assert safe_path(address) == address


def test_a_form_has_a_largest_size(service: Guarded) -> None:
    browser = service.browser()
    form = {"form_token": browser.form_token("/sign-in"), "email": "x" * (LARGEST_FORM + 1)}
    assert browser.client.post("/sign-in", data=form).status_code == 413


def test_personal_pages_are_never_kept_by_a_cache(service: Guarded) -> None:
    for path in ("/", "/runs", "/api/v1/runs", "/runs.csv", "/calendar.ics", "/events", "/people"):
        answer = service.ask("GET", path, ENGINEER)
        assert answer.headers["cache-control"] == "no-store", path
    assert service.ask("GET", "/sign-in").headers["cache-control"] == "no-store"


def test_https_is_asked_for_the_future_over_https_alone(data: Path) -> None:
    with guarded(data, trusted_proxies="192.0.2.0/24") as service:
        plain = service.ask("GET", "/sign-in")
        behind = service.ask("GET", "/sign-in", headers=[("x-forwarded-proto", "https")])
    assert "strict-transport-security" not in plain.headers
    assert behind.headers["strict-transport-security"] == "max-age=31536000"


def test_a_proxy_that_is_not_trusted_makes_nothing_https(service: Guarded) -> None:
    answer = service.ask("GET", "/sign-in", headers=[("x-forwarded-proto", "https")])
    assert "strict-transport-security" not in answer.headers
    assert "__Host-visit" not in answer.headers.get("set-cookie", "")


def test_the_api_is_described_to_engineers_alone(service: Guarded) -> None:
    for path in ("/api", "/api/openapi.json"):
        assert service.ask("GET", path).status == 401
        assert service.ask("GET", path, MANAGER).status == 403
        assert service.ask("GET", path, ENGINEER).status == 200
