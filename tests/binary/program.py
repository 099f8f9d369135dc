"""The product as it is handed over: the single binary, or `python -m tracker` without one.

`TRACKER_BINARY` names the binary; `.ci/run` builds it and sets that. The same story is told
of both, so that no test is left out where there is none.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.running import PATIENCE, Running, environment, service

BINARY = os.environ.get("TRACKER_BINARY")
LARGEST = 50_000_000  # bytes of the one file


class Program:
    """Runs commands in a directory that holds nothing but what the program itself makes."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.home = folder / "home"  # where the binary unpacks itself
        self.scratch = folder / "tmp"
        for path in (self.home, self.scratch):
            path.mkdir(mode=0o700)
        self.words = [sys.executable, "-m", "tracker"]
        self.env = {"TRACKER_HOME": str(self.home), "TMPDIR": str(self.scratch)}
        if BINARY:
            # A copy far from the source, as on another machine.
            self.words = [shutil.copy(BINARY, folder / "tracker")]

    def run(self, *arguments: str, before: tuple[str, ...] = ()) -> str:
        """What a command prints; the test fails when the command does."""
        ran = subprocess.run(
            [*before, *self.words, *arguments, *self.where(arguments)],
            env=environment(**self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def where(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """The option that every command but the program itself takes."""
        return () if arguments[0].startswith("--") else ("--data", str(self.data))

    def json(self, *arguments: str) -> Any:
        """What a command prints for programs."""
        return json.loads(self.run(*arguments, "--json"))

    @contextmanager
    def serving(
        self, *before: str, env: Mapping[str, str] | None = None, command: tuple[str, ...] = ()
    ) -> Iterator[Running]:
        """The running service, behind the words of another program if there are any."""
        program = (*before, *self.words)
        given = {**self.env, **(env or {})}
        with service(
            self.data, env=given, command=command or ("serve",), program=program
        ) as running:
            yield running

    def leftovers(self) -> list[str]:
        """Everything temporary that there is, and everything unpacked beyond one version."""
        unpacked = sorted(self.home.iterdir())
        surplus = unpacked[1:] if BINARY else unpacked
        return [path.name for path in [*surplus, *self.scratch.iterdir()]]
