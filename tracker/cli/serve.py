"""`tracker serve`: run the service."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tracker.cli.first_link import say_first_link
from tracker.cli.log_lines import configure_log_lines
from tracker.cli.options import DataOption, example
from tracker.cli.output import say
from tracker.cli.owner import refuse_root
from tracker.settings import Settings, load_settings

HostOption = Annotated[
    str | None,
    typer.Option(
        help="Address to listen on; else TRACKER_HOST, else 127.0.0.1.", show_default=False
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        help="Port to listen on; else TRACKER_PORT, else 8000.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker serve --port 8000"))(serve)


def serve(host: HostOption = None, port: PortOption = None, data: DataOption = None) -> None:
    """Run the service until it is told to stop (Ctrl-C or SIGTERM)."""
    with nothing_to_collect() as collect:
        # Imported here, so that all other commands start without the web.
        from tracker.service import serve as run_service  # noqa: PLC0415 - see above

        settings = load_settings(data, host=host, port=port)
        refuse_root(settings.data)
        configure_log_lines(settings.log_format)

        def started(url: str) -> None:
            collect()
            _say_where(settings, url)

        run_service(settings, started=started)


@contextmanager
def nothing_to_collect() -> Iterator[Callable[[], None]]:
    """No garbage is collected until the block calls what it is given.

    What is imported and built before that stays for good: looking through it again and again
    is a fifth of the start, and would be a pause in many a request later.
    """

    def collect() -> None:
        gc.freeze()
        gc.enable()

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()


def _say_where(settings: Settings, url: str) -> None:
    say(f"Serving on {url}")
    if settings.open_access:
        say("Nobody has to sign in (open_access): only this machine can reach it")
        return
    say_first_link(settings, url)
