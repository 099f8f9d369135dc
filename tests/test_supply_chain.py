"""What the product is made of: pinned, without known holes, and listed."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tests.running import ROOT
from tracker.database import sqlite_version

PIN = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
LOCKS = sorted((ROOT / ".ci").glob("requirements*.txt"))
ADVISORIES = tomllib.loads((ROOT / ".ci/advisories.toml").read_text())["advisory"]


def holes(pins: dict[str, str]) -> list[str]:
    """The advisories that some pinned versions are subject to."""
    return [
        f"{one['package']} {pins[one['package']]} is older than {one['safe']}: {one['ids']}"
        for one in ADVISORIES
        if one["package"] in pins and Version(pins[one["package"]]) < Version(one["safe"])
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_pinned_version_has_a_hole_that_we_know_of(lock: Path) -> None:
    pins = dict(PIN.findall(lock.read_text()))
    assert pins
    assert holes(pins) == []


def test_the_sqlite_in_use_has_none_either() -> None:
    assert holes({"sqlite": ".".join(map(str, sqlite_version()))}) == []


def test_an_older_version_is_named() -> None:
    [said] = holes({"granian": "2.7.3", "litestar": "2.24.0"})
    assert "granian 2.7.3 is older than 2.7.4" in said
    assert "CVE-2026-42544" in said


@pytest.mark.parametrize(
    ("package", "old", "safe"),
    [
        ("litestar", "2.23.9", "2.24.0"),
        ("h11", "0.14.0", "0.16.0"),
        ("granian", "2.7.3", "2.7.4"),
        ("multipart", "1.3.0", "1.3.1"),
        ("pyinstaller", "5.13.2", "6.0.0"),
        ("apscheduler", "3.11.1", "3.11.2"),
        ("sqlite", "3.51.2", "3.51.3"),
    ],
)
def test_the_holes_that_matter_to_us_are_in_the_table(package: str, old: str, safe: str) -> None:
    assert holes({package: old})
    assert not holes({package: safe})


def test_the_checks_write_the_bill_of_materials() -> None:
    assert "\nstep .ci/sbom dist/sbom.cdx.json\n" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_by_hash_and_no_address_is_in_the_lock(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_the_bill_of_materials_names_everything(tmp_path: Path) -> None:
    bill = tmp_path / "sbom.cdx.json"
    subprocess.run([sys.executable, ".ci/sbom", str(bill)], cwd=ROOT, check=True)
    found: list[dict[str, Any]] = json.loads(bill.read_text())["components"]
    names = {one["name"] for one in found}
    assert set(dict(PIN.findall((ROOT / ".ci/requirements.txt").read_text()))) <= names
    assert {"htmx.org", "@tabler/core", "sqlite"} <= names
    assert all(one["version"] for one in found)
