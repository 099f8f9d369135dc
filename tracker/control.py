"""control.db: signing secrets and their use, jobs, audit trail; people, sessions and tokens."""

import secrets as randomness
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tracker.access import Grant
from tracker.audit import AuditTrail
from tracker.backup_proofs import BackupProofs
from tracker.control_file import ControlFile, note_audit
from tracker.database import DatabaseError
from tracker.errors import InvalidInput, NotFound, TrackerError
from tracker.people import People
from tracker.saved_views import SavedViews
from tracker.sessions import Lifetime, Sessions
from tracker.timing import SECOND, now
from tracker.tokens import Tokens

CONFIGURED: Final = "setting-"
USUAL: Final = Lifetime()
MAX_LABEL_LENGTH: Final = 100
REREAD_AFTER: Final = SECOND // 2


class Secret(msgspec.Struct, frozen=True):
    """A signing secret. Times are microseconds; `configured` ones come from the settings."""

    label: str
    value: str
    created_at: int
    revoked_at: int | None = None
    last_verified_at: int | None = None
    configured: bool = False

    def __repr__(self) -> str:
        return f"Secret({self.label!r})"


class JobResult(msgspec.Struct, frozen=True):
    """A job's last run. One that started after it last finished is running, or was cut off.

    Times are microseconds; `ok` and `result` tell of the run that finished last.
    """

    name: str
    last_started_at: int
    last_finished_at: int | None = None
    ok: bool | None = None
    result: str | None = None


class Control:
    """control.db at `path`, made when it is missing; `configured` are the settings' secrets.

    `saved_views` are the named filters of lists, `backup_proofs` which backups were proven
    restorable, `audit` the audit trail, `people`, `sessions` and `tokens` who may come in and
    how; all are kept in the same file.
    """

    def __init__(
        self, path: Path, configured: Sequence[str] = (), lifetime: Lifetime = USUAL
    ) -> None:
        self._configured = tuple(
            Secret(f"{CONFIGURED}{number}", value, created_at=0, configured=True)
            for number, value in enumerate(configured, start=1)
        )
        self._file = ControlFile(path)
        self.saved_views = SavedViews(self._file)
        self.backup_proofs = BackupProofs(self._file)
        self.audit = AuditTrail(self._file)
        self.people = People(self._file)
        self.sessions = Sessions(self._file, lifetime)
        self.tokens = Tokens(self._file)

    def secrets(self) -> list[Secret]:
        """The secrets that deliveries may be signed with, the settings' own first."""
        with self._file.reading() as connection:
            used = dict(connection.execute("SELECT label, last_verified_at FROM secret_uses"))
            rows = connection.execute(
                "SELECT label, value, created_at FROM signing_secrets"
                " WHERE revoked_at IS NULL ORDER BY created_at, label"
            ).fetchall()
        stored = [
            Secret(label, value, created_at, None, used.get(label))
            for label, value, created_at in rows
        ]
        set_up = [
            msgspec.structs.replace(secret, last_verified_at=used.get(secret.label))
            for secret in self._configured
        ]
        return set_up + stored

    def revoked_secrets(self) -> list[Secret]:
        """The secrets that no longer count, newest first, without their values."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT label, value, created_at, revoked_at FROM signing_secrets"
                " WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC, id DESC"
            ).fetchall()
        return [Secret(*row) for row in rows]

    def add_secret(self, label: str, value: str | None = None, *, actor: str) -> Secret:
        """Add a signing secret, a random one when no value is given.

        A running service accepts it within a second. Raises InvalidInput for a
        label that is empty, too long, reserved or in use, and for an empty value.
        """
        label = _checked_label(label)
        value = randomness.token_hex(32) if value is None else _checked_value(value)
        moment = now()
        with self._file.writing() as connection:
            if connection.execute(_ACTIVE, (label,)).fetchone():
                raise InvalidInput(
                    f"There is an active secret with the label {label!r}; "
                    "choose another label or revoke that one first",
                    "label",
                )
            connection.execute(
                "INSERT INTO signing_secrets (label, value, created_at) VALUES (?, ?, ?)",
                (label, value, moment),
            )
            connection.execute("DELETE FROM secret_uses WHERE label = ?", (label,))
            note_audit(connection, moment, actor, "secret added", label)
        return Secret(label, value, moment)

    def revoke_secret(self, label: str, *, actor: str) -> None:
        """Take a secret away; its value is forgotten. Raises NotFound when none is active."""
        moment = now()
        with self._file.writing() as connection:
            changed = connection.execute(
                "UPDATE signing_secrets SET revoked_at = ?, value = ''"
                " WHERE label = ? AND revoked_at IS NULL",
                (moment, label),
            ).rowcount
            if not changed:
                raise NotFound(
                    f"No active secret has the label {label!r}; `tracker secret list` shows them"
                )
            note_audit(connection, moment, actor, "secret revoked", label)

    def note_verified(self, uses: dict[str, int]) -> None:
        """Remember when each secret, by label, last verified a delivery."""
        with self._file.writing() as connection:
            connection.executemany(
                "INSERT INTO secret_uses VALUES (?, ?) ON CONFLICT (label) DO UPDATE"
                " SET last_verified_at = max(last_verified_at, excluded.last_verified_at)",
                list(uses.items()),
            )

    def job_started(self, name: str, at: int) -> None:
        """Remember that a job has begun; what it last finished with stays until it ends."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO jobs (name, last_started_at) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET last_started_at = excluded.last_started_at",
                (name, at),
            )

    def job_finished(
        self, name: str, started_at: int, finished_at: int, ok: bool, result: str
    ) -> None:
        """Remember how a job's run went."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?)",
                (name, started_at, finished_at, ok, result),
            )

    def job_results(self) -> list[JobResult]:
        """The last run of every job that ever ran, by name."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT name, last_started_at, last_finished_at, ok, result FROM jobs ORDER BY name"
            ).fetchall()
        return [
            JobResult(name, started, finished, None if ok is None else bool(ok), result)
            for name, started, finished, ok, result in rows
        ]

    def standing(self, at: int) -> dict[tuple[str, int], Grant]:
        """Every session and every program's token that counts, with what it may see."""
        sessions = {("session", one.id): one.person.grant for one in self.sessions.all(at)}
        tokens = {("token", one.id): one.grant for one in self.tokens.all() if one.expires_at > at}
        return {**sessions, **tokens}


class SecretCache:
    """The active secrets for the hot path, read again at most every half second.

    Uses are kept in memory and written by `flush`, so that no delivery waits for it.
    """

    def __init__(self, control: Control, clock: Callable[[], int] = now) -> None:
        self._control = control
        self._clock = clock
        self._guard = threading.Lock()
        self._pairs = _pairs(control)
        self._read_at = clock()
        self._uses: dict[str, int] = {}

    def pairs(self) -> list[tuple[str, str]]:
        """Label and value of each active secret, at most half a second old."""
        at = self._clock()
        with self._guard:
            if not 0 <= at - self._read_at < REREAD_AFTER:
                self._read_at = at
                # A file that can't be read for a moment must not turn deliveries away.
                with suppress(TrackerError, DatabaseError):
                    self._pairs = _pairs(self._control)
            return self._pairs

    def verified(self, label: str, at: int) -> None:
        """Note that the secret with this label verified a delivery at `at` (microseconds)."""
        with self._guard:
            self._uses[label] = at

    def flush(self) -> int:
        """Write the noted uses and return how many secrets were used since the last time."""
        with self._guard:
            uses, self._uses = self._uses, {}
        if uses:
            self._control.note_verified(uses)
        return len(uses)


def _pairs(control: Control) -> list[tuple[str, str]]:
    return [(secret.label, secret.value) for secret in control.secrets()]


_ACTIVE: Final = "SELECT 1 FROM signing_secrets WHERE label = ? AND revoked_at IS NULL"


def _checked_label(label: str) -> str:
    label = label.strip()
    if not label or len(label) > MAX_LABEL_LENGTH or not label.isprintable():
        raise InvalidInput(
            f"The label {label!r} can't be used; give 1 to {MAX_LABEL_LENGTH} printable characters",
            "label",
        )
    if label.startswith(CONFIGURED):
        raise InvalidInput(
            f"The label {label!r} can't be used; labels with {CONFIGURED!r} in front "
            "belong to secrets from the settings",
            "label",
        )
    return label


def _checked_value(value: str) -> str:
    value = value.strip()
    if not value:
        raise InvalidInput("The secret is empty; give its value, or none to have one made", "value")
    return value
