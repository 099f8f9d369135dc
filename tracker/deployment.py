"""What a machine needs to run the service for good: its user, its unit, and TLS in front.

Each is one text with the reasons beside the lines. `tracker install` writes them.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.public_url import EXAMPLE

USER: Final = "tracker"
UNIT: Final = "tracker.service"
UNITS: Final = Path("/etc/systemd/system")
DATA: Final = Path("/var/lib/tracker")
CACHE: Final = Path("/var/cache/tracker")  # of the unit's CacheDirectory=
STATE: Final = Path("/var/lib")


class Deployment(msgspec.Struct, frozen=True):
    """One installed service: the words that start it, its files, where it listens and is known."""

    program: Sequence[str]
    data: Path = DATA
    base_url: str = "http://127.0.0.1:8000"
    public_url: str = ""


def installed(data: Path, units: Path = UNITS) -> bool:
    """Whether `tracker install` made a unit for this directory."""
    unit = units / UNIT
    return unit.exists() and f"--data {data}\n" in unit.read_text(encoding="utf-8")


def how_to_start(data: Path, units: Path = UNITS) -> str:
    """What somebody types to start the service of a directory."""
    return (
        f"sudo systemctl start {UNIT}" if installed(data, units) else f"tracker serve --data {data}"
    )


def files_of(deployment: Deployment) -> dict[Path, str]:
    """The files outside of the data directory, by their place."""
    return {
        Path("/etc/sysusers.d/tracker.conf"): user_file(deployment),
        UNITS / UNIT: unit_file(deployment),
        Path("/etc/tracker/Caddyfile"): caddy_file(deployment),
    }


def user_file(deployment: Deployment) -> str:
    """The service's user, for systemd-sysusers."""
    return f'u {USER} - "Workflow run tracker" {deployment.data}\n'


def unit_file(deployment: Deployment) -> str:
    """The systemd unit."""
    start = shlex.join([*deployment.program, "serve", "--data", str(deployment.data)])
    # In a unit % begins a specifier and $ a variable.
    start = start.replace("%", "%%").replace("$", "$$")
    return _UNIT.format(start=start, user=USER, directory=_directory(deployment.data))


def caddy_file(deployment: Deployment) -> str:
    """A Caddyfile that gives the service its public name and TLS."""
    host = urlsplit(deployment.public_url or EXAMPLE).netloc
    return _CADDY.format(host=host, service=urlsplit(deployment.base_url).netloc)


def _directory(data: Path) -> str:
    """A directory in /var/lib is made by systemd and given to the user; any other one is opened."""
    if STATE in data.parents:
        return f"StateDirectory={data.relative_to(STATE)}\nStateDirectoryMode=0700"
    return f"ReadWritePaths={data}"


_UNIT: Final = """\
[Unit]
Description=Workflow run tracker: keeps every webhook and shows what follows from them
After=network.target

[Service]
Type=exec
ExecStart={start}
User={user}
Group={user}
UMask=0077
{directory}
# The single binary unpacks itself once; it looks for this place in $CACHE_DIRECTORY.
CacheDirectory=tracker
CacheDirectoryMode=0700

# It ends well on SIGTERM: answers what it has begun, commits, closes its files.
KillMode=mixed
TimeoutStopSec=30
Restart=on-failure
RestartSec=5
# Each open dashboard holds one connection.
LimitNOFILE=8192
StandardOutput=journal
StandardError=journal
SyslogIdentifier=tracker

# It writes its data directory and its cache, and sees little else.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateIPC=yes
PrivateUsers=yes
ProtectProc=invisible
ProcSubset=pid
ProtectHostname=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# RemoveIPC= would take from the user's commands what their processes count by.
KeyringMode=private
DevicePolicy=closed

# It needs no right that other users lack.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
# Browsers and Popp come through a proxy on this machine; commands through a Unix socket.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# Folding runs at a lower priority than storing.
SystemCallFilter=setpriority
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

_CADDY: Final = """\
{{
\tservers {{
\t\t# Real headers are far smaller; a slow one holds no connection for long.
\t\tmax_header_size 16KB
\t\ttimeouts {{
\t\t\tread_header 10s
\t\t\tidle 2m
\t\t}}
\t}}
}}

{host} {{
\theader Strict-Transport-Security "max-age=31536000"
\treverse_proxy {service} {{
\t\t# Live updates are one long answer: each line is passed on at once.
\t\tflush_interval -1
\t}}
}}
"""
