"""A backup is read back only if it is, byte for byte, what was packed; nothing else is believed."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tracker.backups.archive import MANIFEST, Manifest, Part, read_manifest, unpack, write
from tracker.errors import BackupDamaged, NotReady

Edit = Callable[[dict[str, bytes]], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A backup of two files."""
    (tmp_path / "log.db").write_bytes(b"events " * 5000)
    (tmp_path / "control.db").write_bytes(b"secrets")
    path = tmp_path / "backup.zip"
    write(path, [tmp_path / "log.db", tmp_path / "control.db"], describe, silent)
    return path


def describe(parts: list[Part]) -> Manifest:
    return Manifest(1, "2026-03-01T02:00:00Z", "0.1.0", {}, 3, "ab", None, parts)


def edited(path: Path, edit: Edit) -> Path:
    """The backup with other contents, packed anew so that only our own checks can tell."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    edit(contents)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def say(contents: dict[str, bytes], **changes: object) -> None:
    """Change the manifest."""
    manifest = msgspec.json.decode(contents[MANIFEST])
    contents[MANIFEST] = msgspec.json.encode({**manifest, **changes})


def refusal(path: Path, into: Path) -> str:
    """Why a backup is refused; nothing is left that looks restored."""
    into.mkdir()
    with pytest.raises((BackupDamaged, NotReady)) as refused:
        unpack(path, into, silent)
    assert "log.db" not in [one.name for one in into.iterdir()] or "control" in str(refused.value)
    return str(refused.value)


def test_what_was_packed_comes_out_again_for_its_owner_alone(packed: Path, tmp_path: Path) -> None:
    into = tmp_path / "new"
    into.mkdir()
    manifest = unpack(packed, into, silent)

    assert (into / "log.db").read_bytes() == b"events " * 5000
    assert (into / "control.db").read_bytes() == b"secrets"
    assert sorted(path.name for path in into.iterdir()) == ["control.db", "log.db"]
    assert {path.stat().st_mode & 0o777 for path in (packed, *into.iterdir())} == {0o600}
    assert manifest == read_manifest(packed)
    assert manifest.size == 35_007


def test_progress_goes_to_the_end(packed: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    (tmp_path / "new").mkdir()
    unpack(packed, tmp_path / "new", lambda *news: told.append(news))
    assert told == [("unpacking", 35_000, 35_007), ("unpacking", 35_007, 35_007)]


@pytest.mark.parametrize("part", ["log.db", "control.db"])
def test_a_part_with_other_bytes_is_named(packed: Path, tmp_path: Path, part: str) -> None:
    def change(contents: dict[str, bytes]) -> None:
        contents[part] = contents[part][:-1] + b"!"

    assert f"'{part}' in backup.zip is damaged" in refusal(edited(packed, change), tmp_path / "x")


def test_a_part_that_unpacks_to_far_more_than_it_says_stops_early(
    packed: Path, tmp_path: Path
) -> None:
    def bomb(contents: dict[str, bytes]) -> None:
        contents["log.db"] = bytes(20 * 1024 * 1024)

    refusal(edited(packed, bomb), tmp_path / "x")
    left = sum(path.stat().st_size for path in (tmp_path / "x").iterdir())
    assert left <= 2 * 1024 * 1024


@pytest.mark.parametrize("where", range(0, 100, 7))
def test_a_changed_byte_anywhere_is_never_restored(
    packed: Path, tmp_path: Path, where: int
) -> None:
    content = bytearray(packed.read_bytes())
    content[len(content) * where // 100] ^= 0x55
    packed.write_bytes(content)
    into = tmp_path / "x"
    into.mkdir()
    try:
        unpack(packed, into, silent)
    except (BackupDamaged, NotReady):
        return
    # A byte that means nothing, such as a date: then all is as it was.
    assert (into / "log.db").read_bytes() == b"events " * 5000
    assert (into / "control.db").read_bytes() == b"secrets"


@pytest.mark.parametrize("share", [0, 1, 50, 99])
def test_a_file_that_was_cut_off_is_no_backup(packed: Path, tmp_path: Path, share: int) -> None:
    content = packed.read_bytes()
    packed.write_bytes(content[: len(content) * share // 100])
    assert "is no backup, or was cut off" in refusal(packed, tmp_path / "x")


def evil(name: str) -> Edit:
    """A part under a name that leads elsewhere, which the manifest confirms."""

    def edit(contents: dict[str, bytes]) -> None:
        contents[name] = contents.pop("control.db")
        manifest = msgspec.json.decode(contents[MANIFEST])
        manifest["parts"][1]["name"] = name
        say(contents, parts=manifest["parts"])

    return edit


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a/../../evil", "views.current", "log.db/x", "C:\\evil", ".."]
)
def test_a_name_that_leads_elsewhere_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.iterdir())
    assert "a backup holds no such part" in refusal(edited(packed, evil(name)), tmp_path / "x")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "x"}
    assert list((tmp_path / "x").iterdir()) == []


def without_log(contents: dict[str, bytes]) -> None:
    del contents["log.db"]
    say(contents, parts=msgspec.json.decode(contents[MANIFEST])["parts"][1:])


def unsaid(contents: dict[str, bytes]) -> None:
    contents["tracker.toml"] = b"port = 1"


def twice(contents: dict[str, bytes]) -> None:
    say(contents, parts=[*msgspec.json.decode(contents[MANIFEST])["parts"]] * 2)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda contents: contents.pop(MANIFEST), "it is missing"),
        (lambda contents: contents.update({MANIFEST: b"{"}), "damaged"),
        (lambda contents: contents.update({MANIFEST: b'{"format": 1}'}), "missing required field"),
        (lambda contents: say(contents, head="many"), "Expected `int`"),
        (lambda contents: contents.pop("control.db"), "does not say what the archive holds"),
        (without_log, "'log.db' in backup.zip is damaged: it is missing"),
        (unsaid, "'tracker.toml' in backup.zip is damaged"),
        (twice, "does not say what the archive holds"),
        (lambda contents: say(contents, format=2), "has the format 2, this program reads 1"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    packed: Path, tmp_path: Path, edit: Edit, reason: str
) -> None:
    assert reason in refusal(edited(packed, edit), tmp_path / "x")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "There is no backup" in refusal(tmp_path / "none.zip", tmp_path / "x")


def test_packing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"events")

    def fail(_parts: list[Part]) -> Manifest:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        write(tmp_path / "backup.zip", [tmp_path / "log.db"], fail, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["log.db"]
