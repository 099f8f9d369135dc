"""What a benchmark finds: one figure each, with what it should reach and what it stands beside."""

from dataclasses import dataclass
from math import ceil

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One row of the table.

    `most` or `least` is the target. `beside` names what it was measured against in the same
    run, `bounded_by` what a profile says where the target was missed. A figure without a
    value could not be measured, and `beside` says why.
    """

    name: str
    value: float | None
    unit: str
    least: float | None = None
    most: float | None = None
    beside: str = ""
    bounded_by: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target or a value."""
        if self.value is None or (self.least is None and self.most is None):
            return None
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)


@dataclass(frozen=True)
class Percentiles:
    """The middle of some durations, and how bad the worst of them are; in milliseconds."""

    p50: float
    p95: float
    p99: float
    largest: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Percentiles":
        """Of at least one duration: the least that the share of all does not exceed."""
        took = sorted(seconds)
        at = [took[ceil(len(took) * share) - 1] * 1000 for share in (0.5, 0.95, 0.99)]
        return cls(*at, took[-1] * 1000)
