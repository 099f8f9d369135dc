"""The command line: `tracker`, one file for each family of commands."""

from tracker.cli.app import main

__all__ = ["main"]
