"""The service's own log lines: text for people, JSON for programs.

All parts log by the standard library, as do the libraries; what a line states beside its
message are the record's `extra` values.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

# What every record has; anything else on one was given as `extra`.
USUAL: Final = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}


class _Lines(logging.Formatter):
    """Gathers what a line says."""

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What was stated beside the message, with the traceback of an error."""
        stated = {name: value for name, value in vars(record).items() if name not in USUAL}
        if record.exc_info and record.exc_info[1] is not None:
            stated["exception"] = self.formatException(record.exc_info)
        return stated


class AsJson(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line."""
        line = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": _moment(record),
            **self.facts(record),
        }
        return msgspec.json.encode(line, enc_hook=str).decode()


class AsText(_Lines):
    """Time, level, message and what belongs to it; a traceback on the lines after it."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as one line, or as several with a traceback."""
        facts = self.facts(record)
        traceback = facts.pop("exception", None)
        parts = [_moment(record), f"[{record.levelname.lower()}]", record.getMessage()]
        parts += [f"{name}={value}" for name, value in facts.items()]
        line = " ".join([*parts, f"({record.name})"])
        return f"{line}\n{traceback}" if traceback else line


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")


def configure_log_lines(log_format: str) -> None:
    """Write log lines to standard error, in the format of the setting."""
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(AsText() if as_text else AsJson())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # System shows each run of a job; a line for every one would hide the others.
    # Nor is each request of a sign-in by another service worth one.
    for chatty in ("apscheduler", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
