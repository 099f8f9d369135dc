"""Packs a directory with a program `tracker` in it into one file that can be executed.

    python .ci/pack.py build/tracker dist/tracker --version 0.1.0 --glibc 2.35

The file is `.ci/launcher.sh` followed by the directory as two compressed archives, which are
unpacked at once. The same directory gives the same file: the order is fixed, and so are owners,
modes and times.
"""

import argparse
import gzip
import hashlib
import io
import platform
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.sh")
BLOCK = 4096  # bytes that a file system gives out at once


def pack(directory: Path, target: Path, version: str, glibc: str, cache: str) -> None:
    """Write the one file."""
    first, second = (archive(directory, half) for half in halves(directory))
    name = f"tracker-{version}-{hashlib.sha256(first + second).hexdigest()[:16]}"
    launcher = LAUNCHER.read_text()
    filled = {
        "NAME": name,
        "KILOBYTES": str(kilobytes(directory)),
        "MACHINE": platform.machine(),
        "GLIBC_MINOR": glibc.removeprefix("2."),
        "CACHE": cache,
    }
    for word, value in filled.items():
        launcher = launcher.replace(f"@{word}@", value)
    head = placed(launcher, len(first)).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a running one keeps its file
    target.write_bytes(head + first + second)
    target.chmod(0o755)


def placed(launcher: str, length: int) -> str:
    """The launcher with the places of the archives behind it; it grows by naming them."""
    begin = len(launcher.encode()) + 1
    while True:
        text = launcher.replace("@FIRST@", str(begin)).replace("@SECOND@", str(begin + length))
        if len(text.encode()) + 1 == begin:
            return text
        begin = len(text.encode()) + 1


def halves(directory: Path) -> tuple[list[Path], list[Path]]:
    """The directory's content in two parts of about the same size."""
    sized = [(path.stat().st_size, path) for path in directory.rglob("*") if path.is_file()]
    parts: tuple[list[Path], list[Path]] = ([], [])
    sizes = [0, 0]
    for size, path in sorted(sized, reverse=True):
        lighter = sizes.index(min(sizes))
        parts[lighter].append(path)
        sizes[lighter] += size
    return parts


def archive(directory: Path, paths: Iterable[Path]) -> bytes:
    """Files as a compressed archive, the same for the same content.

    It holds the directories that they lie in as well: tar fails when another one makes a
    directory that it had not expected to find.
    """
    above = {parent for path in paths for parent in path.parents if directory in parent.parents}
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", 9, packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted({*paths, *above}):
            entry = tar.gettarinfo(path, path.relative_to(directory).as_posix())
            tar.addfile(anonymous(entry), path.open("rb") if entry.isreg() else None)
    return packed.getvalue()


def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry without what depends on who packs it, and when."""
    runs = entry.isdir() or entry.mode & stat.S_IXUSR
    entry.mode = 0o755 if runs else 0o644
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    return entry


def kilobytes(directory: Path) -> int:
    """What the files take on a disk."""
    sizes = (path.stat().st_size for path in directory.rglob("*"))
    return sum(-(-size // BLOCK) * BLOCK for size in sizes) // 1024


def main() -> None:
    """Pack what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--glibc", required=True)
    parser.add_argument("--cache", default="/var/cache/tracker")
    given = parser.parse_args()
    pack(given.directory, given.target, given.version, given.glibc, given.cache)


if __name__ == "__main__":
    main()
