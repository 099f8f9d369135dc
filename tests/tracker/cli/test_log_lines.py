"""The service's own log lines, for people and for programs."""

import json
import logging
import sys

import pytest

from tracker.cli.log_lines import AsJson, AsText

AT = 1_772_355_600.25  # 2026-03-01T09:00:00.25Z


def record(message: str, *values: object, **stated: object) -> logging.LogRecord:
    logger = logging.getLogger("tracker")
    made = logger.makeRecord(
        logger.name, logging.ERROR, __file__, 1, message, values, None, extra=stated
    )
    made.created = AT
    return made


def failed() -> logging.LogRecord:
    made = record("a request failed", route="/runs")
    error = ValueError("of the test")
    made.exc_info = (type(error), error, error.__traceback__)
    return made


def test_a_program_reads_one_object_a_line() -> None:
    line = AsJson().format(record("serving %s", "here", url="http://here", path=sys))
    assert json.loads(line) == {
        "event": "serving here",
        "level": "error",
        "logger": "tracker",
        "timestamp": "2026-03-01T09:00:00.250000Z",
        "url": "http://here",
        "path": str(sys),
    }


def test_people_read_what_was_stated_on_the_same_line() -> None:
    line = AsText().format(record("serving", url="http://here"))
    assert line == "2026-03-01T09:00:00.250000Z [error] serving url=http://here (tracker)"


@pytest.mark.parametrize("lines", [AsJson(), AsText()])
def test_an_error_comes_with_its_traceback(lines: logging.Formatter) -> None:
    line = lines.format(failed())
    assert "ValueError: of the test" in line
    assert "/runs" in line
    assert line.count("\n") == 0 or isinstance(lines, AsText)
