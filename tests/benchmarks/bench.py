"""What all families of figures share: sizes, data, a scratch folder, and where profiles go."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.benchmarks.peers import Rates, peer_rates
from tests.benchmarks.stored import Stored


@dataclass
class Bench:
    """One run of the benchmarks."""

    scratch: Path
    stored: Stored
    short: int
    long: int
    deliveries: int
    profiles: Path

    @cached_property
    def written(self) -> Path:
        """The long log and its views, for those who write into them, one after the other."""
        return self.stored.copy(self.long, self.scratch / "written")

    @cached_property
    def peer(self) -> Rates | None:
        """What another event store does here; None when it is not installed."""
        return peer_rates(self.scratch)
