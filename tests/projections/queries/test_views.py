"""Read connections follow the served generation."""

import threading
from pathlib import Path

import pytest

from projections.queries.views import Views
from tests.projections.queries.stored import started, store
from tracker.errors import NotReady


def _runs(views: Views) -> int:
    with views.read() as connection:
        return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])


def test_without_a_generation_the_views_are_not_ready(data: Path) -> None:
    with pytest.raises(NotReady), Views(data).read():
        pass


def test_a_new_generation_is_read_as_soon_as_it_is_served(data: Path) -> None:
    views = store(data, [started("one")])
    assert (_runs(views), views.generation()) == (1, 1)
    store(data, [started("two")]).close()
    assert (_runs(views), views.generation()) == (2, 2)
    views.close()


def test_what_is_read_at_once_is_of_one_generation(data: Path) -> None:
    views = store(data, [started("one")])
    with views.read() as connection:
        store(data, [started("two")]).close()
        assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] == 1
    assert _runs(views) == 2
    views.close()


def test_many_threads_read_beside_each_other(data: Path) -> None:
    views = store(data, [started("one")])
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(_runs(views))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 16
    views.close()
