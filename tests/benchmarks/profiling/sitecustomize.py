"""Profiles a program and its children, thread by thread, without a line in the program.

Python imports a module of this name at every start when its folder is on PYTHONPATH. The
clock is each thread's processor time, so that waiting does not count. The profiles are
written when a process ends, into the folder that BENCHMARK_PROFILES names.
"""

import atexit
import cProfile
import multiprocessing
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

FOLDER = Path(os.environ["BENCHMARK_PROFILES"])
_profiles: list[tuple[str, cProfile.Profile]] = []


def _begin(*_called: object) -> None:
    """Profile this thread; called in each one as its first function begins."""
    profile = cProfile.Profile(time.thread_time)
    _profiles.append((threading.current_thread().name, profile))
    with suppress(ValueError):  # from Python 3.12 on there is one profile for all threads
        profile.enable()


def _write() -> None:
    process = multiprocessing.current_process().name
    if "--engine" in sys.orig_argv:  # which is not multiprocessing's
        process = "engine"
    for number, (thread, profile) in enumerate(_profiles):
        profile.create_stats()
        if profile.stats:  # type: ignore[attr-defined]
            name = f"{process}-{thread}-{os.getpid()}-{number}.pstats".replace("/", "_")
            profile.dump_stats(FOLDER / name)


atexit.register(_write)
threading.setprofile(_begin)
_begin()
