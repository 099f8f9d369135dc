"""The people and companies of the demo. All are invented; e-mail ends in example.com or .org.

Nobody is stored: person number 17 of a seed is always the same person.
"""

import random
from typing import Final
from uuid import UUID

import msgspec

# fmt: off
FIRST_NAMES: Final = (
    "Alda", "Anouk", "Bartek", "Benno", "Calla", "Cosmo", "Dalia", "Devi", "Edda", "Emeka", "Faro",
    "Fenna", "Gita", "Gwil", "Hana", "Hugo", "Idris", "Ines", "Jarl", "Juno", "Kaito", "Kerensa",
    "Leila", "Lumi", "Malik", "Mirela", "Nadir", "Niamh", "Odalys", "Oskar", "Paloma", "Petra",
    "Quill", "Rafi", "Runa", "Sanna", "Søren", "Tamsin", "Teodor", "Uma", "Ursel", "Vesna",
    "Viggo", "Wanda", "Wiremu", "Xanthe", "Yara", "Yusuf", "Zélie", "Zoran",
)

LAST_NAMES: Final = (
    "Amberfold", "Applecross", "Birchwhistle", "Bramblecote", "Candlewick", "Cloverley",
    "Copperfen", "Dovetail", "Emberlane", "Fernwhistle", "Foxmarsh", "Gorsewell", "Hazelmoor",
    "Inkbarrow", "Juniperus", "Kettlewood", "Larkspurne", "Lanternby", "Mossgrave", "Nettlefield",
    "Oakenquill", "Pebblethwaite", "Quincewater", "Rookhampton", "Saltmarch", "Sorrelby",
    "Thistlebrook", "Underhay", "Velvetine", "Willowmere", "Wrenfield", "Yarrowby",
)
# fmt: on

INTERVIEWERS: Final = (
    "Maud Tinderbox",
    "Ravi Lampwright",
    "Ottilie Brasskey",
    "Chidi Paperclove",
    "Sunniva Graphmoor",
    "Leandro Inkpott",
)

ZONES: Final = (
    "Europe/London",
    "Europe/Berlin",
    "Europe/Madrid",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "Asia/Kolkata",
)


class Organization(msgspec.Struct, frozen=True):
    """One sub-account of the customer; `zones` are those in which its meetings take place."""

    id: str
    name: str
    campaigns: tuple[str, ...]
    jobs: tuple[str, ...]
    zones: tuple[str, ...]


QUILLHAVEN: Final = Organization(
    id="org_quillhaven",
    name="Quillhaven Parcels",
    campaigns=("QH-DRIVERS-26", "QH-WAREHOUSE-26"),
    jobs=("Parcel driver", "Night shift picker", "Depot coordinator"),
    zones=("Europe/London", "Europe/Berlin", "Europe/Madrid"),
)
MARROWBY: Final = Organization(
    id="org_marrowby",
    name="Marrowby & Finch Instruments",
    campaigns=("MF-GRADUATES-26", "MF-REFERRALS"),
    jobs=("Graduate engineer", "Instrument maker", "Service desk analyst"),
    zones=("America/New_York", "America/Los_Angeles", "Australia/Sydney", "Asia/Kolkata"),
)
ORGANIZATIONS: Final = (QUILLHAVEN, MARROWBY)


class Person(msgspec.Struct, frozen=True):
    """A candidate. `id` is the provider's, `external_id` the customer's."""

    id: str
    external_id: str
    first_name: str
    last_name: str
    email: str
    zone: str
    organization: Organization

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


def dice(*seed: object) -> random.Random:
    """A source of chance that depends on the seed alone, on every platform."""
    # Demo data must be repeatable, so a cryptographic source would be wrong here.
    return random.Random("/".join(map(str, seed)))  # noqa: S311


def new_id(chance: random.Random) -> str:
    """An id in the shape of a random UUID."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def person(chance: random.Random, number: int, organization: Organization) -> Person:
    """Person number `number`, who applies at an organization."""
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    return Person(
        id=new_id(chance),
        external_id=f"{organization.campaigns[0][:2]}-{100_000 + number}",
        first_name=first,
        last_name=last,
        email=f"{_plain(first)}.{_plain(last)}.{number}@example.com",
        zone=chance.choice(organization.zones),
        organization=organization,
    )


def _plain(name: str) -> str:
    """A name as it stands in an e-mail address."""
    return name.lower().replace("ø", "o").replace("é", "e")
