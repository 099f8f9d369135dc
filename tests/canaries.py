"""A person with a word of their own in every place that can hold one, and looking for those words.

A canary is one word of letters and digits: neither the splitting into words of the full-text
index nor an encoding in an address or in JSON changes it. Each begins in its own way, because
an index keeps of neighbouring words only what differs.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.sample import body
from tracker import payloads
from tracker.events import CATALOGUE
from tracker.payloads import KEPT, Kept, Part

PERSON = "cand-canary"
TALK = "talk-canary"
RUN = "run-canary"
IDS = {
    "candidate_id": PERSON,
    "candidate_profile_id": PERSON,
    "conversation_id": TALK,
    "run_id": RUN,
    "contact_key": "contact-canary",
    "previous_booking_id": "booking-before",
    "analysis_id": "an-canary",
}
RECORDS = {
    "conversation": TALK,
    "meeting": "booking-canary",
    "run": RUN,
    "contact": "contact-canary",
    "analysis": PERSON,
}


class Canaries:
    """Makes words, and remembers them."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._name: list[str] = []

    def word(self) -> str:
        """A word that stands nowhere else."""
        number = len(self.words)
        start = "".join(chr(ord("a") + number // 26**place % 26) for place in range(3))
        self.words.append(f"{start}qzcanary{number}")
        return self.words[-1]

    def name(self) -> str:
        """What the newest conversation event calls the person."""
        return " ".join(self._name)

    def story(self) -> Iterator[bytes]:
        """An event of every type about the person, with a canary in every text."""
        personal = [t for t in CATALOGUE.values() if t.family in RECORDS]
        for number, known in enumerate(t for t in personal if t.name != "ANALYSIS_CREATED"):
            data = {**self._filled(known.payload), "unknownField": self.word()}
            data["nested"] = {"deeper": [self.word()]}
            if known.family == "conversation":
                self._name = [data["participantFirstName"], data["participantLastName"]]
            event_id, record = f"canary-{number}", RECORDS[known.family]
            yield body(event_id, known.name, at=number, record=record, **data)
        yield body("canary-new", "CONVERSATION_OF_TOMORROW", record="x", a=PERSON, b=self.word())

    def _filled(self, kind: type[Part]) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            rule, hint = _rule(kind, field.name), str(field.type)
            inner = next((part for part in PARTS if f".{part.__name__}" in hint), None)
            if field.name in {"record_id", "organization_id"}:
                continue
            if inner is not None:
                nested = self._filled(inner)
                filled[field.encode_name] = [nested] if "tuple" in hint else nested
            elif "str" in hint and rule is Kept.ID:
                filled[field.encode_name] = IDS.get(field.name, f"id-of-{field.name}")
            elif "str" in hint:
                filled[field.encode_name] = self._text(rule)
        return filled

    def _text(self, rule: Kept | None) -> str:
        """Where a word or a time would stay, a sentence that must not."""
        return self.word() if rule is None else f"not one {self.word()}"


PARTS = [
    kind for kind in vars(payloads).values() if isinstance(kind, type) and Part in kind.__bases__
]


def _rule(kind: type[Part], name: str) -> Kept | None:
    rules = {field: rule for base in kind.__mro__ for field, rule in KEPT.get(base, {}).items()}
    return rules.get(name)


def files_with(data: Path, words: list[str]) -> dict[str, list[str]]:
    """The files under a directory that hold one of the words, in whatever case."""
    found = {}
    for path in sorted(p for p in data.rglob("*") if p.is_file()):
        try:
            content = path.read_bytes().lower()
        except FileNotFoundError:  # what SQLite keeps beside a file while it is open
            continue
        here = [word for word in words if word.encode() in content]
        if here:
            found[str(path.relative_to(data))] = here
    return found


def broken_bodies(canaries: Canaries) -> Iterator[bytes]:
    """Signed bytes that are no event and name the person."""
    yield json.dumps({"event": 7, "candidate": PERSON, "note": canaries.word()}).encode()
    yield b'{"event":"X","eventId":"q","eventTimestamp":"%b %b"}' % (
        PERSON.encode(),
        canaries.word().encode(),
    )
    yield b'{"event": "cut off", "of": "%b", "note": "%b' % (
        PERSON.encode(),
        canaries.word().encode(),
    )
