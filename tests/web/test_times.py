"""How durations and times read."""

from tests.projections.queries.stored import NOON
from tracker.timing import DAY, HOUR, MINUTE
from web.times import ago, exact, lasted
from web.viewer import Viewer


def test_durations_have_one_or_two_units() -> None:
    assert lasted(None) == "–"  # noqa: RUF001  # the dash that is shown
    assert lasted(0) == "0 s"
    assert lasted(3 * HOUR + 12 * MINUTE) == "3 h 12 min"
    assert lasted(40 * DAY) == "40 d"


def test_times_are_told_from_now() -> None:
    assert ago(NOON, NOON) == "just now"
    assert ago(NOON - 3 * HOUR, NOON) == "3 h ago"
    assert ago(NOON + 2 * DAY, NOON) == "in 2 d"


def test_an_exact_time_names_day_and_zone() -> None:
    assert exact(NOON, Viewer(NOON).zone) == "Mon 2 Mar 2026, 12:00:00 UTC"
