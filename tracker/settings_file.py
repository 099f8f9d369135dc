"""tracker.toml as it is written for people: every setting with its meaning and its default.

Made from `Settings`, so that nothing is explained twice. A line that begins with `#` stands
for the default; setting it means taking the `#` away.
"""

import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tracker.settings import FILE_NAME, Settings, load_settings

HEAD: Final = """\
# Settings of the workflow run tracker. The environment (TRACKER_ and the name in capitals)
# goes before this file, the command line before both. Restart the service after a change.
"""
WIDTH: Final = 96


def settings_toml(values: Mapping[str, Any] = {}) -> str:
    """The whole file: all settings explained, those in `values` set."""
    shown = [name for name in Settings.model_fields if name != "data"]
    return "\n".join([HEAD, *(_entry(name, values) for name in shown)])


def with_setting(text: str, name: str, value: Any) -> str:
    """The file with one setting changed in its place, else added at the end; all else stays."""
    line = f"{name} = {_toml(value)}"
    own = re.compile(rf"^#?[ \t]*{re.escape(name)}[ \t]*=.*$", re.MULTILINE)
    if own.search(text):
        return own.sub(lambda _found: line, text, count=1)
    return f"{text.rstrip()}\n{line}\n".lstrip()


def write_settings(data: Path, **values: Any) -> Path:
    """Set values in a data directory's file, which is made when it is missing.

    Raises InvalidInput when the file can't be read or a value can't be used; it is unchanged then.
    """
    path = data / FILE_NAME
    load_settings(data, **values)
    text = path.read_text(encoding="utf-8") if path.exists() else settings_toml()
    for name, value in values.items():
        text = with_setting(text, name, value)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def _entry(name: str, values: Mapping[str, Any]) -> str:
    field = Settings.model_fields[name]
    about = textwrap.fill(
        f"{field.description}.", WIDTH, initial_indent="# ", subsequent_indent="# "
    )
    mark = "" if name in values else "# "
    return f"{about}\n{mark}{name} = {_toml(values.get(name, field.default))}\n"


def _toml(value: Any) -> str:
    """Texts, numbers, truth values and lists are written in TOML as in JSON; all else as text."""
    return json.dumps(value, ensure_ascii=False, default=str)
