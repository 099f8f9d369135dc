"""The log: every event once, in order of arrival, never changed.

`Log` is the one writer (held by a file lock), `LogReader` the reader by position
or entity, `verify` the proof that nothing was changed, removed or reordered.
"""

from tracker.log.compressing import Compressed
from tracker.log.erasing import Erasure, Found
from tracker.log.proof import Verification, body_fits, verify
from tracker.log.reader import LogReader
from tracker.log.rows import (
    Delivery,
    Incoming,
    LogStats,
    Outcome,
    Quarantined,
    Receipt,
    StoredEvent,
)
from tracker.log.schema import LOG_STEPS
from tracker.log.writer import Erasing, Log

__all__ = [
    "LOG_STEPS",
    "Compressed",
    "Delivery",
    "Erasing",
    "Erasure",
    "Found",
    "Incoming",
    "Log",
    "LogReader",
    "LogStats",
    "Outcome",
    "Quarantined",
    "Receipt",
    "StoredEvent",
    "Verification",
    "body_fits",
    "verify",
]
