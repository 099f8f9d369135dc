"""Running a command in a test, and the bodies that the tests speak of."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from tracker.cli.app import app

STARTED = (
    b'{"event":"WORKFLOW_RUN_STARTED","eventId":"e-1","eventTimestamp":"2026-03-01T09:00:00Z",'
    b'"data":{"recordId":"run-1","organizationId":"org-1","workflowId":"wf-1"}}'
)
NODE = STARTED.replace(b"RUN_STARTED", b"NODE_COMPLETED").replace(b"e-1", b"e-2")
BROKEN = b'{"event":'


def tracker(data: Path, *arguments: str, stdin: bytes = b"") -> Result:
    """A command in this process."""
    return CliRunner().invoke(app, [*arguments, "--data", str(data)], input=stdin)


def answer(data: Path, *arguments: str, stdin: bytes = b"") -> Any:
    """What a command prints for programs."""
    result = tracker(data, *arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def process(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, for one that sets up the whole process."""
    command = [sys.executable, "-m", "tracker", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
