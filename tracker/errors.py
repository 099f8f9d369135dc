"""Every error that the product raises on purpose.

TrackerError
├── InvalidEnvelope   a signed body that is not an event: quarantined, answered 200
├── NotStored         the log could not commit: answered 503, the sender tries again
├── LogDamaged        the log's chain or columns do not agree with its bodies
├── BackupDamaged     a backup is not what was written, exit code 1
├── Busy              another process holds a file that only one may write
├── NotFound          no row with that id: answered 404
├── InvalidInput      a person's input can't be used: answered 400, exit code 2
└── NotReady          the service can't start or a precondition is missing, exit code 1

`web.problems` translates them into answers, `tracker.cli` into exit codes.
A message says what failed, which value caused it and what to do next.
"""


class TrackerError(Exception):
    """An error with a message for its reader."""


class InvalidEnvelope(TrackerError):
    """A signed body can't be read as an event; the message is the reason kept with it."""


class NotStored(TrackerError):
    """The event's transaction could not be committed; nothing was acknowledged."""


class LogDamaged(TrackerError):
    """The log disagrees with its chain; `position` is the first row that does."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class BackupDamaged(TrackerError):
    """A part of a backup is missing, cut off or changed; the message names it."""


class Busy(TrackerError):
    """Another process holds the lock of a file that only one process may write."""


class NotFound(TrackerError):
    """Nothing is stored under the id that was asked for."""


class InvalidInput(TrackerError):
    """A person's input can't be used; `field` names the part of it, if there is one."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotReady(TrackerError):
    """Something that must be in place first is missing; the message says how to add it."""
