"""Who may see what: the roles, and the organizations that somebody is limited to."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from tracker.errors import InvalidInput

LONGEST_EMAIL: Final = 254
LONGEST_ORGANIZATION: Final = 200
EMAIL: Final = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+")


class Role(StrEnum):
    """What somebody may do, each role more than the one before."""

    VIEWER = "viewer"
    MANAGER = "manager"
    ENGINEER = "engineer"

    def covers(self, other: "Role") -> bool:
        """Whether this role may do all that the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Grant(msgspec.Struct, frozen=True):
    """A role, perhaps only in some organizations; None stands for all of them."""

    role: Role
    organizations: tuple[str, ...] | None = None

    @property
    def masked(self) -> bool:
        """Whether personal data is hidden."""
        return self.role is Role.VIEWER

    @property
    def whole(self) -> bool:
        """Whether everything is shown, whatever organization it belongs to, or none."""
        return self.organizations is None


EVERYTHING: Final = Grant(Role.ENGINEER)


def checked_role(role: str) -> Role:
    """The role of a name; raises InvalidInput."""
    try:
        return Role(role)
    except ValueError:
        known = ", ".join(Role)
        raise InvalidInput(f"There is no role {role[:50]!r}; there are {known}", "role") from None


def checked_email(email: str) -> str:
    """An e-mail address as it is kept, in lower case; raises InvalidInput."""
    kept = email.strip().lower()
    if len(kept) > LONGEST_EMAIL or not EMAIL.fullmatch(kept) or not kept.isprintable():
        raise InvalidInput(f"{email[:100]!r} is no e-mail address like jo@example.org", "email")
    return kept


def checked_organizations(ids: Iterable[str]) -> tuple[str, ...] | None:
    """The ids in order, each once, None for none at all; raises InvalidInput."""
    kept = tuple(sorted({one.strip() for one in ids if one.strip()}))
    long = next((one for one in kept if len(one) > LONGEST_ORGANIZATION), None)
    if long is not None:
        raise InvalidInput(f"The organization {long[:50]!r}… is too long", "organization")
    return kept or None
