"""tracker.toml explains every setting, and one line changes without touching the others."""

import stat
import tomllib
from pathlib import Path

import pytest

from tracker.errors import InvalidInput
from tracker.settings import Settings, load_settings
from tracker.settings_file import settings_toml, with_setting, write_settings


def test_the_file_explains_every_setting_and_sets_none() -> None:
    text = settings_toml()

    assert tomllib.loads(text) == {}
    for name, field in Settings.model_fields.items():
        assert (f"# {name} = " in text) is (name != "data")
        said = " ".join(text.replace("\n# ", " ").split())
        assert name == "data" or str(field.description) in said


def test_taking_the_marks_away_sets_each_setting_to_its_default(data: Path) -> None:
    lines = settings_toml().splitlines()
    taken = [line.removeprefix("# ") if " = " in line else line for line in lines]
    (data / "tracker.toml").write_text("\n".join(taken))

    assert load_settings(data) == load_settings(data.parent).model_copy(update={"data": data})


def test_values_that_are_given_are_set() -> None:
    text = settings_toml({"port": 9000, "public_url": "https://tracker.example.org"})

    assert tomllib.loads(text) == {"port": 9000, "public_url": "https://tracker.example.org"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# port = 8000\nhost = 'a'\n", "port = 9\nhost = 'a'\n"),
        ("port = 1 # mine\n# port = 2\n", "port = 9\n# port = 2\n"),
        ("# a word\nhost = 'a'", "# a word\nhost = 'a'\nport = 9\n"),
        ("", "port = 9\n"),
    ],
)
def test_one_setting_changes_in_its_place(before: str, after: str) -> None:
    assert with_setting(before, "port", 9) == after


def test_written_settings_are_read_back_and_private(data: Path) -> None:
    write_settings(data, public_url="https://a.example.org")
    write_settings(data, port=9000)

    settings = load_settings(data)
    assert (settings.public_url, settings.port) == ("https://a.example.org", 9000)
    assert stat.S_IMODE((data / "tracker.toml").stat().st_mode) == 0o600


def test_a_wrong_value_is_refused_before_anything_is_written(data: Path) -> None:
    with pytest.raises(InvalidInput, match="must be https"):
        write_settings(data, public_url="http://tracker.example.org")

    assert not (data / "tracker.toml").exists()
