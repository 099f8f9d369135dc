"""Sessions: who is signed in where. Only hashes of their ids are kept."""

from typing import Any, Final

import msgspec

from tracker.control_file import ControlFile, note_audit
from tracker.credentials import hashed, new_secret
from tracker.errors import NotFound
from tracker.people import COLUMNS, Person, read_person
from tracker.timing import DAY, MINUTE

SEEN_EVERY: Final = MINUTE  # how exactly it is kept when a session was last used
LONGEST_AGENT: Final = 200


class Lifetime(msgspec.Struct, frozen=True):
    """After how long without a request, and after how long at all, a session ends; microseconds."""

    idle: int = 12 * 60 * MINUTE
    whole: int = 14 * DAY


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in on one browser; `remote` is its address, `agent` what it calls itself."""

    id: int
    person: Person
    created_at: int
    seen_at: int
    remote: str
    agent: str


class Sessions:
    """The sessions in control.db."""

    def __init__(self, file: ControlFile, lifetime: Lifetime) -> None:
        self._file = file
        self._lifetime = lifetime

    def begin(self, person: Person, at: int, remote: str, agent: str, how: str) -> str:
        """Sign somebody in; the secret of the new session. Sessions that ended are forgotten."""
        secret = new_secret()
        with self._file.writing() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE seen_at <= ? OR created_at <= ?", self._ended(at)
            )
            connection.execute(
                "INSERT INTO sessions (hash, person_id, created_at, seen_at, remote, agent)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (hashed(secret), person.id, at, at, remote, agent[:LONGEST_AGENT]),
            )
            note_audit(connection, at, person.email, "signed in", f"{how} from {remote}")
        return secret

    def find(self, secret: str, at: int) -> Session | None:
        """The session of a secret, None when it ended; using it keeps it from ending."""
        with self._file.reading() as connection:
            row = connection.execute(
                f"{SELECT} WHERE sessions.hash = ? AND seen_at > ? AND sessions.created_at > ?",
                (hashed(secret), *self._ended(at)),
            ).fetchone()
        if row is None:
            return None
        session = _read(row)
        if at - session.seen_at >= SEEN_EVERY:
            with self._file.writing() as connection:
                seen = "UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?"
                connection.execute(seen, (at, session.id))
        return session

    def all(self, at: int, person: Person | None = None) -> list[Session]:
        """The sessions of everybody, or of one person, the one used last first."""
        who = None if person is None else person.id
        with self._file.reading() as connection:
            rows = connection.execute(
                f"{SELECT} WHERE seen_at > ? AND sessions.created_at > ?"
                " AND (? IS NULL OR person_id = ?) ORDER BY seen_at DESC, sessions.id DESC",
                (*self._ended(at), who, who),
            ).fetchall()
        return [_read(row) for row in rows]

    def end(self, session_id: int, at: int, *, actor: str, owner: Person | None = None) -> None:
        """End a session, of one `owner` when that is given; raises NotFound."""
        who = None if owner is None else owner.id
        with self._file.writing() as connection:
            ended = connection.execute(
                "DELETE FROM sessions WHERE id = ? AND (? IS NULL OR person_id = ?)"
                " RETURNING (SELECT email FROM people WHERE people.id = person_id)",
                (session_id, who, who),
            ).fetchone()
            if ended is None:
                raise NotFound(f"There is no session {session_id}; it may have ended by itself")
            said = "signed out" if ended[0] == actor else "session ended"
            note_audit(connection, at, actor, said, ended[0])

    def end_others(self, kept: Session, at: int) -> None:
        """End all sessions of a person but one."""
        with self._file.writing() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE person_id = ? AND id <> ?", (kept.person.id, kept.id)
            )
            email = kept.person.email
            note_audit(connection, at, email, "session ended", f"all others of {email}")

    def _ended(self, at: int) -> tuple[int, int]:
        return at - self._lifetime.idle, at - self._lifetime.whole


_PERSON: Final = ", ".join(f"people.{column}" for column in COLUMNS.split(", "))
SELECT: Final = (
    f"SELECT {_PERSON}, sessions.id, sessions.created_at, seen_at, remote, agent"
    " FROM sessions JOIN people ON people.id = person_id"
)


def _read(row: Any) -> Session:
    id_, created_at, seen_at, remote, agent = row[-5:]
    return Session(
        id=id_,
        person=read_person(row[:-5]),
        created_at=created_at,
        seen_at=seen_at,
        remote=remote,
        agent=agent,
    )
