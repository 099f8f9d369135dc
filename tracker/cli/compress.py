"""`tracker compress`: keep old bodies in less room."""

from typing import Annotated, Any

import typer

from tracker.cli.drawing import progress
from tracker.cli.options import DataOption, JsonOption, example, existing
from tracker.cli.output import print_facts, print_json, say
from tracker.commands import connect
from tracker.errors import InvalidInput
from tracker.files import readable
from tracker.log import Compressed, LogReader
from tracker.log.compressing import step_by_step
from tracker.log.schema import refuse_others
from tracker.settings import Settings
from tracker.timing import DAY, now


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker compress --older-than-days 90 --dry-run"))(compress)


def compress(
    older_than_days: Annotated[
        int | None,
        typer.Option(min=0, max=36_500, help="Instead of the setting.", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would come of it.")
    ] = False,
    shrink: Annotated[
        bool,
        typer.Option("--shrink", help="Then give the room to the disk; deliveries wait meanwhile."),
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Keep the bytes of old events compressed; whoever reads them sees them as they came.

    A running service does so by itself every night, with compress_after_days set. It uses the
    room that becomes free for what comes next.
    """
    settings = existing(data)
    older_than = now() - _days(settings, older_than_days) * DAY
    done, given_back = (
        (_would(settings, older_than), None) if dry_run else _do(settings, older_than, shrink)
    )
    if json:
        print_json(_described(done) | {"dry_run": dry_run, "given_back": given_back})
        return
    print_facts(_facts(done))
    if given_back is not None:
        say(f"{readable(given_back)} were given back to the disk")


def _days(settings: Settings, given: int | None) -> int:
    days = settings.compress_after_days if given is None else given
    if given is None and not days:
        raise InvalidInput(
            "compress_after_days is 0, so nothing is compressed; set it, or name --older-than-days",
            "older_than_days",
        )
    return days


def _would(settings: Settings, older_than: int) -> Compressed:
    refuse_others(settings.log_path)
    reader = LogReader(settings.data)
    try:
        return reader.compressible(older_than)
    finally:
        reader.close()


def _do(settings: Settings, older_than: int, shrink: bool) -> tuple[Compressed, int | None]:
    reader = LogReader(settings.data)
    head = reader.head()
    reader.close()
    with connect(settings.data) as desk, progress("Compressing") as report:

        def told(done: Compressed) -> bool:
            report(done.position, head)
            return True

        done = step_by_step(lambda: desk.compress(older_than), told)
        return done, desk.shrink() if shrink else None


def _described(done: Compressed) -> dict[str, Any]:
    return {"events": done.events, "bytes_before": done.before, "bytes_after": done.after}


def _facts(done: Compressed) -> list[tuple[str, Any]]:
    ratio = f"{done.before / done.after:.2f} : 1" if done.after else None
    sizes = [("before", readable(done.before)), ("after", readable(done.after))]
    return [("events", done.events), *sizes, ("ratio", ratio)]
