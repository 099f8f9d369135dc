"""Which file holds which command. A file is imported when its command is asked for.

So a command starts without what only the others need; the help alone needs them all.
"""

from collections import UserDict
from importlib import import_module
from typing import Any, Final

import typer
from typer.main import get_group

# In the order of the help: the name of a command or of a family, and its file beside this one.
FILES: Final = {
    "demo": "demo",
    "setup": "setup",
    "install": "install",
    "serve": "serve",
    "send": "send",
    "rebuild": "projections",
    "digest": "projections",
    "projections": "projections",
    "log": "log",
    "quarantine": "quarantine",
    "workflow": "workflow",
    "secret": "secret",
    "backup": "backup",
    "restore": "restore",
    "user": "user",
    "token": "token",
    "doctor": "doctor",
    "erase": "erase",
    "export-person": "export_person",
    "retention": "retention",
    "compress": "compress",
    "audit": "audit",
    "upgrade-check": "upgrade_check",
}


class ByName(UserDict[str, Any]):
    """All commands by their names."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(FILES))

    def __getitem__(self, name: str) -> Any:
        """A command; its file is imported the first time."""
        if self.data[name] is None:
            held = typer.Typer()
            import_module(f"tracker.cli.{FILES[name]}").register(held)
            self.data.update(get_group(held).commands)
        return self.data[name]
