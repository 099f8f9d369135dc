"""Backups as System shows them: when one was last proven restorable, and what went wrong."""

import msgspec

from tracker.backup_proofs import OVERDUE, Proven
from tracker.backups.shelf import backups_in
from web.services import Services


class Backups(msgspec.Struct, frozen=True):
    """The last backup that was proven restorable, the last attempt, and what lies there.

    `overdue` when no good one is younger than two days, though every night should make one.
    """

    nightly: bool
    good: Proven | None
    newest: Proven | None
    directory: str
    count: int
    size: int
    overdue: bool


def backups_of(services: Services) -> Backups:
    """What is known of the backups of a running service."""
    settings, proofs = services.settings, services.control.backup_proofs
    good = proofs.last_good()
    stored = backups_in(settings.backup_directory)
    return Backups(
        nightly=settings.nightly_backup,
        good=good,
        newest=proofs.newest(),
        directory=str(settings.backup_directory),
        count=len(stored),
        size=sum(backup.size for backup in stored),
        overdue=good is not None and services.now() - good.at > OVERDUE,
    )
