"""`tracker workflow`: the graphs that the webhooks don't carry."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.options import DataOption, JsonOption, example, family, operator, prepared
from tracker.cli.output import print_json, say
from tracker.commands import connect
from tracker.configuration import read_import
from tracker.errors import InvalidInput

register, app = family("workflow", "The graphs of workflows, which the webhooks don't carry.")


@app.callback()
def _group() -> None:
    """Keep `import` a subcommand while it is the only one."""


@app.command("import", epilog=example("tracker workflow import graph.json --workflow wf-1"))
def import_(
    file: Annotated[
        str, typer.Argument(help="The configuration; `-` is standard input.", show_default=False)
    ],
    workflow: Annotated[
        str | None, typer.Option(help="The workflow's id.", show_default=False)
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(help="The version's id; without it for versions that have no own."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call the workflow.")] = None,
    organization: Annotated[str | None, typer.Option(help="The organization's id.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Import a workflow's configuration, so that its graph is drawn as it was declared."""
    wanted = read_import(
        read_file(file),
        workflow_id=workflow,
        version_id=version,
        organization_id=organization,
        name=name,
    )
    for warning in wanted.warnings:
        say(f"Warning: {warning}")
    with connect(prepared(data).data) as desk:
        position = desk.append_internal("TRACKER_WORKFLOW_IMPORTED", wanted.event_data(operator()))
    if json:
        print_json({"position": position, "warnings": wanted.warnings})
    else:
        say(f"Workflow {wanted.workflow_id} was imported as event {position}")


def read_file(file: str) -> bytes:
    """The bytes of a file or of standard input; raises InvalidInput."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}") from None
