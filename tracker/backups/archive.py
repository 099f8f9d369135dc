"""A backup is one zip file: the copies, and a manifest that says what they are.

`unzip` opens it as well. Nothing is believed of a file that is read back: names, sizes and
digests must be those of the manifest, and only names that a backup can hold are written.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from tracker import files
from tracker.errors import BackupDamaged, NotReady

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 1024 * 1024
PARTS: Final = ("log.db", "control.db", "tracker.toml")
LEVEL: Final = 1  # three times as fast as the default, and the file a fifth larger
BLOCK: Final = 1024 * 1024

# What reading a damaged, cut off or hand-made archive can raise.
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # a part that asks for a password, or is packed by a method of another kind
    ValueError,
    OSError,
)

Progress = Callable[[str, int, int], None]


class Part(msgspec.Struct, frozen=True):
    """One file in a backup: its size in bytes and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


class ViewsThen(msgspec.Struct, frozen=True):
    """What the served views were at a position: projections' versions, and digests by view."""

    position: int
    versions: dict[str, int]
    digests: dict[str, str]


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds.

    `schemas` are the steps that each file had behind it, `head` and `chain` the newest event's
    position and chain value; `views` is None when none were served that could be compared.
    """

    format: int
    made_at: str
    program: str
    schemas: dict[str, list[str]]
    head: int
    chain: str
    views: ViewsThen | None
    parts: list[Part]

    @property
    def size(self) -> int:
        """How many bytes the parts have when they are unpacked."""
        return sum(part.size for part in self.parts)


def write(
    path: Path, parts: Sequence[Path], describe: Callable[[list[Part]], Manifest], tell: Progress
) -> Manifest:
    """Pack files into a backup that is there whole or not at all, for its owner alone.

    `describe` makes the manifest from what was packed; `tell` hears of bytes done.
    """
    unfinished = files.begin(path)
    total = sum(part.stat().st_size for part in parts)
    try:
        with zipfile.ZipFile(
            unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL, allowZip64=True
        ) as packed:
            done: list[Part] = []
            for part in parts:
                before = sum(one.size for one in done)
                done.append(_pack(packed, part, _onwards(tell, "packing", before, total)))
            manifest = describe(done)
            packed.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        files.put_in_place(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _onwards(tell: Progress, stage: str, before: int, total: int) -> Callable[[int], None]:
    return lambda done: tell(stage, before + done, total)


def _pack(packed: zipfile.ZipFile, path: Path, tell: Callable[[int], None]) -> Part:
    with path.open("rb") as source, packed.open(path.name, "w", force_zip64=True) as target:
        size, digest = _copy(iter(lambda: source.read(BLOCK), b""), target, tell)
    return Part(path.name, size, digest)


def read_manifest(path: Path) -> Manifest:
    """What a backup says that it holds; raises BackupDamaged, NotReady, FileNotFoundError."""
    with _opened(path) as packed:
        return _manifest(path, packed)


def unpack(path: Path, directory: Path, tell: Progress) -> Manifest:
    """Write the parts of a backup into a directory, each checked against the manifest.

    Raises BackupDamaged with the name of the part, NotReady when there is too little room.
    """
    with _opened(path) as packed:
        manifest = _manifest(path, packed)
        files.check_room(directory, manifest.size, f"Restoring {path.name}")
        done = 0
        for part in manifest.parts:
            step = _onwards(tell, "unpacking", done, manifest.size)
            _unpack(packed, path, part, directory, step)
            done += part.size
    files.sync(directory)
    return manifest


def _opened(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise NotReady(f"There is no backup {path}; `tracker backup --list` shows those there are")
    try:
        return zipfile.ZipFile(path)
    except BROKEN as error:
        raise BackupDamaged(
            f"{path} is no backup, or was cut off ({error}); use another backup"
        ) from None


def _manifest(path: Path, packed: zipfile.ZipFile) -> Manifest:
    content = _content(path, packed)
    try:
        version = msgspec.json.decode(content, type=_Version).format
        if version != FORMAT:
            raise NotReady(
                f"{path.name} has the format {version}, this program reads {FORMAT}; "
                "restore it with the version of the program that made it"
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(path, MANIFEST, str(error)) from None
    _check_names(path, packed, manifest)
    return manifest


class _Version(msgspec.Struct):
    format: int


def _content(path: Path, packed: zipfile.ZipFile) -> bytes:
    try:
        with packed.open(MANIFEST) as source:
            return source.read(LARGEST_MANIFEST)
    except KeyError:
        raise _damaged(path, MANIFEST, "it is missing") from None
    except BROKEN as error:
        raise _damaged(path, MANIFEST, str(error)) from None


def _check_names(path: Path, packed: zipfile.ZipFile, manifest: Manifest) -> None:
    """Raise BackupDamaged unless the archive holds the manifest's parts, once each, and no more."""
    named = [part.name for part in manifest.parts]
    for name in named:
        if name not in PARTS:
            raise _damaged(path, name, "a backup holds no such part")
    if named[:1] != [PARTS[0]]:
        raise _damaged(path, PARTS[0], "it is missing")
    there = sorted(packed.namelist())
    if there != sorted([*named, MANIFEST]):
        odd = set(there) ^ {*named, MANIFEST} or set(there)
        raise _damaged(path, min(odd), "the manifest does not say what the archive holds")


def _unpack(
    packed: zipfile.ZipFile, path: Path, part: Part, directory: Path, tell: Callable[[int], None]
) -> None:
    target = directory / part.name
    try:
        unfinished = files.begin(target)
        with unfinished.open("wb") as written:
            size, digest = _copy(_blocks(packed, path, part), written, tell)
        if (size, digest) == (part.size, part.sha256):
            files.put_in_place(unfinished, target)
            return
    except OSError as error:
        raise NotReady(f"{target} can't be written ({error.strerror}); try again") from None
    raise _damaged(path, part.name, "its bytes are not those that were packed")


def _blocks(packed: zipfile.ZipFile, path: Path, part: Part) -> Iterator[bytes]:
    """The bytes of a part, not many more than it should have."""
    left = part.size
    try:
        with packed.open(part.name) as source:
            while left >= 0 and (block := source.read(BLOCK)):
                left -= len(block)
                yield block
    except BROKEN as error:
        raise _damaged(path, part.name, str(error)) from None


def _copy(
    blocks: Iterable[bytes], target: IO[bytes], tell: Callable[[int], None]
) -> tuple[int, str]:
    """Write all blocks; gives their size and SHA-256."""
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        target.write(block)
        digest.update(block)
        size += len(block)
        tell(size)
    return size, digest.hexdigest()


def _damaged(path: Path, part: str, reason: str) -> BackupDamaged:
    return BackupDamaged(
        f"{part!r} in {path.name} is damaged: {reason}. Nothing was restored; use another backup"
    )
