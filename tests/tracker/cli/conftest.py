"""A data directory for the commands to work on."""

from pathlib import Path

import pytest

from tests.tracker.cli.running import BROKEN, NODE, STARTED
from tracker.envelope import read_envelope
from tracker.log import Incoming, Log


@pytest.fixture
def filled(data: Path) -> Path:
    """A data directory with two events and one quarantined delivery, without views."""
    log = Log(data)
    received = 1_772_355_600_000_000
    log.append(
        [
            Incoming(STARTED, received, read_envelope(STARTED)),
            Incoming(NODE, received + 7, read_envelope(NODE)),
            Incoming(BROKEN, received, reason="not JSON"),
        ]
    )
    log.close()
    return data
