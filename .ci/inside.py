"""What is inside the single binary: whose files they are, their licences, the glibc they need.

The spec asks this while it builds. A file whose licence can't be found ends the build.
"""

import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from linked import licences_of_linked

from tracker.release import chapter, licences_of

ROOT = Path(__file__).parents[1]
STDLIB = Path(sysconfig.get_path("stdlib")).resolve()
COPYRIGHTS = Path("/usr/share/doc")
NEWEST_GLIBC = (2, 36)  # Debian 12's; Ubuntu 24.04 has 2.39
BOOTLOADER = "pyinstaller"  # its program begins the binary, though no file of it is listed
ASKED_FOR = ("METADATA", "entry_points.txt")  # what running programs read of a package's .dist-info
LEXERS = "pygments.lexers."
COLOURED = (f"{LEXERS}_mapping", f"{LEXERS}python", f"{LEXERS}special")  # tracebacks are Python
INTRODUCTION = """\
The workflow run tracker is one file that holds many works. Here stand the licences of all of
them: of the tracker itself, of Python and its libraries, of the packages, and of what compiled
packages were linked with. Those packages name the works, their authors and their licences, and
hold no files of theirs; so the text of each of these licences stands once, at the end, without
the years that a work's own copy may name. Unicode-DFS-2016, of a work that served only while
another was compiled, stands by its name alone.
"""

File = tuple[str, str, str]  # as PyInstaller lists it: name inside, source, kind
Files = Iterable[File]


def oldest_glibc(files: Files) -> str:
    """The highest glibc version that anything inside asks for, such as "2.35".

    Ends the build when it is newer than that of the oldest system that is promised.
    """
    needed = max((version, source) for source in binaries(files) for version in glibcs(source))
    if needed[0] > NEWEST_GLIBC:
        raise SystemExit(f"{needed[1]} needs glibc {dotted(needed[0])}; build on Debian 12")
    return dotted(needed[0])


def is_read(file: File) -> bool:
    """Whether the program reads a file when it runs.

    Licences are gathered in one file; where and how a package was installed differs between
    two builds, and is nobody's business.
    """
    name = file[0]
    if ".dist-info/" in name:
        return name.endswith(ASKED_FOR)
    return name in COLOURED or not name.startswith(LEXERS)


def binaries(files: Files) -> Iterator[str]:
    """Paths of the programs and libraries among the files."""
    return (source for _, source, kind in files if kind in {"BINARY", "EXTENSION", "EXECUTABLE"})


def glibcs(path: str) -> set[tuple[int, ...]]:
    """The versions of glibc whose symbols a library asks for."""
    said = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=True)
    found = re.findall(r"\bGLIBC_(\d+(?:\.\d+)+)", said.stdout)
    return {tuple(map(int, version.split("."))) for version in found}


def dotted(version: tuple[int, ...]) -> str:
    """A version as it is written."""
    return ".".join(map(str, version))


def licences(files: Files) -> str:
    """The licences of everything inside."""
    packages, libraries = owners({Path(source).resolve() for _, source, _ in files if source})
    return "\n".join((
        INTRODUCTION,
        chapter("workflow-run-tracker", (ROOT / "LICENSE").read_text()),
        *(chapter(path.name, path.read_text()) for path in vendored()),
        chapter(f"Python {platform.python_version()}", python_licence()),
        *(chapter(name, *texts) for name, texts in sorted(of_debian(libraries).items())),
        licences_of(packages),
        licences_of_linked(packages),
    ))  # fmt: skip


def vendored() -> list[Path]:
    """What the files of others that pages load say of themselves."""
    folder = ROOT / "web" / "static" / "vendor"
    return [folder / "README.md", *sorted(folder.glob("*LICENSE*"))]


def owners(sources: set[Path]) -> tuple[list[metadata.Distribution], set[Path]]:
    """The packages that files came from, and the libraries of the system among them."""
    owner = {
        Path(str(package.locate_file(path))).resolve(): package
        for package in metadata.distributions()
        for path in package.files or ()
    }
    packages = {owner[path].name: owner[path] for path in sources if path in owner}
    packages[BOOTLOADER] = metadata.distribution(BOOTLOADER)
    rest = {path for path in sources if path not in owner and not is_ours_or_pythons(path)}
    return [packages[name] for name in sorted(packages)], rest


def is_ours_or_pythons(path: Path) -> bool:
    """Whether a file is this repository's, or Python's own."""
    in_environment = path.is_relative_to(sys.prefix)
    return (
        (path.is_relative_to(ROOT) and not in_environment)
        or path.is_relative_to(STDLIB)
        or path.name.startswith("libpython")
    )


def python_licence() -> str:
    """Python's licence, where it was built from source or came as a Debian package."""
    debian = COPYRIGHTS / f"python{sysconfig.get_python_version()}" / "copyright"
    return next(path for path in (STDLIB / "LICENSE.txt", debian) if path.exists()).read_text()


def of_debian(libraries: set[Path]) -> dict[str, list[str]]:
    """The copyright notices of libraries that came from Debian packages."""
    found: dict[str, list[str]] = {}
    for library in libraries:
        command = ["dpkg", "--search", f"*/{library.name}"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        package = said.partition(":")[0]
        notice = COPYRIGHTS / package / "copyright"
        if not package or not notice.exists():
            raise SystemExit(f"{library} goes into the binary, and its licence is unknown")
        found[package] = [notice.read_text()]
    return found
