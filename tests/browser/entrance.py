"""A service that asks who is there: the people of its pictures, and the pages that only it has."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from tests.fixed_clock import NOW, fill, standing
from tests.running import Running, eventually, service
from tracker.access import Grant, Role
from tracker.control import Control
from tracker.people import LINK, Person
from tracker.timing import DAY, HOUR
from tracker.totp import new_secret

CLOSED = {"TRACKER_OPEN_ACCESS": "false"}
NO_PASSWORD = "the hash of none"
AGENT = "Firefox 136 on Linux"
REFUSING = r"status of 40[34]"  # what Chromium says of the pages that refuse


class Way(msgspec.Struct, frozen=True):
    """A way into a running service: the session of somebody, or of nobody, and what they see."""

    running: Running
    session: str
    pages: Mapping[str, str]


@contextmanager
def entrances(data: Path) -> Iterator[list[Way]]:
    """The ways into a service with history and people, and into one without, at the fixed time."""
    lived_in, unclaimed = data / "lived-in", data / "unclaimed"
    for directory in (lived_in, unclaimed):
        directory.mkdir(mode=0o700)
    fill(lived_in)
    control = Control(lived_in / "control.db")
    engineer = _joined(control, "noor.falk@example.org", Grant(Role.ENGINEER))
    manager = _joined(control, "ines.varga@example.org", Grant(Role.MANAGER))
    viewer = _joined(control, "tom.adeyemi@example.org", Grant(Role.VIEWER, ("org_quillhaven",)))
    invited = _lived(control, engineer, manager)
    with standing(NOW):
        first = Control(unclaimed / "control.db").people.first_link()
    with _service(lived_in) as running, _service(unclaimed) as empty:
        eventually(lambda: running.get("/readyz").is_success)
        yield [
            Way(empty, "", {"link-first": f"{LINK}{first}"}),
            Way(running, "", {"sign-in": "/sign-in", "link": LINK + invited, "spent": f"{LINK}x"}),
            _way(running, control, engineer, "account", "people", "tokens", "audit"),
            _way(running, control, manager, "account"),
            _way(running, control, viewer, "today", "candidates", "people"),
        ]


def _joined(control: Control, email: str, grant: Grant) -> Person:
    """Somebody who was invited and came nine days ago."""
    at = NOW - 9 * DAY
    with standing(at):
        _, secret = control.people.add(email, grant, actor="command")
        return control.people.redeem(secret, NO_PASSWORD, at)


def _lived(control: Control, engineer: Person, manager: Person) -> str:
    """What they did since; the secret of an invitation that waits."""
    with standing(NOW - 3 * DAY):
        control.people.set_totp(manager, new_secret())
        control.tokens.add("Weekly report", Grant(Role.VIEWER), actor=engineer.email)
        control.tokens.add_calendar("Phone", engineer)
    with standing(NOW - HOUR):
        control.sessions.begin(engineer, NOW - HOUR, "192.0.2.17", AGENT, "by password")
        _, secret = control.people.add(
            "mila.osei@example.org", Grant(Role.VIEWER), actor=engineer.email
        )
    return secret


def _way(running: Running, control: Control, person: Person, *places: str) -> Way:
    session = control.sessions.begin(person, NOW, "127.0.0.1", AGENT, "by password")
    named = {f"{person.grant.role}-{place}": f"/{place}".replace("/today", "/") for place in places}
    return Way(running, session, named)


def _service(data: Path) -> AbstractContextManager[Running]:
    return service(data, env=CLOSED, command=("tests.fixed_clock",))
