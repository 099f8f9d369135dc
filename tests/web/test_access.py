"""Deny by default: every route, every role, one table."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.handlers import BaseRouteHandler
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute

from tests.sample import body
from tests.web.asgi import ask
from tests.web.guarded import ENGINEER, MANAGER, VIEWER, Guarded, guarded
from tracker.access import Grant, Role
from web import access
from web.access import ACCESS, Rule
from web.guard import guard

LIMITED = Grant(Role.ENGINEER, ("org-1",))
GRANTS = {
    "nobody": None,
    "viewer": VIEWER,
    "manager": MANAGER,
    "engineer": ENGINEER,
    "limited": LIMITED,
}
# These look at a signature, a token or a form themselves; their own tests say how.
# Routes that are no HTTP handlers of Litestar's, with their method.
PLAIN = {"/live": "LIVE"}
BY_THEMSELVES = {"GET /calendar.ics", "POST /sign-in", "POST /link/{secret}"}
VALUES = {"position": "1", "number": "1", "name": "app.css", "digest": "0" * 64, "secret": "none"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    data: Path = tmp_path_factory.mktemp("access")
    with guarded(data, [body()]) as running:
        yield running


def routes(app: Litestar) -> set[str]:
    """Every route of the application, as the table writes it."""
    found = set()
    for route in app.routes:
        methods = getattr(route, "methods", None) or {PLAIN[route.path]}
        found |= {f"{method} {route.path_format}" for method in set(methods) - {"OPTIONS"}}
    return found


def _handlers(route: BaseRoute) -> Sequence[BaseRouteHandler]:
    if isinstance(route, HTTPRoute):
        return route.route_handlers
    assert isinstance(route, ASGIRoute)
    return [route.route_handler]


def address(route: str) -> tuple[str, str]:
    """The method of a route, and an address that leads to it."""
    method, path = route.split()
    for name in (part[1:-1] for part in path.split("/") if part.startswith("{")):
        path = path.replace(f"{{{name}}}", VALUES.get(name, "some-id"))
    return ("GET" if method == "LIVE" else method), path


def test_the_table_has_a_row_for_each_route_and_no_other(service: Guarded) -> None:
    assert routes(service.app) == set(ACCESS)


# Said once more, by what an address begins with, so that no row is weakened by accident.
ANYBODY = {
    "GET /healthz", "GET /readyz", "GET /static/{name}", "GET /calendar.ics",
    "GET /sign-in", "POST /sign-in", "GET /sign-in/other", "GET /sign-in/back",
    "GET /link/{secret}", "POST /link/{secret}",
}  # fmt: skip
LEAST = {
    **dict.fromkeys(("events", "acknowledge", "views"), Role.MANAGER),
    **dict.fromkeys(
        ("deliveries", "quarantine", "system", "workflow-import", "audit", "erase", "person-file",
         "people", "tokens", "api"), Role.ENGINEER,
    ),
}  # fmt: skip


def test_the_table_says_what_it_is_meant_to_say() -> None:
    assert {route for route, rule in ACCESS.items() if rule.role is None} == ANYBODY
    for route, rule in ACCESS.items():
        thing = re.sub(r"^\w+ /(?:parts/|api/v1/)?|\.csv$", "", route).partition("/")[0]
        if route not in ANYBODY:
            assert rule.role == LEAST.get(thing, Role.VIEWER), route
        described = {"GET /api", "GET /api/openapi.json"}
        if rule.role is Role.ENGINEER and route not in described:
            assert rule.whole, route


@pytest.mark.parametrize("who", GRANTS)
def test_each_route_lets_in_exactly_those_whom_the_table_names(service: Guarded, who: str) -> None:
    grant, wrong = GRANTS[who], []
    for route, rule in ACCESS.items():
        status = service.ask(*address(route), grant).status
        refused = status in {401, 403} or (status == 303 and not rule.allows(grant))
        if route not in BY_THEMSELVES and refused is rule.allows(grant):
            wrong.append((route, status))
    assert wrong == []


def test_nobody_hears_what_is_behind_a_route(service: Guarded) -> None:
    for route, rule in ACCESS.items():
        method, path = address(route)
        if rule.role is not None:
            answer = service.ask(method, path)
            assert b"talk-1" not in answer.body, route
            assert answer.status in {401, 303}, route


def test_no_route_passes_the_guard(service: Guarded) -> None:
    free = {
        route.path
        for route in service.app.routes
        for handler in _handlers(route)
        if guard not in handler.resolve_guards()
    }
    assert free == set()


def test_a_route_without_a_row_is_denied_to_everybody(
    service: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(access.ACCESS, "GET /api/v1/runs")
    assert service.ask("GET", "/api/v1/runs", ENGINEER).status == 403
    assert service.ask("GET", "/api/v1/runs").status == 401


def test_pages_lead_to_the_sign_in_and_programs_get_problem_details(service: Guarded) -> None:
    page = service.ask("GET", "/conversations")
    assert (page.status, page.headers["location"]) == (303, "/sign-in?next=%2Fconversations")
    answer = service.ask("GET", "/api/v1/runs")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    part = service.ask("GET", "/parts/runs")
    assert part.status == 401


def test_a_token_that_does_not_count_is_nobody(service: Guarded) -> None:
    for value in ("Bearer nonsense", "Bearer", "Basic am86am8=", "Bearer trk_" + "a" * 49):
        answer = service.ask("GET", "/api/v1/runs", headers=[("authorization", value)])
        assert answer.status == 401, value


def test_only_engineers_see_why_the_service_is_not_ready(service: Guarded) -> None:
    assert service.ask("GET", "/readyz").json() == {"ready": True}
    assert service.ask("GET", "/readyz", VIEWER).json() == {"ready": True}
    assert "lag_events" in service.ask("GET", "/readyz", ENGINEER).json()


@pytest.mark.parametrize("role", [None, *Role])
def test_a_role_may_what_lesser_roles_may(role: Role | None) -> None:
    order = list(Role)
    for given in order:
        covers = role is None or order.index(given) >= order.index(role)
        assert Rule(role).allows(Grant(given)) is covers
    assert Rule(role, whole=True).allows(Grant(Role.ENGINEER, ("o",))) is (role is None)


def test_without_a_sign_in_it_answers_only_at_its_own_name(data: Path) -> None:
    with guarded(data, open_access=True) as service:
        assert service.ask("GET", "/").status == 200
        other = service.ask("GET", "/", headers=[])
        assert other.status == 200
        rebound = ask(service.app, "GET", "/", headers=[("host", b"evil.example")])
        assert rebound.status == 403


def test_every_page_says_that_nobody_has_to_sign_in(data: Path, service: Guarded) -> None:
    said = b"Open access: nobody has to sign in"
    with guarded(data, open_access=True) as opened:
        for path in ("/", "/runs", "/system"):
            assert said in opened.ask("GET", path).body, path
    assert said not in service.ask("GET", "/", ENGINEER).body
