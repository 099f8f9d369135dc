"""The nightly backup: made, proven, and the older ones thinned out, beside the service."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from tracker.aside import Aside
from tracker.backup_proofs import BackupProofs, Proven
from tracker.backups import desk
from tracker.backups.making import make
from tracker.backups.proving import Proof, prove
from tracker.backups.shelf import Keep, forget_copies, thin_out
from tracker.errors import BackupDamaged, TrackerError
from tracker.files import readable
from tracker.migrations import BACKUPS
from tracker.timing import now

POLITENESS: Final = 15  # `nice`: the service and its engine go first


class Night(msgspec.Struct, frozen=True):
    """What a night did: the proof of the new backup, and the names of those deleted."""

    proof: Proof
    deleted: list[str]


class NightlyBackup:
    """Makes and proves a backup in a process of its own; the result goes to `proofs`."""

    def __init__(self, data: Path, to: Path, keep: Keep, proofs: BackupProofs) -> None:
        self._data = data
        self._to = to
        self._keep = keep
        self._proofs = proofs
        self._aside = Aside("the backup", POLITENESS)
        desk.clear(data)

    def stop(self) -> None:
        """End a backup that is under way; it leaves nothing behind."""
        self._aside.stop()

    def run(self, clock: Callable[[], int] = now) -> str:
        """The result in words; raises BackupDamaged when the new backup can't be restored."""
        at = clock()
        try:
            night: Night = self._aside.run(night_of, str(self._data), str(self._to), self._keep)
        except TrackerError as error:
            self._proofs.add(Proven(at=at, problem=str(error)))
            raise
        proof = night.proof
        self._proofs.add(proven(at, proof))
        if proof.problem:
            raise BackupDamaged(f"{proof.file} can't be restored: {proof.problem}")
        gone = f"; {len(night.deleted)} older deleted" if night.deleted else ""
        return f"{in_words(proof)}{gone}"


def night_of(data: str, to: str, keep: Keep, tell: Callable[[object], None]) -> Night:
    """What the other process does. Older backups go only after the new one was proven."""

    def progress(stage: str, _done: int, _total: int) -> None:
        tell(stage)  # ends this process when the service is gone

    backup, _ = make(Path(data), Path(to), progress)
    proof = prove(Path(data), backup.path, progress)
    if proof.problem:
        return Night(proof, [])
    gone = [one.path for one in thin_out(Path(to), keep, backup.path.name)]
    gone += forget_copies(Path(data) / BACKUPS, backup.made_at)
    return Night(proof, [path.name for path in gone])


def proven(at: int, proof: Proof) -> Proven:
    """A proof as it is remembered; it began at `at`."""
    return Proven(
        at=at,
        file=proof.file,
        size=proof.size,
        position=proof.position,
        seconds=proof.seconds,
        problem=proof.problem,
    )


def in_words(proof: Proof) -> str:
    """A good proof in one line."""
    views = "no view differs" if proof.compared else "no views to compare with"
    return (
        f"{proof.file} ({readable(proof.size)}) was restored in {proof.seconds:,.1f} s: "
        f"{proof.position:,} events, their chain is whole, {views}"
    )
