"""`tracker demo`: a living dashboard from one command.

1. An empty data directory with a secret of its own.
2. The service, as a process like any other.
3. Workflow configurations, as an engineer would import them.
4. A made-up history, then a live trickle, through the signed endpoint.
"""

import signal
import subprocess
import time
from itertools import count
from pathlib import Path
from typing import Annotated, Final

import typer

from tracker.cli.beside import SERVICE_LOG, refuse_taken_port, serving
from tracker.cli.drawing import progress
from tracker.cli.options import DataOption, example
from tracker.cli.output import say
from tracker.cli.send import endpoint
from tracker.commands import connect
from tracker.configuration import read_import
from tracker.control import Control
from tracker.database import exclusive
from tracker.demo.generator import generate
from tracker.demo.live import trickle
from tracker.demo.workflows import configurations
from tracker.errors import NotReady
from tracker.log.ledger import LEDGER
from tracker.sender import send, send_signed
from tracker.settings import Settings, load_settings, prepare_data
from tracker.timing import now

DIRECTORY: Final = Path("data") / "demo"
MARK: Final = "made-by-demo"
LEFTOVERS: Final = ("log.db*", "control.db*", "views*", LEDGER, SERVICE_LOG)
CONNECTIONS: Final = 8


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker demo --port 8000 --seed 7"))(demo)


def demo(
    seed: Annotated[int, typer.Option(help="The same seed tells the same stories.")] = 1,
    people: Annotated[int, typer.Option(min=0, max=100_000, help="How many people's.")] = 300,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; else 8000.", show_default=False)
    ] = None,
    trickling: Annotated[
        bool, typer.Option("--trickle/--no-trickle", help="Go on with live events.")
    ] = True,
    data: DataOption = None,
) -> None:
    """Serve a dashboard full of made-up people, moving, until Ctrl-C.

    Nobody has to sign in, so only this machine can reach it. Without --data it lives in
    data/demo. What an earlier demo left there is replaced.
    """
    settings = load_settings(data or DIRECTORY, host="127.0.0.1", port=port, open_access=True)
    prepare_data(settings)
    refuse_taken_port(settings)
    empty(settings.data)
    secret = Control(settings.control_path).add_secret("demo", actor="tracker demo")
    began = now()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with serving(settings) as service:
            say(f"Serving on {settings.base_url} (Ctrl-C ends it)")
            _import_workflows(settings)
            _post_history(settings, secret.value, seed, began, people)
            if trickling:
                say("The live trickle begins")
                _post_trickle(settings, secret.value, seed, began, people, service)
            service.wait()
            raise NotReady(f"The service ended by itself; see {settings.data / SERVICE_LOG}")
    except KeyboardInterrupt:
        say("The demo has ended")


def empty(data: Path) -> None:
    """Remove what an earlier demo left, and mark the directory as a demo's.

    Raises NotReady when the directory holds a log that no demo made, Busy while a demo runs.
    """
    mark = data / MARK
    if not mark.exists() and any((data / name).exists() for name in ("log.db", "control.db")):
        raise NotReady(
            f"{data} holds data that no demo made, and a demo begins anew; "
            "name an empty directory with --data"
        )
    mark.touch()
    with exclusive(data / "log.lock", "running the demo"):
        for pattern in LEFTOVERS:
            for path in data.glob(pattern):
                path.unlink()


def _import_workflows(settings: Settings) -> None:
    with connect(settings.data) as desk:
        for flow, version, text in configurations():
            wanted = read_import(
                text.encode(),
                workflow_id=flow.id,
                version_id=version.id,
                organization_id=flow.organization.id,
                name=flow.name,
            )
            desk.append_internal("TRACKER_WORKFLOW_IMPORTED", wanted.event_data("tracker demo"))


def _post_history(settings: Settings, secret: str, seed: int, began: int, people: int) -> None:
    postings = generate(seed, began, people)
    deliveries = ((posting.body, posting.signature(secret)) for posting in postings)
    done = count(1)
    with progress("History") as report:
        summary = send_signed(
            endpoint(settings.base_url),
            deliveries,
            CONNECTIONS,
            progress=lambda _outcome: report(next(done), len(postings)),
        )
    if summary.stopped:
        raise NotReady(f"The history could not be posted: {'; '.join(summary.errors)}")
    became = ", ".join(f"{number:,} {outcome}" for outcome, number in summary.outcomes.items())
    say(f"The history was posted: {became}")


def _post_trickle(
    settings: Settings,
    secret: str,
    seed: int,
    began: int,
    people: int,
    service: "subprocess.Popen[bytes]",
) -> None:
    """Post one event after the other for as long as the service runs."""
    for delay, body in trickle(seed, began, people):
        time.sleep(delay)
        if service.poll() is not None:
            return
        send(endpoint(settings.base_url), secret, [body], concurrency=1)
