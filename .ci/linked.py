"""What compiled packages were linked with, from their bills of materials, and its licences.

The bills name a work's licence, without its text. The texts stand in `.ci/licences`, each once,
named as SPDX names it; a licence without one ends the build.
"""

import json
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from tracker.release import chapter

TEXTS = Path(__file__).with_name("licences")
OPERATORS = {"AND", "OR", "WITH"}
# Offered beside another licence, which is taken instead.
NOT_TAKEN = {"BSD-2-Clause", "GPL-2.0-only", "LGPL-2.1-or-later", "Unlicense"}
BY_NAME_ALONE = {"Unicode-DFS-2016"}  # of unicode-ident, which works only while others compile
UNSTATED = {"openssl": "Apache-2.0"}  # cryptography's bill names no licence; OpenSSL's, since 3.0


def licences_of_linked(packages: Iterable[metadata.Distribution]) -> str:
    """A chapter for each package that was linked with others' works, then the licences' texts."""
    found = {package.name: works(package) for package in packages}
    taken = {name for parts in found.values() for part in parts for name in taken_of(part)}
    return "\n".join((
        *(chapter(f"Linked into {name}", "\n".join(sorted(set(map(line, parts)))))
          for name, parts in found.items() if parts),
        *(chapter(f"The text of the licence {name}", (TEXTS / f"{name}.txt").read_text())
          for name in sorted(taken)),
    ))  # fmt: skip


def works(package: metadata.Distribution) -> list[dict[str, Any]]:
    """All works in a package's bills of materials."""
    bills = [path for path in package.files or () if path.match("*.dist-info/sboms/*.json")]
    return [part for bill in bills for part in json.loads(bill.read_text())["components"]]


def taken_of(part: dict[str, Any]) -> set[str]:
    """The licences that a work is used under, of those that have a text; all must have one."""
    offered = set(re.findall(r"[\w.+-]+", stated(part))) - OPERATORS
    taken = offered - NOT_TAKEN - BY_NAME_ALONE
    without = {name for name in taken if not (TEXTS / f"{name}.txt").exists()}
    if without or not taken:
        raise SystemExit(f"{line(part)}: add the text to {TEXTS}")
    return taken


def line(part: dict[str, Any]) -> str:
    """One work: name, version, licence, author."""
    author = part.get("author", "its authors")
    return f"{part['name']} {part.get('version', '')}: {stated(part)} ({author})"


def stated(part: dict[str, Any]) -> str:
    """The licence of a work, as an SPDX expression."""
    named = [
        one.get("expression") or one["license"].get("id") or one["license"]["name"]
        for one in part.get("licenses") or ()
    ]
    return " AND ".join(named) or UNSTATED.get(part["name"], "licence not stated")
