"""The composition root: puts log, engine, scheduler and web together, and stops them in order."""

import asyncio
import contextlib
import functools
import logging
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar import Litestar

from projections import generation
from projections.background import BackgroundRebuild
from projections.bulk import FEW
from projections.engine import Engine
from projections.erasing import Eraser, file_under
from projections.follower import Advance
from projections.queries.views import Views
from projections.rebuild import rebuild
from tracker.access import Grant
from tracker.backups.nightly import NightlyBackup
from tracker.commands import Command, Writers
from tracker.control import Control, SecretCache
from tracker.errors import NotReady
from tracker.ingest import Ingest
from tracker.jobs import Compressor, all_jobs, keep_rules
from tracker.log import Log, LogReader, Outcome
from tracker.log.ledger import LEDGER, make_again, read_ledger
from tracker.schedule import Scheduler
from tracker.sessions import Lifetime
from tracker.settings import Settings, prepare_data
from tracker.socket import Doorman
from tracker.timing import DAY, MINUTE, now
from web.app import create_app
from web.live import Hub
from web.services import Services

_log = logging.getLogger("tracker")

NO_SECRET = (
    "There is no signing secret, so every delivery would be refused. "  # noqa: S105 - a message
    "`tracker setup` asks for it; or copy the provider's: tracker secret add --label popp --value -"
)
NOT_LOCAL = (
    "The address {host} can be reached from other machines, and with open_access nobody has to "
    "sign in; serve on 127.0.0.1, or leave open_access out"
)
HEADER_SECONDS = 10  # for the headers, and for the next request on an open connection
HEADER_BYTES = 64 * 1024
CONNECTIONS = 4096  # open at once; others wait until one is closed
OPEN_FILES = 2 * CONNECTIONS


def serve(
    settings: Settings,
    *,
    started: Callable[[str], None] = lambda _url: None,
    clock: Callable[[], int] = now,
) -> None:
    """Run the service until SIGINT or SIGTERM; `started` is told its URL.

    Raises NotReady without a secret, or with open access on an address that others can
    reach; Busy when the data directory is served already.
    """
    _allow_open_files()
    with running(settings, clock) as services:
        uvloop.run(_answer(services, _free_port(settings), started))


def _allow_open_files() -> None:
    """Each connection is an open file; a shell's usual limit of 1,024 is soon reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _free_port(settings: Settings) -> int:
    """The port to listen on, any free one for 0.

    Raises NotReady when it is taken: the web server itself would end in a traceback, after
    the service said that it serves.
    """
    try:
        with socket.create_server((settings.host, settings.port)) as probe:
            port: int = probe.getsockname()[1]
            return port
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise NotReady(
            f"{settings.host}:{settings.port} can't be listened on ({reason}); "
            "stop what listens there, or choose another port with --port"
        ) from None


@contextmanager
def running(settings: Settings, clock: Callable[[], int] = now) -> Iterator[Services]:
    """All parts of the service but the web server, started; stopped in order at the end."""
    if settings.open_access and not settings.is_local:
        raise NotReady(NOT_LOCAL.format(host=settings.host))
    data = prepare_data(settings)
    lifetime = Lifetime(settings.session_idle_minutes * MINUTE, settings.session_days * DAY)
    control = Control(settings.control_path, settings.secrets, lifetime)
    if not control.secrets():
        raise NotReady(NO_SECRET)
    made = make_again(data, read_ledger(data / LEDGER), file_under)
    if made:
        control.audit.note("tracker", "erasures made again", str(made))
    with ExitStack() as stack:
        services = _compose(settings, control, clock, stack)
        _prepare_views(data, services.rebuild)
        services.eraser.forget_copies()
        yield services


def _compose(
    settings: Settings, control: Control, clock: Callable[[], int], stack: ExitStack
) -> Services:
    """Each part is stopped before those it depends on, which stand above it here."""
    data = settings.data
    log = Log(data, checkpoints=not settings.external_checkpoints)
    stack.callback(log.close)
    reader, views, hub, secrets = LogReader(data), Views(data), Hub(), SecretCache(control)
    stack.callback(reader.close)
    stack.callback(views.close)
    stack.callback(secrets.flush)
    stack.callback(control.audit.flush)
    engine = Engine(data, hub.publish)
    ingest = Ingest(
        log,
        secrets.pairs,
        secrets.verified,
        committed=lambda _head: engine.wake(),
        noticed=lambda outcomes: hub.publish(_changed(*_pages_of(outcomes))),
    )
    background = BackgroundRebuild(data, lambda: hub.publish(_changed("system")))
    nightly = NightlyBackup(
        data, settings.backup_directory, keep_rules(settings), control.backup_proofs
    )
    eraser = Eraser(data, ingest, reader, views, control, engine.wake)
    compressor = Compressor(ingest)
    jobs = all_jobs(settings, ingest, secrets, background, nightly, eraser, compressor, clock)
    scheduler = Scheduler(jobs, control, clock, lambda: hub.publish(_changed("system")))
    writers = Writers(ingest, reader, lambda name, key: engine.refold(name, key).position, eraser)
    doorman = Doorman(data, Command, lambda command: command.do(writers))
    for part in (ingest, engine, scheduler, doorman):
        part.start()
        stack.callback(part.stop)
    stack.callback(background.stop)
    stack.callback(nightly.stop)
    stack.callback(compressor.stop)
    return Services(
        settings, reader, views, ingest, engine, hub, control, scheduler, background, eraser, clock
    )


def _changed(*keys: str) -> Advance:
    """News of what is kept beside the views."""
    return Advance(0, 0, frozenset(keys))


def _pages_of(outcomes: frozenset[Outcome]) -> tuple[str, ...]:
    kept = outcomes & {Outcome.QUARANTINED, Outcome.CONFLICT}
    return ("deliveries", "quarantine") if kept else ("deliveries",)


def _prepare_views(data: Path, background: BackgroundRebuild) -> None:
    """Make sure there are views that this software can write; long logs are folded aside."""
    served = generation.served(data)
    if served is not None and generation.is_usable(served):
        return
    reader = LogReader(data)
    try:
        head = reader.head()
    finally:
        reader.close()
    _log.info("building the views", extra={"events": head})
    if head <= FEW:
        rebuild(data)
    else:
        background.start()


async def _answer(services: Services, port: int, started: Callable[[str], None]) -> None:
    settings = services.settings
    server = Server(
        create_app(services, _lifespan(services)),
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES
        ),
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        websockets=False,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        services.hub.close()
        server.stop()  # type: ignore[no-untyped-call]

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    url = f"http://{settings.host}:{port}"
    _log.info("serving", extra={"url": url, "data": str(settings.data)})
    started(url)
    await server.serve()
    _log.info("stopped")


def _standing(services: Services) -> dict[tuple[str, int], Grant]:
    return services.control.standing(services.now())


def _lifespan(
    services: Services,
) -> Callable[[Litestar], contextlib.AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        services.hub.open()
        standing = functools.partial(_standing, services)
        watching = asyncio.create_task(services.hub.watch(standing))
        yield
        watching.cancel()

    return lifespan
