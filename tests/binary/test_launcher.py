"""The binary's launcher: unpacked once, whole or not at all, where nobody else can reach."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.binary.packed import Packed, stub
from tests.running import eventually

SHELLS = pytest.mark.parametrize("through", [(), ("dash",), ("bash", "--posix")], ids=str)
HALVES = 2  # of the directory, unpacked at once
GZIP = b"\x1f\x8b\x08"  # how each half begins
NOWHERE = "there is nowhere to unpack to"


@pytest.fixture
def packed(tmp_path: Path) -> Packed:
    """A packed program that was never started."""
    return Packed(tmp_path)


@SHELLS
def test_what_is_inside_takes_over_the_process_its_arguments_and_its_exit_code(
    packed: Packed, through: tuple[str, ...]
) -> None:
    for _ in range(2):  # unpacked, then found
        process = packed.start("a b", "*", "", through=through, STATUS="7")
        out, errors = process.communicate()

        assert out.splitlines() == [f"{process.pid} {packed.file}", "[a b]", "[*]", "[]"]
        assert (process.returncode, errors) == (7, "")


def test_a_second_start_unpacks_nothing(packed: Packed, tmp_path: Path) -> None:
    packed.run()
    without_tar = stub(tmp_path, "tar", "exit 1")

    assert packed.run(PATH=without_tar).returncode == 0
    assert packed.unpacked() == ["1"]


def test_what_is_unpacked_is_the_user_s_alone(packed: Packed) -> None:
    packed.run()

    modes = {path.stat().st_mode & 0o077 for path in packed.home.rglob("*")}
    assert modes | {packed.home.stat().st_mode & 0o077} == {0}


def test_many_that_start_at_once_unpack_once(packed: Packed, tmp_path: Path) -> None:
    count = tmp_path / "count"
    counting = stub(tmp_path, "tar", f'echo >>{count}; exec {shutil.which("tar")} "$@"')
    started = [packed.start(PATH=counting) for _ in range(8)]
    said = [process.communicate() for process in started]

    assert [errors for _, errors in said] == [""] * 8
    assert len({out for out, _ in said}) == 8
    assert count.read_text() == "\n" * HALVES
    assert packed.unpacked() == ["1"]


def test_one_that_is_killed_while_it_unpacks_is_tidied_up_by_the_next(
    packed: Packed, tmp_path: Path
) -> None:
    reached = tmp_path / "reached"
    stuck = packed.start(PATH=stub(tmp_path, "tar", f"echo >{reached}; exec sleep 1000"))
    eventually(reached.exists)
    assert packed.unpacked() != []
    os.killpg(stuck.pid, signal.SIGKILL)
    stuck.communicate()

    assert packed.run().returncode == 0
    assert packed.unpacked() == ["1"]


def test_nobody_waits_for_the_disk(packed: Packed, tmp_path: Path) -> None:
    may_end = tmp_path / "may-end"
    slow = stub(
        tmp_path,
        "sync",
        f'until [ -e {may_end} ]; do sleep 0.01; done; exec {shutil.which("sync")} "$@"',
    )
    assert packed.run(PATH=slow).returncode == 0
    [in_memory] = packed.home.glob("tracker-*/.in-memory")

    may_end.touch()
    eventually(lambda: not in_memory.exists())
    assert packed.unpacked() == ["1"]


def test_what_a_power_cut_may_have_left_half_written_is_unpacked_again(
    packed: Packed, tmp_path: Path
) -> None:
    no_disk = stub(tmp_path, "sync", "exit 1")
    packed.run(PATH=no_disk)
    [in_memory] = packed.home.glob("tracker-*/.in-memory")
    half = in_memory.with_name("version")
    half.write_text("half")
    packed.run(PATH=no_disk)
    assert packed.unpacked() == ["half"]  # the machine runs since then

    for boot in ("another\n", ""):
        half.write_text("half")
        in_memory.write_text(boot)
        packed.run(PATH=no_disk)
        assert packed.unpacked() == ["1"]


def test_a_directory_that_lost_its_program_is_unpacked_again(packed: Packed) -> None:
    packed.run()
    next(packed.home.glob("tracker-*/tracker")).unlink()

    assert packed.run().returncode == 0
    assert packed.unpacked() == ["1"]


@pytest.mark.parametrize(
    ("command", "script", "words"),
    [
        ("df", "echo; echo fs 9 9 3 1% /", "are needed, 3 KiB are free"),
        ("tar", "cat >/dev/null; echo No space left >&2; exit 2", "No space left"),
    ],
)
def test_a_full_disk_is_explained_and_leaves_nothing_half_done(
    packed: Packed, tmp_path: Path, command: str, script: str, words: str
) -> None:
    ran = packed.run(PATH=stub(tmp_path, command, script))

    assert ran.returncode == 1
    assert NOWHERE in ran.stderr
    assert words in ran.stderr
    assert packed.unpacked() == []
    assert packed.run().returncode == 0


def cut_off(content: bytes) -> bytes:
    return content[:-40]


def change_the_first_half(content: bytes) -> bytes:
    end_of_first = content.rindex(GZIP)
    return content[: end_of_first - 5] + b"!" + content[end_of_first - 4 :]


def change_the_second_half(content: bytes) -> bytes:
    return content[:-5] + b"!" + content[-4:]


@pytest.mark.parametrize("damage", [cut_off, change_the_first_half, change_the_second_half])
def test_a_damaged_file_is_refused(packed: Packed, damage: Callable[[bytes], bytes]) -> None:
    packed.file.write_bytes(damage(packed.file.read_bytes()))
    ran = packed.run()

    assert ran.returncode == 1
    assert f"if {packed.file} is damaged, copy it again" in ran.stderr
    assert packed.unpacked() == []


def test_a_place_without_programs_is_explained(packed: Packed, tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o noexec,mode=700 none "$TRACKER_HOME" && exec "$0" "$@"'
    packed.home.mkdir(mode=0o700)
    namespace = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if namespace.returncode == 0 and os.geteuid() == 0:
        ran = packed.run(through=("unshare", "-m", "sh", "-c", mount))
    else:  # no right to mount: a file that can't be made executable looks the same
        ran = packed.run(PATH=stub(tmp_path, "chmod", "exit 0"))

    assert ran.returncode == 1
    assert "mounted noexec, no program may run there" in ran.stderr
    assert "TRACKER_HOME" in ran.stderr
    assert packed.unpacked() == []


def open_place(home: Path) -> Path:
    home.chmod(0o777)
    return home


def open_above(home: Path) -> Path:
    home.parent.chmod(0o777)
    return home.parent


def others_place(home: Path) -> Path:
    os.chown(home, 12345, 12345)
    return home


def others_version(home: Path) -> Path:
    version = next(home.glob("tracker-*"))
    os.chown(version, 12345, 12345)
    return version


def open_to_group(home: Path) -> Path:
    home.chmod(0o770)
    return home


AS_ANYBODY = [open_place, open_above, open_to_group]
AS_ROOT = [others_place, others_version] if os.geteuid() == 0 else []


@pytest.mark.parametrize("give_away", [*AS_ANYBODY, *AS_ROOT])
def test_where_others_could_plant_a_program_nothing_is_executed(
    packed: Packed, give_away: Callable[[Path], Path]
) -> None:
    packed.run()
    path = give_away(packed.home)
    ran = packed.run()

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert f"others can change {path};" in ran.stderr


def test_a_link_to_a_private_place_is_followed(packed: Packed, tmp_path: Path) -> None:
    packed.home.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(packed.home)

    assert packed.run(TRACKER_HOME=str(link)).returncode == 0
    assert packed.unpacked() == ["1"]


def test_a_place_that_cannot_be_made_is_named(packed: Packed, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    ran = packed.run(TRACKER_HOME=str(file / "home"))

    assert ran.returncode == 1
    assert f"{file}/home: can't be made" in ran.stderr


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        (("CACHE_DIRECTORY", "XDG_CACHE_HOME", "HOME"), "CACHE_DIRECTORY"),
        (("XDG_CACHE_HOME", "HOME"), "XDG_CACHE_HOME/tracker"),
        (("HOME",), "HOME/.cache/tracker"),
    ],
)
def test_it_goes_where_systemd_the_desktop_or_the_user_keeps_such_things(
    packed: Packed, tmp_path: Path, variables: tuple[str, ...], place: str
) -> None:
    for name in variables:
        (tmp_path / name).mkdir(mode=0o700)
    places = {name: str(tmp_path / name) for name in variables}
    ran = packed.run(TRACKER_HOME="", **places)

    assert ran.returncode == 0
    packed.home = tmp_path / place
    assert packed.unpacked() == ["1"]


@pytest.mark.parametrize("variables", [(), ("HOME",), ("HOME", "XDG_CACHE_HOME")], ids=str)
def test_commands_of_the_service_s_user_share_what_the_service_unpacked(
    packed: Packed, tmp_path: Path, variables: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    for path in (packed.cache, data):
        path.mkdir(mode=0o700)
    without_tar = stub(tmp_path, "tar", "exit 1")

    service = packed.run(TRACKER_HOME="", CACHE_DIRECTORY=str(packed.cache))
    command = packed.run(TRACKER_HOME="", PATH=without_tar, **dict.fromkeys(variables, str(data)))

    assert [(ran.returncode, ran.stderr) for ran in (service, command)] == [(0, "")] * 2
    packed.home = packed.cache
    assert packed.unpacked() == ["1"]
    assert list(data.iterdir()) == []


def test_everybody_else_unpacks_into_a_place_of_their_own(packed: Packed, tmp_path: Path) -> None:
    if os.geteuid() == 0:  # else it is missing, because only root gives it to somebody
        packed.cache.mkdir(mode=0o755)
        os.chown(packed.cache, 12345, 12345)

    ran = packed.run(TRACKER_HOME="", HOME=str(tmp_path))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert not packed.cache.exists() or list(packed.cache.iterdir()) == []
    packed.home = tmp_path / ".cache" / "tracker"
    assert packed.unpacked() == ["1"]


def test_the_next_place_is_taken_when_the_first_is_not_usable(
    packed: Packed, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    ran = packed.run(TRACKER_HOME="", CACHE_DIRECTORY=f"{tmp_path}/cache", HOME=str(tmp_path))

    assert (ran.returncode, ran.stderr) == (0, "")
    packed.home = tmp_path / ".cache" / "tracker"
    assert packed.unpacked() == ["1"]


def test_an_old_version_goes_as_soon_as_nobody_runs_it(packed: Packed, tmp_path: Path) -> None:
    running = packed.start(SLEEP="1000")
    eventually(lambda: packed.home.exists() and packed.unpacked() == ["1"])
    assert running.stdout is not None
    running.stdout.readline()  # the program itself speaks: its lock is held
    assert Packed(tmp_path, "2").run().returncode == 0
    assert packed.unpacked() == ["1", "2"]

    running.kill()
    running.communicate()
    assert Packed(tmp_path, "3").run().returncode == 0
    assert packed.unpacked() == ["3"]


def test_a_machine_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    ran = Packed(tmp_path, glibc="2.999").run()

    assert ran.returncode == 1
    assert "glibc 2.999 or later is needed, and here is glibc 2." in ran.stderr


def test_the_same_content_is_packed_into_the_same_file(packed: Packed) -> None:
    before = packed.file.read_bytes()
    content = packed.file.with_name("content-1")
    os.utime(content / "version", (1, 1))
    (content / "version").chmod(0o600)
    packed.pack(content, "1", "2.17")

    assert packed.file.read_bytes() == before
