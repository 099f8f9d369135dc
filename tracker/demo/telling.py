"""What one person's story knows while it is told: who, when, by which ids."""

import random
from typing import Any

import msgspec

from tracker.demo import rhythm
from tracker.demo.cast import Organization, Person, dice, new_id
from tracker.demo.happenings import MILLISECOND, Happening
from tracker.demo.workflows import Node, choose_outcome
from tracker.timing import DAY

_BETWEEN_ANALYSES = 4 * DAY
_PASSING_SHARE = 0.78


class Analysis(msgspec.Struct, frozen=True):
    """A batch of candidates for one job, created at a moment (microseconds)."""

    id: str
    external_id: str
    title: str
    at: int
    organization_id: str


class World(msgspec.Struct, frozen=True):
    """What all stories share: the seed and the period, from `start` to `now` (microseconds)."""

    seed: int
    start: int
    now: int

    def age(self, moment: int) -> float:
        """How far into the period a moment lies: 0 at its start, 1 now, more in the future."""
        return (moment - self.start) / (self.now - self.start)

    def analysis(self, organization: Organization, moment: int) -> Analysis:
        """The newest analysis of an organization at a moment."""
        number = max(0, (min(moment, self.now) - self.start) // _BETWEEN_ANALYSES)
        chance = dice(self.seed, self.now, "analysis", organization.id, number)
        return Analysis(
            id=new_id(chance),
            external_id=f"JOB-{organization.campaigns[0][:2]}-{number + 1:02}",
            title=organization.jobs[number % len(organization.jobs)],
            at=self.start + number * _BETWEEN_ANALYSES,
            organization_id=organization.id,
        )

    def analyses(self, organization: Organization) -> list[Analysis]:
        """Every analysis of the period, oldest first."""
        moments = range(self.start, self.now, _BETWEEN_ANALYSES)
        return [self.analysis(organization, moment) for moment in moments]


class Telling:
    """A story while it is told. `at` is the story's clock in microseconds."""

    def __init__(
        self, world: World, chance: random.Random, who: Person, at: int, wanted: tuple[str, ...]
    ) -> None:
        self.world = world
        self.chance = chance
        self.who = who
        self.at = at
        self.campaign = chance.choice(who.organization.campaigns)
        self.conversation: str | None = None
        self.conversations = 0
        self.passes = chance.random() < _PASSING_SHARE or bool(wanted)
        self.happenings: list[Happening] = []
        self._fated = bool(wanted)
        self._wanted = list(wanted)
        self._after = 0

    def tell(self, name: str, record_id: str, data: dict[str, Any]) -> None:
        """Something happens now, at the story's clock."""
        self.at += MILLISECOND
        data = {"recordId": record_id, "organizationId": self.who.organization.id, **data}
        at = self.at - self.at % MILLISECOND
        self.happenings.append(Happening(at, name, new_id(self.chance), data, self._after))

    def wait(self, shortest: int, longest: int) -> None:
        """Let time pass: a machine's work, by day and night."""
        self.at += rhythm.later(self.chance, shortest, longest)

    def wait_for_person(self, shortest: int, longest: int) -> None:
        """Let time pass until the person does something, which isn't at night."""
        self.wait(shortest, longest)
        self.at = rhythm.awake(self.chance, self.at, self.who.zone)

    def wait_for_meeting(self, end: int) -> None:
        """Let time pass until a meeting is over; nothing that follows may come before."""
        self.at = max(self.at, end)
        self._after = end

    def outcome(self, node: Node) -> str:
        """By which outcome a node completes: one that the story wants, else by chance."""
        if {"onPassed", "onFailed"} <= node.routes.keys():
            return "onPassed" if self.passes else "onFailed"
        wanted = next((name for name in self._wanted if name in node.routes), None)
        if wanted is None:
            return choose_outcome(self.chance, node)
        self._wanted.remove(wanted)
        return wanted

    def happens(self, what: str, likely: float) -> bool:
        """Whether something happens: by chance (0 to 1), but in a fated story as it is wanted."""
        if not self._fated:
            return self.chance.random() < likely
        if what not in self._wanted:
            return False
        self._wanted.remove(what)
        return True
