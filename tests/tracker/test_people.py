"""People, one-time links, sessions and tokens in control.db."""

import threading
import time
from pathlib import Path

import pytest

from tests.running import eventually
from tracker import passwords
from tracker.access import Grant, Role, checked_email, checked_organizations
from tracker.control import Control
from tracker.credentials import is_token, new_token
from tracker.database import DatabaseError, open_writer
from tracker.errors import Busy, InvalidInput, NotFound
from tracker.passwords import NOBODYS, hash_password, outdated, verify_password
from tracker.people import Person, Purpose
from tracker.sessions import Lifetime
from tracker.timing import DAY, HOUR, MINUTE, now
from tracker.tokens import USED_EVERY, Kind

ENGINEER, VIEWER = Grant(Role.ENGINEER), Grant(Role.VIEWER, ("o1",))


@pytest.fixture
def control(data: Path) -> Control:
    return Control(data / "control.db", lifetime=Lifetime(idle=HOUR, whole=DAY))


def person(control: Control, email: str = "jo@example.org", grant: Grant = ENGINEER) -> Person:
    return control.people.add(email, grant, actor="test")[0]


def content(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in data.glob("control.db*"))


def actions(control: Control) -> list[str]:
    return [entry.action for entry in control.audit.entries()]


def test_a_link_sets_a_password_once(control: Control) -> None:
    added, secret = control.people.add(" Jo@Example.org ", VIEWER, actor="test")
    link = control.people.link(secret, now())
    assert link is not None
    assert (link.purpose, link.person) == (Purpose.INVITATION, added)
    control.people.redeem(secret, "hash-1", now())
    assert control.people.link(secret, now()) is None
    with pytest.raises(NotFound, match="used already"):
        control.people.redeem(secret, "hash-2", now())
    credentials = control.people.credentials("JO@example.org")
    assert credentials is not None
    assert (credentials.password, credentials.person.grant) == ("hash-1", VIEWER)


@pytest.mark.parametrize(("days", "usable"), [(7 * DAY - MINUTE, True), (7 * DAY + MINUTE, False)])
def test_an_invitation_ends_after_seven_days(control: Control, days: int, usable: bool) -> None:
    _, secret = control.people.add("jo@example.org", VIEWER, actor="test")
    assert (control.people.link(secret, now() + days) is not None) is usable


def test_a_reset_link_ends_after_a_day(control: Control) -> None:
    control.people.set_password(person(control), "hash")
    _, secret = control.people.reset("jo@example.org", actor="test")
    assert control.people.link(secret, now() + DAY - MINUTE) is not None
    assert control.people.link(secret, now() + DAY) is None


def test_the_first_link_lasts_thirty_minutes_and_only_until_there_is_anybody(
    control: Control,
) -> None:
    replaced, secret = control.people.first_link(), control.people.first_link()
    assert replaced is not None
    assert secret is not None
    assert control.people.link(replaced, now()) is None
    assert control.people.link(secret, now() + 29 * MINUTE) is not None
    assert control.people.link(secret, now() + 31 * MINUTE) is None
    person(control)
    assert control.people.link(secret, now()) is None
    assert control.people.first_link() is None


def test_the_first_person_is_an_engineer_of_everything(control: Control) -> None:
    secret = control.people.first_link()
    assert secret is not None
    first = control.people.redeem(secret, "hash", now(), "Jo@example.org")
    assert (first.email, first.grant) == ("jo@example.org", ENGINEER)


def test_a_reset_link_replaces_older_ones_and_ends_sessions_and_codes_when_used(
    control: Control,
) -> None:
    jo, invitation = control.people.add("jo@example.org", ENGINEER, actor="test")
    control.people.set_totp(jo, "SECRET")
    session = control.sessions.begin(jo, now(), "127.0.0.1", "", "password")
    _, secret = control.people.reset("jo@example.org", actor="test")
    assert control.people.link(invitation, now()) is None
    assert control.sessions.find(session, now()) is not None
    control.people.redeem(secret, "hash", now())
    assert control.sessions.find(session, now()) is None
    assert [one.has_totp for one in control.people.all()] == [False]


def test_the_last_engineer_of_everything_stays(control: Control) -> None:
    person(control)
    person(control, "viewer@example.org", VIEWER)
    person(control, "one@example.org", Grant(Role.ENGINEER, ("o1",)))
    with pytest.raises(InvalidInput, match="only engineer"):
        control.people.remove("jo@example.org", actor="test")
    with pytest.raises(InvalidInput, match="only engineer"):
        control.people.change("jo@example.org", Grant(Role.MANAGER), actor="test")
    person(control, "two@example.org")
    control.people.remove("jo@example.org", actor="test")


def test_removing_somebody_takes_sessions_links_and_calendar_tokens_along(control: Control) -> None:
    person(control)
    jo, secret = control.people.add("mo@example.org", VIEWER, actor="test")
    session = control.sessions.begin(jo, now(), "127.0.0.1", "", "password")
    _, value = control.tokens.add_calendar("phone", jo)
    control.people.remove("mo@example.org", actor="test")
    assert control.people.link(secret, now()) is None
    assert control.sessions.find(session, now()) is None
    assert control.tokens.find(value, Kind.CALENDAR, now()) is None


def test_another_role_ends_the_sessions(control: Control) -> None:
    person(control)
    mo = person(control, "mo@example.org", Grant(Role.MANAGER))
    session = control.sessions.begin(mo, now(), "127.0.0.1", "", "password")
    control.people.change("mo@example.org", VIEWER, actor="test")
    assert control.sessions.find(session, now()) is None


def test_a_session_ends_by_idleness_and_by_age_however_much_it_is_used(control: Control) -> None:
    jo, begun = person(control), now()
    idle = control.sessions.begin(jo, begun, "127.0.0.1", "", "password")
    assert control.sessions.find(idle, begun + HOUR) is None
    used = control.sessions.begin(jo, begun, "127.0.0.1", "", "password")
    for number in range(1, 48):
        assert control.sessions.find(used, begun + number * HOUR // 2) is not None
    assert control.sessions.find(used, begun + DAY) is None


def test_streams_hang_on_sessions_and_tokens_that_count(control: Control) -> None:
    control.sessions.begin(person(control), now(), "127.0.0.1", "", "password")
    token, _ = control.tokens.add("reports", VIEWER, actor="test", days=1)
    [session] = control.sessions.all(now())
    asked = {"now": now(), "idle": now() + HOUR, "late": now() + DAY}
    stand = {when: set(control.standing(at)) for when, at in asked.items()}
    assert stand == {
        "now": {("session", session.id), ("token", token.id)},
        "idle": {("token", token.id)},
        "late": set(),
    }


def test_a_session_is_found_by_its_secret_alone_and_only_its_hash_is_kept(
    control: Control, data: Path
) -> None:
    jo = person(control)
    secret = control.sessions.begin(jo, now(), "127.0.0.1", "", "password")
    other = control.sessions.begin(jo, now(), "127.0.0.1", "", "password")
    assert secret != other
    assert control.sessions.find(secret + "x", now()) is None
    _, link = control.people.reset(jo.email, actor="test")
    _, token = control.tokens.add("reports", VIEWER, actor="test")
    kept = content(data)
    assert [value for value in (secret, link, token) if value.encode() in kept] == []


def test_nobody_ends_the_session_of_somebody_else_as_an_owner(control: Control) -> None:
    jo, mo = person(control), person(control, "mo@example.org")
    control.sessions.begin(jo, now(), "127.0.0.1", "", "password")
    [session] = control.sessions.all(now())
    with pytest.raises(NotFound):
        control.sessions.end(session.id, now(), actor=mo.email, owner=mo)
    control.sessions.end(session.id, now(), actor=jo.email, owner=jo)
    assert control.sessions.all(now()) == []


def test_a_token_has_a_known_beginning_and_a_checksum() -> None:
    token = new_token()
    assert token.startswith("trk_")
    assert is_token(token)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert not is_token(wrong)
    assert not is_token("trk_")
    assert not is_token("")


def test_a_token_counts_until_it_ends_or_is_revoked(control: Control) -> None:
    token, value = control.tokens.add("reports", VIEWER, actor="test", days=2)
    found = control.tokens.find(value, Kind.API, now() + DAY)
    assert found is not None
    assert found.grant == VIEWER
    assert control.tokens.find(value, Kind.API, now() + 2 * DAY) is None
    assert control.tokens.find(value, Kind.CALENDAR, now()) is None
    assert control.tokens.find(new_token(), Kind.API, now()) is None
    control.tokens.revoke(token.id, actor="test")
    assert control.tokens.find(value, Kind.API, now()) is None


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_token_ends_within_ten_years(control: Control, days: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 3650 days"):
        control.tokens.add("reports", VIEWER, actor="test", days=days)


def test_the_last_use_of_a_token_is_kept_coarsely(control: Control) -> None:
    _, value = control.tokens.add("reports", VIEWER, actor="test")
    at = now()
    for moment in (at, at + USED_EVERY - 1, at + USED_EVERY):
        control.tokens.find(value, Kind.API, moment)
        [token] = control.tokens.all()
        assert token.used_at == (at + USED_EVERY if moment == at + USED_EVERY else at)


def test_a_calendar_token_sees_what_its_owner_sees_now(control: Control) -> None:
    person(control)
    mo = person(control, "mo@example.org", Grant(Role.MANAGER))
    _, value = control.tokens.add_calendar("phone", mo)
    control.people.change("mo@example.org", VIEWER, actor="test")
    found = control.tokens.find(value, Kind.CALENDAR, now())
    assert found is not None
    assert (found.grant, found.owner) == (VIEWER, "mo@example.org")


def test_nobody_revokes_the_calendar_of_somebody_else_as_an_owner(control: Control) -> None:
    jo, mo = person(control), person(control, "mo@example.org")
    token, value = control.tokens.add_calendar("phone", jo)
    with pytest.raises(NotFound):
        control.tokens.revoke(token.id, actor=mo.email, owner=mo)
    assert control.tokens.find(value, Kind.CALENDAR, now()) is not None
    control.tokens.revoke(token.id, actor=jo.email, owner=jo)
    assert control.tokens.find(value, Kind.CALENDAR, now()) is None


def test_a_code_is_used_up_once(control: Control) -> None:
    jo = person(control)
    assert control.people.use_step(jo, 5)
    assert not control.people.use_step(jo, 5)
    assert not control.people.use_step(jo, 4)


def test_every_change_of_access_stands_in_the_audit_trail(control: Control) -> None:
    mo = person(control, "mo@example.org")
    person(control)
    control.sessions.begin(mo, now(), "127.0.0.1", "", "password")
    token, _ = control.tokens.add("reports", VIEWER, actor="test")
    control.tokens.revoke(token.id, actor="test")
    control.people.reset("mo@example.org", actor="test")
    control.people.change("mo@example.org", VIEWER, actor="test")
    control.people.remove("mo@example.org", actor="test")
    assert actions(control) == [
        "person removed",
        "role changed",
        "reset link made",
        "api token revoked",
        "api token made",
        "signed in",
        "person added",
        "person added",
    ]


def test_what_people_do_with_their_own_access_stands_there_too(control: Control) -> None:
    secret = control.people.first_link()
    assert secret is not None
    jo = control.people.redeem(secret, "hash", now(), "jo@example.org")
    control.people.set_password(jo, "another hash")
    control.people.set_password(jo, "the same, hashed anew", changed=False)
    control.people.set_totp(jo, "SECRET")
    control.people.set_totp(jo, None)
    for _ in range(3):
        control.sessions.begin(jo, now(), "127.0.0.1", "", "password")
    first, *others = control.sessions.all(now())
    control.sessions.end(others[0].id, now(), actor=jo.email)
    control.sessions.end_others(first, now())
    control.sessions.end(first.id, now(), actor="mo@example.org")
    calendar, _ = control.tokens.add_calendar("phone", jo)
    control.tokens.revoke(calendar.id, actor=jo.email, owner=jo)
    assert actions(control)[::-1] == [
        "first link made",
        "password set",
        "password changed",
        "codes asked for",
        "codes no longer asked for",
        "signed in",
        "signed in",
        "signed in",
        "signed out",
        "session ended",
        "session ended",
        "calendar token made",
        "calendar token revoked",
    ]


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'me'", "DELETE FROM audit"])
def test_the_audit_trail_is_only_added_to(control: Control, data: Path, change: str) -> None:
    person(control)
    connection = open_writer(data / "control.db")
    with pytest.raises(DatabaseError, match="only added to"):
        connection.execute(change)
    connection.close()
    assert actions(control) == ["person added"]


@pytest.mark.parametrize(
    "email", ["", "jo", "@", "a b@c", "jo@ex\u202eample", "x" * 250 + "@e.org"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput):
        checked_email(email)


def test_no_organization_stands_for_all() -> None:
    assert checked_organizations([" ", ""]) is None
    assert checked_organizations(["b", "a", "b "]) == ("a", "b")


def test_passwords_are_checked_in_the_same_time_for_nobody() -> None:
    kept = hash_password("four words together")
    assert verify_password(kept, "four words together")
    assert not verify_password(kept, "four words apart")
    assert not outdated(kept)
    assert not outdated(NOBODYS)
    begun = time.process_time()
    assert not verify_password(kept, "wrong")
    known, begun = time.process_time() - begun, time.process_time()
    assert not verify_password(None, "the password of nobody")
    unknown = time.process_time() - begun
    assert 1 / 5 < known / unknown < 5


def test_passwords_are_kept_as_argon2id_of_some_cost() -> None:
    assert hash_password("four words together").startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21l$" + "A" * 43)


def test_a_flood_of_sign_ins_takes_two_at_once_lets_eight_wait_and_sends_the_rest_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once, most, go_on = 0, 0, threading.Event()
    results: list[str] = []

    class Slow:
        def verify(self, _kept: str, _password: str) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            go_on.wait(30)
            at_once -= 1

    def sign_in() -> None:
        try:
            passwords.verify_password("kept", "a password")
            results.append("looked at")
        except Busy:
            results.append("sent away")

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=sign_in) for _ in range(30)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(results) == 20)
    go_on.set()
    for thread in threads:
        thread.join()
    assert (most, sorted(set(results)), results.count("looked at")) == (
        2,
        ["looked at", "sent away"],
        10,
    )
