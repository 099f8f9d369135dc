"""Jobs that run by the clock: plain callables, each with a name and a sentence.

Times are UTC. A run that was missed is made up for once, however often it was missed
and however late it is; one that was missed, cut off or failed before a start, soon after it.
What jobs do is composed in `tracker.jobs`.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from tracker.timing import DAY, EPOCH, MICROSECOND, now, to_datetime

Trigger: TypeAlias = CronTrigger | IntervalTrigger

LONGEST_RESULT: Final = 2000
# After a start, until what was missed is made up for, and between one such job and the next: the
# views may have to catch up first, and a start that does not last long begins nothing.
SOON: Final = timedelta(minutes=10)

logger = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True):
    """One job: `says` what it is for, `trigger` when, `run` does it and returns its result."""

    name: str
    says: str
    trigger: Trigger
    run: Callable[[], str]


class JobStatus(msgspec.Struct, frozen=True):
    """A job as System shows it. Times are microseconds, None where there is none yet.

    `ok` and `result` tell of the run that finished last.
    """

    name: str
    says: str
    running: bool
    next_run_at: int | None
    last_started_at: int | None
    last_finished_at: int | None
    ok: bool | None
    result: str | None


class Memory(Protocol):
    """Where the results of jobs are kept over restarts (`tracker.control.Control`)."""

    def job_started(self, name: str, at: int) -> None:
        """A job has begun."""

    def job_finished(
        self, name: str, started_at: int, finished_at: int, ok: bool, result: str
    ) -> None:
        """A job's run has ended."""

    def job_results(self) -> Sequence[Any]:
        """The last run of each job: name, last_started_at, last_finished_at, ok, result."""


def every(seconds: int) -> Trigger:
    """A trigger that fires every so many seconds."""
    return IntervalTrigger(seconds=seconds, timezone=UTC)


def daily(hour: int, minute: int = 0) -> Trigger:
    """A trigger that fires once a day at this time in UTC."""
    return CronTrigger(hour=hour, minute=minute, timezone=UTC)


class Scheduler:
    """Runs the jobs, each in a thread and never beside itself, and remembers how they went.

    `changed` is called when a run begins and when it has ended.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        memory: Memory,
        clock: Callable[[], int] = now,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._changed = changed
        self._jobs = {job.name: job for job in jobs}
        self._memory = memory
        self._clock = clock
        self._running: set[str] = set()
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None}
        )
        for job in jobs:
            self._scheduler.add_job(self.run, job.trigger, args=(job.name,), id=job.name)

    def start(self) -> None:
        """Begin to run jobs when they are due, and soon those that were due and did not go well."""
        self._scheduler.start()
        begun = datetime.now(UTC)
        for number, name in enumerate(self._missed(), start=1):
            self._scheduler.modify_job(name, next_run_time=begun + number * SOON)

    def stop(self) -> None:
        """Start no further job and wait for those that run."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def run(self, name: str) -> None:
        """Run a job now, in this thread, and remember the result. Its errors are a result, too."""
        started_at = self._clock()
        self._memory.job_started(name, started_at)
        self._running.add(name)
        self._changed()
        try:
            ok, result = True, self._jobs[name].run()
        except Exception as error:
            logger.exception("The job %s failed", name)
            ok, result = False, f"{type(error).__name__}: {error}"
        finally:
            self._running.discard(name)
        self._memory.job_finished(name, started_at, self._clock(), ok, result[:LONGEST_RESULT])
        self._changed()

    def _missed(self) -> list[str]:
        """The daily jobs that have run before, but not well since they were last due."""
        moment = self._clock()
        a_day_ago = to_datetime(moment - DAY)
        missed = []
        for past in self._memory.job_results():
            job = self._jobs.get(past.name)
            if job is None or not isinstance(job.trigger, CronTrigger):
                continue
            due = (job.trigger.get_next_fire_time(None, a_day_ago) - EPOCH) // MICROSECOND
            if not past.ok or past.last_finished_at < due:
                missed.append(past.name)
        return missed

    def status(self) -> list[JobStatus]:
        """Every job with its last and its next run, in the order in which they were given."""
        past = {result.name: result for result in self._memory.job_results()}
        return [self._status(job, past.get(job.name)) for job in self._jobs.values()]

    def _status(self, job: Job, past: Any) -> JobStatus:
        return JobStatus(
            name=job.name,
            says=job.says,
            running=job.name in self._running,
            next_run_at=self._next_run(job.name),
            last_started_at=past.last_started_at if past else None,
            last_finished_at=past.last_finished_at if past else None,
            ok=past.ok if past else None,
            result=past.result if past else None,
        )

    def _next_run(self, name: str) -> int | None:
        # A job of a scheduler that has not started has no such attribute yet.
        moment = getattr(self._scheduler.get_job(name), "next_run_time", None)
        return None if moment is None else (moment - EPOCH) // MICROSECOND
