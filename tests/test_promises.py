"""What the repository promises about itself, checked against what it is."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from typer.main import get_command

from projections import diagrams
from tracker.cli.app import app
from tracker.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()

TOP_LEVEL = {
    "pyproject.toml", "README.md", "LICENSE",
    "tracker", "projections", "web", "tests", "fixtures", "data",
}  # fmt: skip

# These change something and say so; what they print is no data.
WITHOUT_JSON = {
    "tracker demo", "tracker serve", "tracker log export",
    "tracker quarantine discard", "tracker secret revoke", "tracker install", "tracker setup",
    "tracker user remove", "tracker token revoke",
}  # fmt: skip


def commands(command: Any, name: str = "tracker") -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from commands(one, f"{name} {word}")


COMMANDS = dict(commands(get_command(app)))
every_command = pytest.mark.parametrize("name", COMMANDS)


def options(name: str) -> set[str]:
    return {option for param in COMMANDS[name].params for option in param.opts}


@every_command
def test_every_command_says_what_it_does_and_ends_with_an_example(name: str) -> None:
    command = COMMANDS[name]

    assert command.help
    assert command.epilog.startswith(f"Example: {name}")


@every_command
def test_every_command_takes_a_data_directory(name: str) -> None:
    assert "--data" in options(name)


@every_command
def test_every_command_that_prints_data_prints_it_for_programs_too(name: str) -> None:
    assert ("--json" in options(name)) is (name not in WITHOUT_JSON)


@every_command
def test_every_option_is_explained(name: str) -> None:
    unexplained = [param.name for param in COMMANDS[name].params if not param.help]

    assert unexplained == []


@every_command
def test_every_command_stands_in_the_readme(name: str) -> None:
    words = name.split()
    row = next((line for line in README.splitlines() if f"| `{' '.join(words[:2])}" in line), "")
    if len(words) == 3:
        rows = [line for line in README.splitlines() if line.startswith(f"| `tracker {words[1]} ")]
        row = next((line for line in rows if re.search(rf"[ `]{words[2]}[ `]", line)), "")

    assert row, f"the README's table of commands has no row for {name}"


def test_every_fixture_that_is_recommended_exists() -> None:
    texts = [README, *(command.epilog for command in COMMANDS.values())]
    named = {path for text in texts for path in re.findall(r"fixtures/[\w./-]+", text)}

    assert {path for path in named if not (ROOT / path).exists()} == set()


def threats() -> list[str]:
    """The rows of the README's table of threats, without its head."""
    table = README.partition("| who | tries |")[2].partition("\n\n")[0]
    return table.splitlines()[2:]


@pytest.mark.parametrize("row", threats())
def test_each_threat_names_tests_that_there_are(row: str) -> None:
    *_, stopped_by, tests = (cell.strip() for cell in row.strip("| ").split(" | "))
    named = re.findall(r"`([^`]+)`", tests)

    assert stopped_by
    assert named
    for name in named:
        files = [ROOT / name, *(ROOT / name).rglob("test_*.py")]
        assert any("\ndef test_" in file.read_text() for file in files if file.is_file()), name


def test_there_are_threats() -> None:
    assert len(threats()) > 10


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_readme_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]
    shown = row.split("|")[2].strip().strip("`")

    assert field.description
    default = "none" if str(field.default) in {"", "()"} else str(field.default)
    assert shown == {"data": "./data"}.get(name, default)


def test_the_diagrams_are_drawn_from_the_machines_as_they_are() -> None:
    assert diagrams.check(README), "stale; run `python -m projections.diagrams`"


def test_a_line_imports_lines_below_it_never_above(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA|ATTACH)\b")
OPENS = re.compile(r"\b(pysqlite3|sqlite3|sqlite_utils|open_reader|open_writer)\b|\.execute\(")


def test_the_web_holds_no_sql_and_opens_no_connection() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "web").rglob("*.py")
        if SQL.search(text := path.read_text()) or OPENS.search(text)
    ]

    assert guilty == []


def test_the_top_level_explains_the_product() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    names = {path.split("/")[0] for path in listed}

    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_the_default_data_directory_holds_nothing_but_its_explanation() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "data"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert tracked == ["data/.gitignore", "data/README.md"]


def test_the_lock_files_hold_hashes_and_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / ".ci" / name).read_text()

        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
        assert not re.search(r"^-", text, re.MULTILINE), "an option of pip in a lock file"


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = {distribution(line) for line in project["project"]["dependencies"]}
    dev = {distribution(line) for line in project["dependency-groups"]["dev"]}

    assert runtime - locked("requirements.txt") == set()
    assert (runtime | dev) - locked("requirements-dev.txt") == set()


def test_every_dependency_has_a_lower_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert [line for line in project["project"]["dependencies"] if ">=" not in line] == []


def distribution(requirement: str) -> str:
    return re.split(r"[\[<>=;~! ]", requirement)[0].lower().replace("_", "-")


def locked(name: str) -> set[str]:
    text = (ROOT / ".ci" / name).read_text()
    return {distribution(line) for line in text.splitlines() if re.match(r"[a-z0-9]", line)}
