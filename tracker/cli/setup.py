"""`tracker setup`: from an empty directory to a service that has received its first delivery.

1. Where its files are, how others reach it, which secret deliveries are signed with: asked for
   on a terminal, given as options anywhere.
2. What to enter in the provider's portal.
3. The service, found running or started, and a test delivery through its real endpoint.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tracker.cli.asking import Given, ask, given_secret, on_terminal
from tracker.cli.beside import refuse_taken_port, serving, wait_until_alive
from tracker.cli.first_delivery import deliver_first
from tracker.cli.first_link import say_first_link
from tracker.cli.options import DataOption, example, operator
from tracker.cli.output import say
from tracker.cli.owner import as_owner
from tracker.cli.send import endpoint
from tracker.control import REREAD_AFTER, Control
from tracker.deployment import DATA, UNIT, installed
from tracker.errors import InvalidInput
from tracker.public_url import EXAMPLE, checked_public_url, with_its_proxy
from tracker.settings import Settings, load_settings, prepare_data
from tracker.settings_file import write_settings
from tracker.socket import answers
from tracker.timing import SECOND

PORTAL: Final = """
In Popp's portal, add a webhook endpoint:

  Address  {address}
  Secret   {secret}
  Events   all of them

If the portal makes the secret itself, bring it here instead:
  tracker secret add --label popp-portal --value - --data {data}
"""
NOTICED_AFTER: Final = 2 * REREAD_AFTER / SECOND  # seconds until a service knows a new secret

PublicUrlOption = Annotated[
    str | None,
    typer.Option(help=f"Address at which others reach it, such as {EXAMPLE}.", show_default=False),
]
SecretOption = Annotated[
    str | None,
    typer.Option(
        help="The signing secret from Popp's portal, or `-` to read it from standard input.",
        show_default=False,
    ),
]
MakeSecretOption = Annotated[
    bool, typer.Option("--make-secret", help="Make a signing secret, and show it once.")
]
LabelOption = Annotated[str, typer.Option(help="A name for the secret.")]
PortOption = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port to listen on; else 8000.", show_default=False),
]
StayOption = Annotated[
    bool | None,
    typer.Option(
        "--stay/--no-stay",
        help="Go on serving afterwards, if this started the service; a terminal asks.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(
        epilog=example("tracker setup --public-url https://tracker.example.org --make-secret")
    )(setup)


def setup(
    public_url: PublicUrlOption = None,
    secret: SecretOption = None,
    make_secret: MakeSecretOption = False,
    label: LabelOption = "popp",
    port: PortOption = None,
    stay: StayOption = None,
    data: DataOption = None,
) -> None:
    """Set the service up, step by step, until its first delivery has arrived."""
    if secret is not None and make_secret:
        raise InvalidInput("Give --secret or --make-secret, not both", "secret")
    settings = _prepared(_directory(data), public_url, port)
    running = answers(settings.data)
    if not running:
        refuse_taken_port(settings)
    given = _secret(settings, secret, make_secret, label)
    _say_portal(settings, given)
    if running:
        time.sleep(NOTICED_AFTER)
    elif installed(settings.data):
        _start_unit(settings)
    else:
        _serve_beside(settings, given.value, stay)
        return
    _let_in_and_deliver(settings, given.value)


def _directory(data: Path | None) -> Path:
    """The directory that was named, else the one typed; the installed service's is offered."""
    named = load_settings(data).data
    if data is not None or "TRACKER_DATA" in os.environ:
        return named
    return Path(ask("Data directory", str(DATA if installed(DATA) else named)))


def _prepared(data: Path, public_url: str | None, port: int | None) -> Settings:
    """The settings of a directory, with what was given or typed written to its file."""
    wanted = load_settings(data, public_url=public_url, port=port)
    address = wanted.public_url
    if public_url is None:
        asked = f"Address at which others reach it, such as {EXAMPLE} (empty: this machine only)"
        address = ask(asked, address, lambda typed: typed and checked_public_url(typed))
    current = load_settings(data)
    chosen: dict[str, Any] = {"public_url": address, "port": wanted.port}
    news = {name: value for name, value in chosen.items() if value != getattr(current, name)}
    if "public_url" in news and not current.trusted_proxies:
        news |= with_its_proxy(address)

    def write() -> None:
        prepare_data(wanted)
        Control(wanted.control_path)
        if news:
            say(f"{write_settings(data, **news)}: {', '.join(news)} written")

    as_owner(data, write)
    if news and answers(data):
        say("The running service goes on with its old settings until it is restarted")
    return wanted.model_copy(update={"public_url": address})


def _secret(settings: Settings, secret: str | None, make: bool, label: str) -> Given:
    """The secret that was given, made or typed, kept under the label unless it is known."""
    known = [one.value for one in Control(settings.control_path, settings.secrets).secrets()]
    given = given_secret(secret, make, known)

    def add() -> None:
        control = Control(settings.control_path, settings.secrets)
        control.add_secret(label, given.value, actor=operator())

    if given.value not in known:
        as_owner(settings.data, add)
    return given


def _say_portal(settings: Settings, given: Given) -> None:
    address = endpoint(settings.public_url or settings.base_url)
    typer.echo(PORTAL.format(address=address, secret=given.shown, data=settings.data))
    if not settings.public_url:
        say("Popp can't reach this address: it is known on this machine only, for trying out")


def _start_unit(settings: Settings) -> None:
    if os.geteuid() == 0:
        subprocess.run(["systemctl", "restart", UNIT], check=False)  # noqa: S603, S607 - our own words
    else:
        say(f"Start the service now, in another terminal: sudo systemctl restart {UNIT}")
    wait_until_alive(settings)


def _serve_beside(settings: Settings, secret: str, stay: bool | None) -> None:
    """Serve for the test at least; then until Ctrl-C, if that is wanted."""
    try:
        with serving(settings) as service:
            try:
                _let_in_and_deliver(settings, secret)
            finally:
                if stay is None:
                    stay = on_terminal() and typer.confirm("Go on serving?", default=True)
                if stay:
                    say(f"Serving on {settings.base_url} (Ctrl-C ends it)")
                    service.wait()
    except KeyboardInterrupt:
        say("")
    say(f"Start the service again with: tracker serve --data {settings.data}")


def _let_in_and_deliver(settings: Settings, secret: str) -> None:
    as_owner(settings.data, lambda: say_first_link(settings, settings.base_url))
    deliver_first(settings, secret)
