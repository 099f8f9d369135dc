"""People who may sign in, and the one-time links by which they set their password."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from tracker.access import Grant, Role, checked_email
from tracker.control_file import ControlFile, note_audit
from tracker.credentials import hashed, new_secret
from tracker.database import Connection
from tracker.errors import InvalidInput, NotFound
from tracker.timing import DAY, MINUTE, now

LINK: Final = "/link/"  # the secret follows


class Purpose(StrEnum):
    """What a one-time link is for."""

    FIRST = "first"
    INVITATION = "invitation"
    RESET = "reset"


LASTS: Final = {Purpose.FIRST: 30 * MINUTE, Purpose.INVITATION: 7 * DAY, Purpose.RESET: DAY}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in; without a password only once invited, or by another service."""

    id: int
    email: str
    grant: Grant
    has_password: bool
    has_totp: bool
    created_at: int


class Credentials(msgspec.Struct, frozen=True):
    """What a sign-in is checked against; `totp_step` is that of the last code used."""

    person: Person
    password: str | None
    totp: str | None
    totp_step: int

    def __repr__(self) -> str:
        return f"Credentials({self.person.email!r})"


class Link(msgspec.Struct, frozen=True):
    """A one-time link that can still be used; the first engineer's belongs to nobody yet."""

    purpose: Purpose
    person: Person | None


class People:
    """The people in control.db, and their links."""

    def __init__(self, file: ControlFile) -> None:
        self._file = file

    def all(self) -> list[Person]:
        """Everybody, by e-mail address."""
        with self._file.reading() as connection:
            rows = connection.execute(f"{SELECT} ORDER BY email").fetchall()
        return [read_person(row) for row in rows]

    def named(self, email: str) -> Person:
        """The person of an address; raises NotFound."""
        with self._file.reading() as connection:
            return _one(connection, email)

    def credentials(self, email: str) -> Credentials | None:
        """What a sign-in by an address is checked against, None for nobody."""
        query = f"SELECT {COLUMNS}, password, totp, totp_step FROM people WHERE email = ?"
        with self._file.reading() as connection:
            row = connection.execute(query, (email.strip().lower(),)).fetchone()
        return Credentials(read_person(row[:-3]), *row[-3:]) if row else None

    def add(self, email: str, grant: Grant, *, actor: str) -> tuple[Person, str]:
        """Add somebody; the person, and the secret of a link to set a password with.

        Raises InvalidInput for an address that is none or is known already.
        """
        email, moment = checked_email(email), now()
        with self._file.writing() as connection:
            if connection.execute("SELECT 1 FROM people WHERE email = ?", (email,)).fetchone():
                raise InvalidInput(
                    f"{email} may sign in already; `tracker user role` changes the role", "email"
                )
            person = _insert(connection, email, grant, moment)
            note_audit(connection, moment, actor, "person added", f"{email}, {told(grant)}")
            secret = _link(connection, Purpose.INVITATION, person.id, moment)
        return person, secret

    def change(self, email: str, grant: Grant, *, actor: str) -> Person:
        """Give somebody another role or other organizations, and end their sessions.

        Raises NotFound, and InvalidInput when nobody would be left to let others in.
        """
        moment = now()
        with self._file.writing() as connection:
            person = _one(connection, email)
            if not (grant.role is Role.ENGINEER and grant.whole):
                _keep_an_engineer(connection, person)
            connection.execute(
                "UPDATE people SET role = ?, organizations = ? WHERE id = ?",
                (grant.role, written(grant), person.id),
            )
            # What was allowed before must not live on in a session: they sign in again.
            connection.execute("DELETE FROM sessions WHERE person_id = ?", (person.id,))
            note_audit(connection, moment, actor, "role changed", f"{person.email}, {told(grant)}")
        return msgspec.structs.replace(person, grant=grant)

    def remove(self, email: str, *, actor: str) -> None:
        """Take somebody away with all sessions, links and calendar tokens.

        Raises NotFound, and InvalidInput when nobody would be left to let others in.
        """
        moment = now()
        with self._file.writing() as connection:
            person = _one(connection, email)
            _keep_an_engineer(connection, person)
            connection.execute("DELETE FROM people WHERE id = ?", (person.id,))
            note_audit(connection, moment, actor, "person removed", person.email)

    def reset(self, email: str, *, actor: str) -> tuple[Person, str]:
        """The secret of a new link for somebody who is locked out; older ones end.

        Until it is used the password stays, so that nobody is locked out by a mistake.
        Raises NotFound.
        """
        moment = now()
        with self._file.writing() as connection:
            person = _one(connection, email)
            connection.execute("DELETE FROM links WHERE person_id = ?", (person.id,))
            purpose = Purpose.RESET if person.has_password else Purpose.INVITATION
            secret = _link(connection, purpose, person.id, moment)
            note_audit(connection, moment, actor, "reset link made", person.email)
        return person, secret

    def first_link(self) -> str | None:
        """The secret of a link for the first engineer, None once there are people.

        It replaces those made before.
        """
        moment = now()
        with self._file.writing() as connection:
            if connection.execute("SELECT 1 FROM people LIMIT 1").fetchone():
                return None
            connection.execute("DELETE FROM links WHERE purpose = ?", (Purpose.FIRST,))
            note_audit(connection, moment, "tracker", "first link made", "for the first engineer")
            return _link(connection, Purpose.FIRST, None, moment)

    def link(self, secret: str, at: int) -> Link | None:
        """The link of a secret, None when there is none that can be used at a time."""
        with self._file.reading() as connection:
            return _usable(connection, secret, at)

    def redeem(self, secret: str, password: str, at: int, email: str = "") -> Person:
        """Use a link up: set a password, which was hashed, and end all that was before.

        The first engineer gives an address, too. Raises NotFound for a link that can't be
        used any more, InvalidInput for the address.
        """
        with self._file.writing() as connection:
            found = _usable(connection, secret, at)
            if found is None:
                raise NotFound(SPENT)
            person = found.person or _first(connection, email, at)
            _admit(connection, person, password)
            note_audit(connection, at, person.email, "password set", f"by {found.purpose} link")
        return msgspec.structs.replace(person, has_password=True, has_totp=False)

    def set_password(self, person: Person, password: str, *, changed: bool = True) -> None:
        """Keep another password, hashed; one only hashed anew is no change worth a line."""
        with self._file.writing() as connection:
            connection.execute("UPDATE people SET password = ? WHERE id = ?", (password, person.id))
            if changed:
                note_audit(connection, now(), person.email, "password changed", "")

    def set_totp(self, person: Person, secret: str | None, step: int = 0) -> None:
        """Ask for codes at each sign-in from now on, or no longer; `step` is used up."""
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE people SET totp = ?, totp_step = ? WHERE id = ?", (secret, step, person.id)
            )
            said = "codes asked for" if secret else "codes no longer asked for"
            note_audit(connection, now(), person.email, said, "")

    def use_step(self, person: Person, step: int) -> bool:
        """Use a code up; False when it was used meanwhile."""
        with self._file.writing() as connection:
            changed = connection.execute(
                "UPDATE people SET totp_step = ? WHERE id = ? AND totp_step < ?",
                (step, person.id, step),
            ).rowcount
        return bool(changed)


SPENT: Final = (
    "This link was used already, is too old, or was replaced by another one; "
    "ask an engineer for a new one, or type `tracker user reset`"
)
COLUMNS: Final = (
    "id, email, role, organizations, password IS NOT NULL, totp IS NOT NULL, created_at"
)
SELECT: Final = f"SELECT {COLUMNS} FROM people"


def read_person(row: Any) -> Person:
    """The person of a row of `COLUMNS`."""
    id_, email, role, organizations, has_password, has_totp, created_at = row
    return Person(
        id=id_,
        email=email,
        grant=read_grant(role, organizations),
        has_password=bool(has_password),
        has_totp=bool(has_totp),
        created_at=created_at,
    )


def read_grant(role: str, organizations: str | None) -> Grant:
    """The grant of two columns."""
    limited = None if organizations is None else tuple(msgspec.json.decode(organizations))
    return Grant(Role(role), limited)


def written(grant: Grant) -> str | None:
    """The organizations of a grant as a column holds them."""
    return None if grant.whole else msgspec.json.encode(grant.organizations).decode()


def told(grant: Grant) -> str:
    """A grant in words, for the audit trail."""
    return grant.role + (f" of {', '.join(grant.organizations)}" if grant.organizations else "")


def _insert(connection: Connection, email: str, grant: Grant, moment: int) -> Person:
    row = connection.execute(
        "INSERT INTO people (email, role, organizations, created_at) VALUES (?, ?, ?, ?)"
        f" RETURNING {COLUMNS}",
        (email, grant.role, written(grant), moment),
    ).fetchone()
    return read_person(row)


def _one(connection: Connection, email: str) -> Person:
    row = connection.execute(f"{SELECT} WHERE email = ?", (email.strip().lower(),)).fetchone()
    if row is None:
        raise NotFound(f"Nobody signs in as {email[:100]!r}; `tracker user list` shows everybody")
    return read_person(row)


def _keep_an_engineer(connection: Connection, person: Person) -> None:
    others = (
        "SELECT 1 FROM people WHERE role = 'engineer' AND organizations IS NULL AND id <> ? LIMIT 1"
    )
    everything = person.grant.role is Role.ENGINEER and person.grant.whole
    if everything and not connection.execute(others, (person.id,)).fetchone():
        raise InvalidInput(
            f"{person.email} is the only engineer of all organizations, so nobody could let "
            "others in any more; add another engineer first",
            "email",
        )


def _link(connection: Connection, purpose: Purpose, person_id: int | None, moment: int) -> str:
    connection.execute("DELETE FROM links WHERE expires_at <= ?", (moment,))
    secret = new_secret()
    connection.execute(
        "INSERT INTO links VALUES (?, ?, ?, ?, ?)",
        (hashed(secret), purpose, person_id, moment, moment + LASTS[purpose]),
    )
    return secret


def _usable(connection: Connection, secret: str, at: int) -> Link | None:
    row = connection.execute(
        "SELECT purpose, person_id FROM links WHERE hash = ? AND expires_at > ?",
        (hashed(secret), at),
    ).fetchone()
    if row is None:
        return None
    purpose, person_id = row
    if person_id is not None:
        found = connection.execute(f"{SELECT} WHERE id = ?", (person_id,)).fetchone()
        return Link(Purpose(purpose), read_person(found))
    # Once somebody may sign in, nobody becomes the first one.
    taken = connection.execute("SELECT 1 FROM people LIMIT 1").fetchone()
    return None if taken else Link(Purpose(purpose), None)


def _first(connection: Connection, email: str, moment: int) -> Person:
    connection.execute("DELETE FROM links WHERE purpose = ?", (Purpose.FIRST,))
    return _insert(connection, checked_email(email), Grant(Role.ENGINEER), moment)


def _admit(connection: Connection, person: Person, password: str) -> None:
    connection.execute(
        "UPDATE people SET password = ?, totp = NULL, totp_step = 0 WHERE id = ?",
        (password, person.id),
    )
    for table in ("links", "sessions"):
        connection.execute(f"DELETE FROM {table} WHERE person_id = ?", (person.id,))
