"""A small program, packed as the product is, to see what the launcher does with it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.running import PATIENCE, ROOT

# Says who it is and what it was given; sleeps when it is told to.
PROGRAM = """\
#!/bin/sh
echo "$$ $_TRACKER_FILE"
for word; do echo "[$word]"; done
[ -z "${SLEEP:-}" ] || exec sleep "$SLEEP"
exit "${STATUS:-0}"
"""


class Packed:
    """One packed file, and the place that it is unpacked to."""

    def __init__(self, folder: Path, version: str = "1", glibc: str = "2.17") -> None:
        self.home = folder / "home"
        self.cache = folder / "cache"  # of the installed service
        self.file = folder / f"tracker-{version}"
        content = folder / f"content-{version}"
        content.mkdir()
        program = content / "tracker"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        (content / "version").write_text(version)
        self.pack(content, version, glibc)

    def pack(self, content: Path, version: str, glibc: str) -> None:
        """Make the file."""
        command = [sys.executable, ".ci/pack.py", str(content), str(self.file)]
        options = ["--version", version, "--glibc", glibc, "--cache", str(self.cache)]
        subprocess.run([*command, *options], cwd=ROOT, check=True)

    def start(
        self, *arguments: str, through: Sequence[str] = (), **env: str
    ) -> "subprocess.Popen[str]":
        """Start it, in a process group of its own."""
        given = {"TRACKER_HOME": str(self.home), "PATH": os.environ["PATH"], **env}
        return subprocess.Popen(
            [*through, str(self.file), *arguments],
            env={name: value for name, value in given.items() if value},
            cwd=self.file.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: str, through: Sequence[str] = (), **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        process = self.start(*arguments, through=through, **env)
        out, errors = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def unpacked(self) -> list[str]:
        """The versions that lie unpacked, and whatever else lies beside them."""
        versions = [path / "version" for path in sorted(self.home.iterdir())]
        return [v.read_text() if v.exists() else v.parent.name for v in versions]


def stub(folder: Path, name: str, script: str) -> str:
    """A PATH on which a command does something else."""
    commands = folder / "commands"
    commands.mkdir(exist_ok=True)
    command = commands / name
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return f"{commands}:{os.environ['PATH']}"
