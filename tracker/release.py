"""What is running: from its source, or as the single binary that `.ci/build` makes.

The build lays two files beside this one: `build.json` says what it was built from,
`licenses.txt` holds the licences of everything inside.
"""

import os
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from tracker.database import sqlite_version

NAME: Final = "workflow-run-tracker"
LAUNCHED_AS: Final = "_TRACKER_FILE"  # set by the binary's launcher: the file that was started
LICENCE_FILES: Final = ("LICEN", "COPYING", "NOTICE", "AUTHORS")
RULE: Final = "=" * 78


class Build(msgspec.Struct, frozen=True):
    """What a binary was built from, and the oldest glibc that it runs with."""

    commit: str | None = None
    glibc: str | None = None


def is_binary() -> bool:
    """Whether this is the single binary, and not the source."""
    return bool(getattr(sys, "frozen", False))


def own_command() -> list[str]:
    """The words that start another process of this very software, before its arguments."""
    return [sys.executable] if is_binary() else [sys.executable, "-m", "tracker"]


def own_file() -> Path | None:
    """The one file that the operator copied and started; None when run from its source."""
    launched = os.environ.get(LAUNCHED_AS)
    return Path(launched) if is_binary() and launched else None


def build() -> Build:
    """What is known of the build; empty when run from its source."""
    stated = files("tracker") / "build.json"
    return msgspec.json.decode(stated.read_bytes(), type=Build) if stated.is_file() else Build()


def version() -> str:
    """The version of this software, with its commit when that is known."""
    try:
        number = metadata.version(NAME)
    except metadata.PackageNotFoundError:
        number = "run from its source"
    commit = build().commit
    return f"{number} ({commit})" if commit else number


def versions() -> list[tuple[str, str]]:
    """What is running, each with its version: this product, Python, SQLite, zones, the system."""
    glibc = build().glibc
    needs = f", needs glibc {glibc} or later" if glibc else ""
    return [
        ("Workflow run tracker", version()),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("SQLite", ".".join(map(str, sqlite_version()))),
        ("Zone data", metadata.version("tzdata")),
        ("System", f"{platform.system()} {platform.machine()}{needs}"),
    ]


def licences() -> str:
    """The licences of everything inside: of the binary, else of the packages installed here."""
    stated = files("tracker") / "licenses.txt"
    return stated.read_text() if stated.is_file() else licences_of(metadata.distributions())


def licences_of(packages: Iterable[metadata.Distribution]) -> str:
    """The licence texts that packages carry, one after the other by name."""
    by_name = {package.name.lower(): package for package in packages}
    return "\n".join(_licence(by_name[name]) for name in sorted(by_name))


def _licence(package: metadata.Distribution) -> str:
    fields = ("License-Expression", "License")
    stated = next((package.metadata[name] for name in fields if name in package.metadata), "")
    texts = [
        path.read_text(encoding="utf-8")
        for path in package.files or ()
        if ".dist-info" in path.parts[0] and path.name.upper().startswith(LICENCE_FILES)
    ]
    return chapter(f"{package.name} {package.version}", stated.partition("\n")[0], *texts)


def chapter(title: str, *parts: str) -> str:
    """One part of the licences under its title."""
    return "\n".join((RULE, title, RULE, "", *(part.rstrip() + "\n" for part in parts if part)))
