"""`tracker export-person`: everything that is kept of one person, for that person."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from projections.person_export import export_person
from projections.queries.views import Views
from tracker import files
from tracker.cli.options import DataOption, JsonOption, example, existing, operator
from tracker.cli.output import print_json, say
from tracker.control import Control
from tracker.errors import InvalidInput
from tracker.log import LogReader
from tracker.timing import now
from web.ids import encode_id
from web.person_file import FORMATS, person_file


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command("export-person", epilog=example("tracker export-person cand-17 --to ."))(export)


def export(
    person: Annotated[
        str,
        typer.Argument(help="Any id of the person, Popp's or the customer's.", show_default=False),
    ],
    to: Annotated[
        Path, typer.Option(help="A directory, or a file that ends in .html or .json.")
    ] = Path(),
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Write one person's data as a page that opens anywhere and as JSON with the exact bodies.

    The files are readable by their owner alone.
    """
    settings = existing(data)
    reader, views = LogReader(settings.data), Views(settings.data)
    try:
        exported = export_person(reader, views, person, now())
        Control(settings.control_path).audit.note(operator(), "person exported", exported.person)
    finally:
        views.close()
        reader.close()
    written = list(_write(to, exported.person, lambda form: person_file(exported, now(), form)))
    if json:
        print_json({"person": exported.person, "files": [str(path) for path in written]})
        return
    say(f"{len(exported.events)} events of {exported.person} were written:")
    for path in written:
        typer.echo(str(path))


def _write(to: Path, person: str, content: Callable[[str], bytes]) -> Iterator[Path]:
    """The files, each whole or not there; raises InvalidInput for a place that can't be used."""
    single = to.suffix.removeprefix(".")
    paths = {single: to} if single in FORMATS else _inside(to, person)
    for form, path in paths.items():
        try:
            unfinished = files.begin(path)
            unfinished.write_bytes(content(form))
            files.put_in_place(unfinished, path)
        except OSError as error:
            raise InvalidInput(f"{path} can't be written: {error.strerror}", "to") from None
        yield path


def _inside(directory: Path, person: str) -> dict[str, Path]:
    if not directory.is_dir():
        raise InvalidInput(
            f"{directory} is no directory, and no file that ends in .html or .json", "to"
        )
    name = f"person-{encode_id(person.partition(':')[2])[:100]}"
    return {form: directory / f"{name}.{form}" for form in FORMATS}
