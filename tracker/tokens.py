"""Tokens: for programs that use the API, and for calendar programs of one person."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from tracker.access import Grant
from tracker.control_file import ControlFile, note_audit
from tracker.credentials import hashed, is_token, new_token
from tracker.database import Connection
from tracker.errors import InvalidInput, NotFound
from tracker.people import Person, read_grant, told, written
from tracker.timing import DAY, MINUTE, now

USED_EVERY: Final = 10 * MINUTE  # how exactly it is kept when a token was last used
LONGEST_NAME: Final = 100
DAYS: Final = 365
MOST_DAYS: Final = 3650


class Kind(StrEnum):
    """What a token opens: the API with all pages, or one person's calendar feed alone."""

    API = "api"
    CALENDAR = "calendar"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its value. A calendar token is its `owner`'s and sees what they see."""

    id: int
    kind: Kind
    name: str
    owner: str | None
    grant: Grant
    made_by: str
    created_at: int
    expires_at: int
    used_at: int | None
    revoked_at: int | None


class Tokens:
    """The tokens in control.db."""

    def __init__(self, file: ControlFile) -> None:
        self._file = file

    def add(self, name: str, grant: Grant, *, actor: str, days: int = DAYS) -> tuple[Token, str]:
        """Make a token for a program; the token and its value, which nobody can show again.

        Raises InvalidInput for a name that can't be used or is in use, and for its days.
        """
        return self._insert(Kind.API, _checked_name(name), grant, None, actor, days)

    def add_calendar(self, name: str, person: Person) -> tuple[Token, str]:
        """Make a token that opens the calendar feed and sees what its owner may see."""
        kept = _checked_name(name)
        return self._insert(Kind.CALENDAR, kept, person.grant, person, person.email, DAYS)

    def _insert(
        self, kind: Kind, name: str, grant: Grant, owner: Person | None, actor: str, days: int
    ) -> tuple[Token, str]:
        if not 1 <= days <= MOST_DAYS:
            raise InvalidInput(f"A token can last 1 to {MOST_DAYS} days, not {days}", "days")
        value, moment = new_token(), now()
        own = (None, None) if owner else (grant.role, written(grant))
        who = owner.id if owner else None
        with self._file.writing() as connection:
            _check_free(connection, kind, name, who, moment)
            row = connection.execute(
                "INSERT INTO tokens (hash, kind, name, person_id, role, organizations, made_by,"
                " created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (hashed(value), kind, name, who, *own, actor, moment, moment + days * DAY),
            ).fetchone()
            note_audit(connection, moment, actor, f"{kind} token made", f"{name}, {told(grant)}")
            return _one(connection, row[0]), value

    def find(self, value: str, kind: Kind, at: int) -> Token | None:
        """The token of a value, None when it is none, was revoked or is too old."""
        if not is_token(value):
            return None
        with self._file.reading() as connection:
            row = connection.execute(
                f"{SELECT} WHERE hash = ? AND kind = ? AND revoked_at IS NULL AND expires_at > ?",
                (hashed(value), kind, at),
            ).fetchone()
        if row is None:
            return None
        token = _read(row)
        if token.used_at is None or at - token.used_at >= USED_EVERY:
            with self._file.writing() as connection:
                used = "UPDATE tokens SET used_at = ? WHERE id = ?"
                connection.execute(used, (at, token.id))
        return token

    def all(self, kind: Kind = Kind.API, owner: Person | None = None) -> list[Token]:
        """The tokens that were not revoked, newest first; those of one `owner` when given."""
        who = None if owner is None else owner.id
        with self._file.reading() as connection:
            rows = connection.execute(
                f"{SELECT} WHERE kind = ? AND revoked_at IS NULL AND (? IS NULL OR person_id = ?)"
                " ORDER BY tokens.created_at DESC, tokens.id DESC",
                (kind, who, who),
            ).fetchall()
        return [_read(row) for row in rows]

    def revoke(self, token_id: int, *, actor: str, owner: Person | None = None) -> Token:
        """Take a token away, one of an `owner`'s when that is given; raises NotFound."""
        who, moment = None if owner is None else owner.id, now()
        with self._file.writing() as connection:
            row = connection.execute(
                "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
                " AND (? IS NULL OR person_id = ?) RETURNING id",
                (moment, token_id, who, who),
            ).fetchone()
            if row is None:
                raise NotFound(f"There is no token {token_id}; it may have been revoked before")
            token = _one(connection, token_id)
            note_audit(connection, moment, actor, f"{token.kind} token revoked", token.name)
        return token

    def named(self, name: str) -> Token:
        """The token of a program with a name; raises NotFound."""
        for token in self.all():
            if token.name == name:
                return token
        raise NotFound(f"There is no token {name!r}; `tracker token list` shows them")


SELECT: Final = """
    SELECT tokens.id, kind, name, email, coalesce(tokens.role, people.role),
        iif(person_id IS NULL, tokens.organizations, people.organizations),
        made_by, tokens.created_at, expires_at, used_at, revoked_at
    FROM tokens LEFT JOIN people ON people.id = person_id
"""


def _one(connection: Connection, token_id: int) -> Token:
    return _read(connection.execute(f"{SELECT} WHERE tokens.id = ?", (token_id,)).fetchone())


def _read(row: Any) -> Token:
    id_, kind, name, owner, role, organizations, *rest = row
    made_by, created_at, expires_at, used_at, revoked_at = rest
    return Token(
        id=id_,
        kind=Kind(kind),
        name=name,
        owner=owner,
        grant=read_grant(role, organizations),
        made_by=made_by,
        created_at=created_at,
        expires_at=expires_at,
        used_at=used_at,
        revoked_at=revoked_at,
    )


def _check_free(connection: Connection, kind: Kind, name: str, who: int | None, at: int) -> None:
    in_use = (
        "SELECT 1 FROM tokens WHERE name = ? AND kind = ? AND person_id IS ?"
        " AND revoked_at IS NULL AND expires_at > ?"
    )
    if connection.execute(in_use, (name, kind, who, at)).fetchone():
        raise InvalidInput(
            f"There is a token {name!r} already; choose another name or revoke that one", "name"
        )


def _checked_name(name: str) -> str:
    kept = name.strip()
    if not kept or len(kept) > LONGEST_NAME or not kept.isprintable():
        raise InvalidInput(
            f"The name {name[:100]!r} can't be used; give 1 to {LONGEST_NAME} printable characters",
            "name",
        )
    return kept
