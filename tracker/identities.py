"""The names under which events know a person, and records that belong to one person.

An identity is the name of a person in one system. The prefixes sort so that the smallest
identity of a person is Popp's own id wherever there is one. A record is a run, a booking or
a contact: it names a person only through the events that are filed under it.
"""


def candidate(value: str | None) -> list[str]:
    """Popp's id of a person: unique everywhere."""
    return [f"candidate:{value}"] if value else []


def customer(organization_id: str, value: str | None) -> list[str]:
    """The customer's own id of a person: unique within one organization."""
    return [f"customer:{organization_id}/{value}"] if value else []


def through_conversation(value: str | None) -> list[str]:
    """A conversation, which belongs to exactly one person."""
    return [f"through:{value}"] if value else []


def record(kind: str, value: str | None) -> list[str]:
    """What events of one person are filed under: a `run`, a `meeting`, a `contact`."""
    return [f"{kind}:{value}"] if value else []


SYSTEMS = frozenset({"candidate", "customer", "through"})


def is_identity(name: str) -> bool:
    """Whether a name is that of a person, and not of a record."""
    return name.partition(":")[0] in SYSTEMS


def bare(name: str) -> str:
    """The id itself: of a customer's id, what follows the organization."""
    system, _, value = name.partition(":")
    return value.partition("/")[2] if system == "customer" else value
