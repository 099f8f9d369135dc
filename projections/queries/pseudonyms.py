"""What stands for an id that says who somebody is, before those who may not know.

Ids are shown to everybody, and some customers use e-mail addresses or phone numbers as ids.
A viewer's connection gives a pseudonym wherever one would be read, and takes the pseudonym
for the id in every question, so that links, filters and joins work as ever. No question has
to think of it. An address itself asks for nothing: else a viewer could try whose is known.

A pseudonym holds until the service stops. One that followed from the id alone could be
guessed: there are not many phone numbers.
"""

import hashlib
import re
import secrets
import threading
from typing import Any, Final

from tracker.database import Connection, Cursor

BEGINNING: Final = "hidden-"
MOST_KEPT: Final = 50_000  # beyond that the oldest is forgotten; who reads it again may ask by it
# Each word is looked at once, so that no text makes looking take long.
_WORD: Final = r"""[^\s@<>"',;:/\\]"""
_EMAIL: Final = rf"(?<!{_WORD}){_WORD}++@{_WORD}++"
# As a whole, or behind the system and the organization that an identity begins with.
_PHONE: Final = r"""(?<![^:/"])(?:\+|0)[0-9 ().-]{7,18}[0-9](?![^"])"""
_NUMBER: Final = re.compile(_PHONE)
_EITHER: Final = re.compile(f"{_EMAIL}|{_PHONE}")
_PSEUDONYM: Final = re.compile(f"{BEGINNING}[0-9a-f]{{12}}")
_ASKED: Final = re.compile(f"{_PSEUDONYM.pattern}|{_EMAIL}|{_PHONE}")

_secret = secrets.token_bytes(16)
_kept: dict[str, str] = {}
_guard = threading.Lock()


class Pseudonymous(Connection):
    """A connection that reads pseudonyms, and understands them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.text_factory = lambda text: hide(text.decode())

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Ask with what the pseudonyms stand for."""
        if isinstance(parameters, dict):
            return super().execute(sql, {k: _asked(v) for k, v in parameters.items()})
        return super().execute(sql, [_asked(value) for value in parameters])


def hide(text: str) -> str:
    """The text with a pseudonym in the place of each address and phone number."""
    personal = _EITHER if "@" in text else _NUMBER
    return personal.sub(lambda found: _keep(found[0]), text)


def reveal(text: str) -> str:
    """The text with what its pseudonyms stand for."""
    return _PSEUDONYM.sub(lambda found: _kept.get(found[0], found[0]), text)


def _asked(value: Any) -> Any:
    """What a question asks for: what a pseudonym stands for, and no address by itself."""
    if not isinstance(value, str):
        return value
    return _ASKED.sub(lambda found: _kept.get(found[0]) or _name(found[0]), value)


def _keep(personal: str) -> str:
    """The pseudonym of an address, which can be asked by from now on."""
    name = _name(personal)
    if name not in _kept:
        with _guard:
            while len(_kept) >= MOST_KEPT:
                del _kept[next(iter(_kept))]
            _kept[name] = personal
    return name


def _name(personal: str) -> str:
    digest = hashlib.blake2b(personal.encode("utf-8", "replace"), key=_secret, digest_size=6)
    return BEGINNING + digest.hexdigest()
