"""Every command in the README does what it says: all are run, in order, in one scratch directory.

A command runs as it stands. One that can't (it needs the internet, the machine's own services,
or a person to end it) stands in `OTHERWISE` with what is run instead and why. A command that is
neither fails the test, and so does a line of the table that the README has lost.
"""

import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

from tests.conftest import provided
from tests.running import ROOT, environment, free_port
from tracker.cli.app import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECONDS = 300  # until something must be wrong


class Otherwise(NamedTuple):
    """What is run instead of a command (None: nothing), and the reason."""

    run: str | None
    why: str


ALIVE = "until curl -sf -o healthz http://127.0.0.1:$TRACKER_PORT/healthz; do sleep 0.1; done"
IN_CI = "downloads packages; CI has run it before this test, and made the environment it runs in"
OTHERWISE = {
    "python3 -m venv .venv": Otherwise(None, IN_CI),
    ".venv/bin/pip install --require-hashes -r .ci/requirements.txt": Otherwise(None, IN_CI),
    ".venv/bin/pip install --no-deps --no-build-isolation .": Otherwise(None, IN_CI),
    ".venv/bin/pip install --quiet --require-hashes -r .ci/requirements-dev.txt": Otherwise(
        None, IN_CI
    ),
    ".venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .": Otherwise(
        None, IN_CI
    ),
    ".venv/bin/python -m pytest": Otherwise(
        ".venv/bin/python -m pytest --version", "would run this very test, and so on for ever"
    ),
    ".venv/bin/tracker demo": Otherwise(
        ".venv/bin/tracker demo --people 3 --port $TRACKER_PORT & demo=$!; "
        f"{ALIVE}; kill $demo; wait $demo",
        "goes on until it is ended; here with few people on a free port",
    ),
    "tracker serve &": Otherwise(
        f"tracker serve & {ALIVE}",
        "a person goes on when it says that it serves",
    ),
    ".ci/build": Otherwise(
        "cp .venv/bin/tracker dist/tracker", "takes minutes; CI builds it and tries it out"
    ),
    "tracker serve --data /srv/restored": Otherwise(
        "tracker serve --data machine/srv/restored --port $RESTORED_PORT & restored=$!; "
        f"{ALIVE.replace('TRACKER_PORT', 'RESTORED_PORT')}; kill $restored; wait $restored",
        "goes on until it is ended; here on a free port",
    ),
    "sudo tracker install --public-url https://tracker.example.org": Otherwise(
        "tracker install --root machine --public-url https://tracker.example.org",
        "changes the machine; here it writes below a directory",
    ),
    "sudo apt-get install --yes caddy": Otherwise(None, "needs the internet, changes the machine"),
    "sudo systemctl reload caddy": Otherwise(None, "there is no Caddy to reload"),
    "sudo tracker setup --data /var/lib/tracker --public-url https://tracker.example.org"
    " --make-secret": Otherwise(
        "tracker setup --data machine/var/lib/tracker --port $SETUP_PORT --make-secret"
        " --public-url http://127.0.0.1:$SETUP_PORT",
        "the name is an example; here the public address is this machine's own",
    ),
}
PLACEHOLDERS = {
    "tracker-2026-03-01T02-00-00Z.zip": "tracker-*.zip",
    "/mnt/": "machine/mnt/",
    "/srv/": "machine/srv/",
    "http://127.0.0.1:8000": "http://127.0.0.1:$TRACKER_PORT",
    "/usr/local/bin/": "machine/usr/local/bin/",
    "/etc/": "machine/etc/",
    "/var/lib/": "machine/var/lib/",
}  # fmt: skip


def commands() -> list[str]:
    """The README's commands in order: one for each line, or part of a line between `&&`."""
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for _, block in blocks for line in block.splitlines()]
    bare = [re.sub(r"\s+# .*$", "", line) for line in lines if not line.startswith("#")]
    return [part.strip() for line in bare if line for part in line.split(" && ")]


def as_run(command: str) -> str | None:
    """What stands for a command in the scratch directory."""
    if command in OTHERWISE:
        return OTHERWISE[command].run
    for name, here in PLACEHOLDERS.items():
        command = command.replace(name, here)
    return command


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A directory that looks like a clone with its environment, and a machine to install on."""
    for program in ("curl", "openssl"):
        provided(program)
    for name in ("fixtures", ".ci"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in (
        ".venv/bin",
        "dist",
        "machine/usr/local/bin",
        "machine/etc/caddy",
        "machine/mnt/usb",
        "machine/srv",
    ):
        (tmp_path / name).mkdir(parents=True)
    start = f"PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)}"
    _script(tmp_path / ".venv/bin/python", f'{start} "$@"')
    _script(tmp_path / ".venv/bin/tracker", f'{start} -m tracker "$@"')
    # Whoever runs the tests may do what is tried here: it all lies in this directory.
    _script(tmp_path / ".venv/bin/sudo", '[ "$1" = -u ] && shift 2\nexec "$@"')
    (tmp_path / ".venv/bin/activate").write_text('PATH="$PWD/.venv/bin:$PATH"\n')
    return tmp_path


def test_every_command_runs_in_the_order_of_the_readme(scratch: Path) -> None:
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for command in commands():
        lines += [f"echo {shlex.quote(f'README: {command}')} >&2", as_run(command) or ":"]
    names = ("TRACKER_PORT", "SETUP_PORT", "RESTORED_PORT")
    ports = {name: str(free_port()) for name in names}
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        env=environment(**ports, TRACKER_PROOF_HOUR="0"),
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"accepted"' in done.stdout.replace(" ", "")
    assert "✓ A test delivery came through" in done.stdout


def test_what_is_not_run_as_it_stands_is_in_the_readme() -> None:
    assert set(OTHERWISE) - set(commands()) == set()


def test_there_is_something_to_run() -> None:
    assert len(commands()) > len(OTHERWISE)


def spans() -> list[str]:
    """The commands of ours that stand within sentences and tables."""
    return sorted(set(re.findall(r"`(?:sudo (?:-u tracker )?)?(tracker [-a-z][^`]*)`", README)))


@pytest.mark.parametrize("span", spans())
def test_a_command_in_a_sentence_exists_with_its_options(span: str) -> None:
    words = span.replace("…", " ").split()[1:]
    command = get_command(app)
    while words and (inner := getattr(command, "commands", {}).get(words[0])):
        command, words = inner, words[1:]
    known = {name for option in command.params for name in option.opts + option.secondary_opts}

    assert command.name != "tracker" or not words or words[0].startswith("-"), span
    assert {word for word in words if word.startswith("--")} - known - {"--help"} == set()


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
