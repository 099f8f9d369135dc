"""`tracker rebuild`, `digest` and `projections`: make the views anew, compare, look at them."""

from typing import Annotated

import typer

from projections import generation
from projections.catalogue import PROJECTIONS
from projections.rebuild import RebuildReport
from projections.rebuild import rebuild as rebuild_views
from projections.status import EngineStatus, digest_report, engine_status
from tracker.cli.drawing import print_table, stages
from tracker.cli.options import DataOption, JsonOption, example, existing, operator
from tracker.cli.output import print_json, say
from tracker.commands import connect
from tracker.control import Control
from tracker.database import open_reader
from tracker.errors import InvalidInput, NotFound, NotReady
from tracker.log import LogReader
from tracker.settings import Settings
from tracker.timing import now

BEHIND = 3


def register(app: typer.Typer) -> None:
    """Add the commands to `tracker`."""
    app.command(epilog=example("tracker rebuild --check --json"))(rebuild)
    app.command(epilog=example("tracker digest --json"))(digest)
    app.command(epilog=example("tracker projections"))(projections)


def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(help="Compare only these projections.", show_default=False)
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Build and compare, but don't switch.")
    ] = False,
    require_parity: Annotated[
        bool,
        typer.Option(
            "--require-parity", help="Don't switch if rows differ although versions are equal."
        ),
    ] = False,
    entity: Annotated[
        str | None,
        typer.Option(help="Refold only the entity with this key, in place.", show_default=False),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that fold; by default all cores.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make all views anew from the log beside those being served, compare, and switch.

    Exits 1 when rows differ that should not (with --check or --require-parity).
    """
    settings = existing(data)
    mode = "check" if check else "parity" if require_parity else "rebuild"
    Control(settings.control_path).audit.note(operator(), "rebuild started", entity or mode)
    if entity is not None:
        _refold(settings, entity, names or [])
        return
    with stages() as report:
        done = rebuild_views(
            settings.data,
            names=names or [],
            check=check,
            require_parity=require_parity,
            processes=processes,
            progress=report,
        )
    if json:
        print_json(done)
    else:
        _print_rebuild(done)
    raise typer.Exit(1 if (check or require_parity) and not done.parity else 0)


def _refold(settings: Settings, key: str, names: list[str]) -> None:
    known = [projection.name for projection in PROJECTIONS]
    for name in names:
        if name not in known:
            raise InvalidInput(f"There is no projection {name!r}; there are {', '.join(known)}")
    done, missing = [], None
    with connect(settings.data) as desk:
        for name in names or known:
            try:
                desk.refold(name, key)
                done.append(name)
            except NotFound as error:
                missing = error
    if missing is not None and not done:
        raise missing
    say(f"Entity {key!r} was folded again in {', '.join(done)}")


def _print_rebuild(done: RebuildReport) -> None:
    print_table(
        ("view", "rows", "differing"),
        [(name, view.rows, view.differing) for name, view in done.views.items()],
        empty="There are no views",
    )
    rate = done.events / done.seconds if done.seconds else 0
    say(f"{done.events:,} events in {done.seconds:,.1f} s ({rate:,.0f}/s)")
    if done.raised:
        say(f"Expected to differ, because their version was raised: {', '.join(done.raised)}")
    if done.switched:
        say(f"Generation {done.generation} is being served now")
    else:
        say("The served generation stays")


def digest(data: DataOption = None, json: JsonOption = False) -> None:
    """Print a digest of each served view, from a scan of its rows.

    Exits 3 while the views are behind the log: then the digests are not final.
    """
    report = digest_report(existing(data).data)
    if json:
        print_json(report)
    else:
        print_table(("view", "digest"), list(report.views.items()), empty="There are no views")
    behind = report.log_head - report.position
    if behind > 0:
        say(f"The views are {behind:,} events behind the log; ask again when they have caught up")
        raise typer.Exit(BEHIND)


def projections(data: DataOption = None, json: JsonOption = False) -> None:
    """Show how far each projection is folded, and how many of its entities are broken."""
    status = _status(existing(data))
    if json:
        print_json(
            {
                "log_head": status.log_head,
                "generation": status.generation,
                "projections": status.projections,
            }
        )
        return
    print_table(
        ("name", "version", "position", "behind", "seconds", "broken", "digest"),
        [
            (p.name, p.version, p.position, p.lag_events, p.lag_seconds, p.broken, p.digest[:16])
            for p in status.projections
        ],
        empty="There are no projections",
    )
    say(f"Log at {status.log_head:,}, generation {status.generation}")


def _status(settings: Settings) -> EngineStatus:
    path = generation.served(settings.data)
    if path is None:
        raise NotReady(
            f"There are no views in {settings.data}; make them with `tracker rebuild` "
            "or start the service"
        )
    views, log = open_reader(path), LogReader(settings.data)
    try:
        return engine_status(views, log, generation.number(path), now())
    finally:
        views.close()
        log.close()
