"""Questions on a terminal. Without one, each has an option that answers it."""

import sys
from collections.abc import Callable, Sequence
from secrets import token_hex

import msgspec
import typer

from tracker.cli.output import say
from tracker.errors import InvalidInput


class Given(msgspec.Struct, frozen=True):
    """A signing secret, and what is said of it: its value only if it was made just now."""

    value: str
    shown: str


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def ask(question: str, default: str, check: Callable[[str], str] = str) -> str:
    """What somebody types, asked again until it can be used; the default without a terminal."""
    if not on_terminal():
        return default
    while True:
        typed = str(typer.prompt(question, default=default, show_default=bool(default))).strip()
        try:
            return check(typed)
        except ValueError as error:
            say(f"{typed!r} can't be used: {error}")


def given_secret(secret: str | None, make: bool, known: Sequence[str]) -> Given:
    """The secret to sign with: given, made, known already, else typed without an echo.

    Raises InvalidInput when there is none and nobody to ask.
    """
    if make:
        return _made()
    if secret is not None:
        return _pasted(piped(secret))
    if known:
        return Given(known[0], "the one that is known here already: `tracker secret list`")
    if not on_terminal():
        raise InvalidInput(
            "There is no signing secret; give --secret - to read the one from Popp's portal "
            "from standard input, or --make-secret to have one made",
            "secret",
        )
    typed = _hidden("Signing secret from Popp's portal (stays hidden; empty: one is made)")
    return _pasted(typed) if typed.strip() else _made()


def piped(value: str) -> str:
    """A secret as it was given; for `-` a line of standard input, not echoed on a terminal."""
    if value != "-":
        return value
    if on_terminal():
        return _hidden("Signing secret from Popp's portal (stays hidden)")
    return sys.stdin.readline()


def _hidden(question: str) -> str:
    return str(typer.prompt(question, default="", hide_input=True, show_default=False))


def _made() -> Given:
    value = token_hex(32)
    return Given(value, f"{value}  (shown this once)")


def _pasted(value: str) -> Given:
    if not value.strip():
        raise InvalidInput("The secret is empty; paste it again, or use --make-secret", "secret")
    return Given(value.strip(), "the one that you gave")
