"""Packs a directory with a program `tracker` in it into one file that can be executed.

    python .ci/pack.py build/tracker dist/tracker --version 0.1.0 --glibc 2.35

The file is `.ci/launcher.sh` followed by the directory as a compressed archive. The same
directory gives the same file: names are sorted, and owners, modes and times are fixed.
"""

import argparse
import gzip
import hashlib
import io
import platform
import stat
import tarfile
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.sh")
BLOCK = 4096  # bytes that a file system gives out at once


def pack(directory: Path, target: Path, version: str, glibc: str) -> None:
    """Write the one file."""
    payload = archive(directory)
    name = f"tracker-{version}-{hashlib.sha256(payload).hexdigest()[:16]}"
    launcher = LAUNCHER.read_text()
    filled = {
        "NAME": name,
        "PAYLOAD": str(launcher.count("\n") + 1),
        "KILOBYTES": str(kilobytes(directory)),
        "MACHINE": platform.machine(),
        "GLIBC_MINOR": glibc.removeprefix("2."),
    }
    for word, value in filled.items():
        launcher = launcher.replace(f"@{word}@", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a running one keeps its file
    target.write_bytes(launcher.encode() + payload)
    target.chmod(0o755)


def archive(directory: Path) -> bytes:
    """The directory as a compressed archive, the same for the same content."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", 9, packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted(directory.rglob("*")):
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
    given = parser.parse_args()
    pack(given.directory, given.target, given.version, given.glibc)


if __name__ == "__main__":
    main()
