"""Where the processor's time goes: profiles of a program's processes and threads, summed up."""

import pstats
import re
from collections import Counter
from pathlib import Path

from tests.benchmarks.processes import ROOT

NAMED = 6
PARTS = 4
# One process a line: its name, its thread, its number and the thread's.
FILE = re.compile(r"(?P<process>.+?)-(?P<thread>[^-].*)-\d+-\d+$")
METHOD = re.compile(r"method '(\w+)' of '(?:[\w.]*\.)?(\w+)'")
FUNCTION = re.compile(r"built-in method (?:[\w.]*\.)?(\w+)")


def profiled(folder: Path) -> dict[str, str]:
    """The environment of a program whose profiles are to be written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pstats"):
        old.unlink()
    hook = Path(__file__).parent / "profiling"
    return {"PYTHONPATH": f"{hook}:{ROOT}", "BENCHMARK_PROFILES": str(folder.resolve())}


def shares(folder: Path, of: str = "") -> str:
    """Which threads, and in them which functions, took most of the time; `of` one process only."""
    of_threads: Counter[str] = Counter()
    of_parts: Counter[str] = Counter()
    for file in folder.glob(f"{of}*.pstats"):
        own = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
        for function, (_, _, seconds, *_) in own.items():
            of_threads[_thread(file)] += seconds
            of_parts[_part(*function)] += seconds
    total = of_threads.total()
    if not total:
        return "no profile was written"
    threads, parts = _listed(of_threads, total, PARTS), _listed(of_parts, total, NAMED)
    return f"{total:.1f} s of processor time, profiled: {threads}; in {parts}"


def _listed(of: Counter[str], total: float, most: int) -> str:
    return ", ".join(
        f"{name} {seconds / total:.0%}"
        for name, seconds in of.most_common(most)
        if seconds > total / 100
    )


def _thread(file: Path) -> str:
    """The worker processes of a pool and the threads of a pool count together."""
    found = FILE.match(file.stem)
    name = f"{found['process']} {found['thread']}" if found else file.stem
    return re.sub(r"[-_ ]?\d+\b", "", name.replace("MainProcess ", "").replace(" MainThread", ""))


def _part(file: str, _line: int, function: str) -> str:
    """A function by the file of ours that it is in, the package, or its own name if it is C."""
    if file == "~":
        found = METHOD.search(function)
        if found:
            return f"{found[2]}.{found[1]}"
        found = FUNCTION.search(function)
        return found[1] if found else function
    path = Path(file)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return str(path.relative_to(ROOT))
    after = file.rpartition("site-packages/")[2] if "site-packages" in file else path.name
    return after.split("/")[0].removesuffix(".py")
