"""`tracker install`: make this machine run the service for good.

1. A user, a hardened systemd unit and a Caddyfile, each generated whole.
2. The data directory with a tracker.toml in which every setting is explained.
3. The unit enabled; it starts once `tracker setup` has given it a secret.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from tracker.cli.options import example
from tracker.cli.output import say
from tracker.deployment import CACHE, DATA, UNIT, USER, Deployment, files_of
from tracker.errors import InvalidInput, NotReady
from tracker.placing import Placed, State, compared, put
from tracker.public_url import EXAMPLE, with_its_proxy
from tracker.release import own_command, own_file
from tracker.settings import FILE_NAME, load_settings
from tracker.settings_file import settings_toml

HIDDEN: Final = (Path("/root"), Path("/home"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - places that the unit hides
SAYS: Final = {
    State.MISSING: "written",
    State.SAME: "is as it should be",
    State.OLDER: "replaced: nobody had changed it",
    State.CHANGED: "replaced, because of --force",
}
NEXT: Final = """
Next:
  1. TLS in front. With Caddy, if it serves nothing else on this machine:
     install -m 644 /etc/tracker/Caddyfile /etc/caddy/Caddyfile && systemctl reload caddy
  2. tracker setup --data {data}
  3. journalctl -u tracker -f shows what it does; tracker doctor says what is wrong"""


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker install --public-url https://tracker.example.org"))(install)


def install(
    public_url: Annotated[
        str | None,
        typer.Option(help=f"Address at which others reach it, such as {EXAMPLE}."),
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the files instead; changes nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that somebody has changed, too.")
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(help="Write below this directory only, to look or to build an image."),
    ] = None,
    data: Annotated[Path, typer.Option(help="Data directory of the service.")] = DATA,
) -> None:
    """Install the service on this machine: user, systemd unit, settings, Caddyfile."""
    if not data.is_absolute():
        raise InvalidInput(f"--data {data}: a service needs a path from the root, such as {DATA}")
    base = root or Path("/")
    directory = base / data.relative_to("/")
    settings = load_settings(directory, public_url=public_url)
    wanted = Deployment(_program(), data, settings.base_url, settings.public_url)
    files = compared(files_of(wanted), base)
    if print_only:
        _print(files, wanted)
    elif root is not None:
        _put_all(files, force)
        _prepare(base, wanted)
    else:
        _refuse_unfit()
        _refuse_hidden(wanted)
        _put_all(files, force)
        _run("systemd-sysusers", "/etc/sysusers.d/tracker.conf")
        _give(*_prepare(base, wanted))
        _run("systemctl", "daemon-reload")
        _run("systemctl", "enable", UNIT)
        say(NEXT.format(data=data))


def _program() -> list[str]:
    """The words by which the unit starts this software: the binary, else what was typed."""
    binary = own_file()
    if binary is not None:
        return [str(binary.resolve())]
    script = shutil.which(sys.argv[0])
    named = script is not None and Path(script).name == "tracker"
    return [str(Path(str(script)).absolute())] if named else own_command()


def _refuse_unfit() -> None:
    if not Path("/run/systemd/system").is_dir():
        raise NotReady(
            "systemd does not run this machine, so there is no place for a unit; "
            "`tracker install --print` shows it to adapt, `tracker serve` runs the service"
        )
    if os.geteuid() != 0:
        raise NotReady(
            "Only root may write to /etc and make a user; type: sudo tracker install, "
            "or see first what it would write: tracker install --print"
        )


def _refuse_hidden(wanted: Deployment) -> None:
    """The unit hides people's homes and temporary files: nothing in them can be started."""
    for path in map(Path, wanted.program):
        if path.is_absolute() and any(place in path.parents for place in HIDDEN):
            raise NotReady(
                f"{path} is hidden from the service, which sees no home and no temporary files; "
                "copy it: install -m 755 tracker /usr/local/bin/tracker, then run that one"
            )


def _put_all(files: list[Placed], force: bool) -> None:
    """All files or none: a changed one without `force` is shown and stops everything."""
    changed = [one for one in files if one.state is State.CHANGED]
    if changed and not force:
        for one in changed:
            typer.echo(one.difference())
        names = ", ".join(str(one.path) for one in changed)
        raise NotReady(
            f"Somebody has changed {names}, so nothing was written. The difference stands above: "
            "replace it with --force, or move your changes to `systemctl edit tracker`"
        )
    for one in files:
        if one.state is not State.SAME:
            put(one)
        say(f"{one.path}: {SAYS[one.state]}")


def _prepare(base: Path, wanted: Deployment) -> list[Path]:
    """What belongs to the service's user, made when missing. Settings are never replaced.

    The cache would be made by systemd, too, but commands of the user may come before the first
    start: then the single binary would unpack itself into the data directory, their home.
    """
    directory, cache = (base / path.relative_to("/") for path in (wanted.data, CACHE))
    for made in (directory, cache):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / FILE_NAME
    if path.exists():
        say(f"{path}: kept as it is")
    else:
        path.write_text(_settings_of(wanted), encoding="utf-8")
        path.chmod(0o600)
        say(f"{path}: written")
    return [directory, path, cache]


def _settings_of(wanted: Deployment) -> str:
    return settings_toml(with_its_proxy(wanted.public_url))


def _give(*paths: Path) -> None:
    """Make the service's user the owner."""
    user = pwd.getpwnam(USER)
    for path in paths:
        os.chown(path, user.pw_uid, user.pw_gid)


def _print(files: list[Placed], wanted: Deployment) -> None:
    for one in files:
        typer.echo(f"# ── {one.path}\n{one.text}")
    typer.echo(f"# ── {wanted.data / FILE_NAME}\n{_settings_of(wanted)}")


def _run(*command: str) -> None:
    """A command of the system; raises NotReady with what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise NotReady(f"`{' '.join(command)}` failed: {said}")
