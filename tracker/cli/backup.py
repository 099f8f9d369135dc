"""`tracker backup`: make a backup, prove it, list those there are, delete what is too old."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tracker.backup_proofs import BackupProofs
from tracker.backups.archive import Manifest
from tracker.backups.making import make
from tracker.backups.nightly import in_words, proven
from tracker.backups.proving import Proof, prove
from tracker.backups.shelf import Backup, Keep, backups_in, thin_out
from tracker.cli.drawing import print_table, stages
from tracker.cli.options import DataOption, JsonOption, control_of, example, existing
from tracker.cli.output import print_json, say
from tracker.errors import BackupDamaged
from tracker.files import readable
from tracker.settings import Settings
from tracker.timing import now, to_iso

ToOption = Annotated[
    Path | None,
    typer.Option(
        help="Directory of the backups; else backup_to, else backups in --data.", show_default=False
    ),
]
DailyOption = Annotated[
    int | None,
    typer.Option(min=0, help="Then delete all but the newest of so many days.", show_default=False),
]
WeeklyOption = Annotated[
    int | None, typer.Option(min=0, help="And of so many weeks.", show_default=False)
]
MonthlyOption = Annotated[
    int | None, typer.Option(min=0, help="And of so many months.", show_default=False)
]


class Made(msgspec.Struct, frozen=True):
    """What is printed for programs; `proof` is there with --prove."""

    path: str
    size: int
    head: int
    chain: str
    deleted: list[str]
    proof: Proof | None


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker backup --to /mnt/backups --keep-daily 7"))(backup)


def backup(
    to: ToOption = None,
    keep_daily: DailyOption = None,
    keep_weekly: WeeklyOption = None,
    keep_monthly: MonthlyOption = None,
    proving: Annotated[
        bool, typer.Option("--prove", help="Restore it aside, verify it, make its views.")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Make none; show those that there are.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make a backup of log, secrets and settings; the service may run meanwhile.

    It holds personal data and secrets: whoever has the file has everything.
    """
    settings = existing(data)
    directory = to or settings.backup_directory
    if listing:
        _print_list(settings, directory, json)
        return
    with stages() as tell:
        made, manifest = make(settings.data, directory, tell)
        proof = prove(settings.data, made.path, tell) if proving else None
    proofs = control_of(data)[1].backup_proofs
    if proof is not None:
        proofs.add(proven(now(), proof))
        if proof.problem:
            raise BackupDamaged(f"{made.path} can't be restored: {proof.problem}")
    gone = _thin_out(directory, (keep_daily, keep_weekly, keep_monthly), proofs)
    _print_made(made, manifest, gone, proof, json)


def _thin_out(
    directory: Path, given: tuple[int | None, int | None, int | None], proofs: BackupProofs
) -> list[Backup]:
    """Without any rule nothing is deleted."""
    if all(count is None for count in given):
        return []
    good = proofs.last_good()
    return thin_out(directory, Keep(*(count or 0 for count in given)), good.file if good else None)


def _print_made(
    made: Backup, manifest: Manifest, gone: list[Backup], proof: Proof | None, json: bool
) -> None:
    deleted = [one.path.name for one in gone]
    if json:
        path = str(made.path)
        print_json(Made(path, made.size, manifest.head, manifest.chain, deleted, proof))
        return
    typer.echo(f"{made.path}: {manifest.head:,} events, {readable(made.size)}")
    for name in deleted:
        typer.echo(f"{name} was deleted, as the rules say")
    if proof is not None:
        say(in_words(proof))


def _print_list(settings: Settings, directory: Path, json: bool) -> None:
    found = backups_in(directory)
    if json:
        print_json(
            [
                {"path": str(one.path), "made_at": to_iso(one.made_at), "size": one.size}
                for one in found
            ]
        )
        return
    good = control_of(settings.data)[1].backup_proofs.last_good()
    print_table(
        ("backup", "made", "size", "last proven restorable"),
        [
            (
                str(one.path),
                to_iso(one.made_at),
                readable(one.size),
                to_iso(good.at) if good and good.file == one.path.name else "",
            )
            for one in found
        ],
        empty=f"There is no backup in {directory}",
    )
