"""Whose a data directory is. What root makes in it would lock the installed service out."""

import os
import pwd
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from tracker.deployment import USER
from tracker.errors import NotReady


def refuse_root(data: Path) -> None:
    """Raise NotReady when root works in the directory of the installed service."""
    if foreign(data) is None:
        return
    typed = shlex.join(["tracker", *sys.argv[1:]])
    raise NotReady(
        f"{data} belongs to {USER}, and files of root in it would lock the service out; "
        f"type: runuser -u {USER} -- {typed}"
    )


def foreign(data: Path) -> "pwd.struct_passwd | None":
    """The installed service's user, if the directory is that user's and this process is root."""
    if os.geteuid() != 0 or not data.is_dir():
        return None
    try:
        owner = pwd.getpwuid(data.stat().st_uid)
    except KeyError:  # a user id without a name
        return None
    return owner if owner.pw_name == USER else None


def as_owner(data: Path, work: Callable[[], None]) -> None:
    """Do work in a data directory as the one whose it is; raises NotReady when it fails there.

    Root does it in a process of its own that has given its rights away.
    """
    owner = foreign(data)
    if owner is None:
        work()
        return
    child = os.fork()
    if child == 0:
        os._exit(_given_away(owner, work))
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise NotReady(f"Nothing was changed in {data}; the reason stands above")


def _given_away(owner: "pwd.struct_passwd", work: Callable[[], None]) -> int:
    """Run in the forked process; its exit code. It must never return into the caller's code."""
    try:
        os.setgroups([])
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
        work()
    except BaseException as error:  # noqa: BLE001 - nothing may pass the end of this process
        sys.stderr.write(f"tracker: {error}\n")
        return 1
    return 0
