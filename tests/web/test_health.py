"""Alive, ready, and in figures: what a monitor asks, and what it hears when something is wrong."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from projections.queries.views import Views
from tests.sample import append, bodies, body, built, following, opened, reading
from tests.web.asgi import Answer, ask
from tracker.backup_proofs import Proven
from tracker.control import Control
from tracker.ingest import Ingest
from tracker.settings import load_settings
from tracker.timing import SECOND, now
from web.app import create_app
from web.live import Hub
from web.services import Services


class Service:
    """The application over a real log and real views, with an engine that says what it is told."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        self.data = data
        self.log = stack.enter_context(opened(data))
        self.ingest = Ingest(self.log, secrets=list)
        self.ingest.start()
        stack.callback(self.ingest.stop)
        self.engine = SimpleNamespace(running=True, error=None)
        views = Views(data)
        stack.callback(views.close)
        absent = cast("Any", None)
        self.control = Control(data / "control.db")
        self.app = create_app(
            Services(
                settings=load_settings(data, open_access=True),
                log=stack.enter_context(reading(data)),
                views=views,
                ingest=self.ingest,
                engine=cast("Any", self.engine),
                hub=Hub(),
                control=self.control,
                scheduler=absent,
                rebuild=absent,
                eraser=absent,
                now=now,
            )
        )

    def get(self, path: str) -> Answer:
        return ask(self.app, "GET", path)

    def figures(self) -> dict[str, float]:
        """The samples of /metrics by name and labels."""
        answer = self.get("/metrics")
        assert answer.status == 200
        return {
            "".join([sample.name, *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(answer.body.decode())
            for sample in family.samples
        }


@pytest.fixture
def service(data: Path) -> Iterator[Service]:
    append(data, bodies(3))
    with ExitStack() as stack:
        yield Service(data, stack)


def test_it_is_alive_whatever_else_is_wrong(service: Service) -> None:
    service.engine.running = False
    answer = service.get("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_it_is_ready_when_events_are_stored_and_folded(service: Service) -> None:
    built(service.data)
    answer = service.get("/readyz")
    assert answer.status == 200
    assert answer.json() == {
        "ready": True,
        "log_writable": True,
        "engine_running": True,
        "lag_events": 0,
        "broken": 0,
        "problem": None,
    }


def test_without_views_it_is_not_ready(service: Service) -> None:
    answer = service.get("/readyz")
    assert answer.status == 503
    assert answer.json()["lag_events"] is None
    assert answer.json()["problem"]


def test_with_an_engine_that_does_not_run_it_is_not_ready_and_says_why(service: Service) -> None:
    built(service.data)
    service.engine.running, service.engine.error = False, "no space left"
    answer = service.get("/readyz")
    assert answer.status == 503
    assert (answer.json()["engine_running"], answer.json()["problem"]) == (False, "no space left")


def test_when_the_log_could_not_be_written_it_is_not_ready_until_it_can(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(service.data)

    def fail(_deliveries: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(service.log, "append", fail)
        with pytest.raises(Exception, match="no space left"):
            service.ingest.append_bodies([body("new")])
    answer = service.get("/readyz")
    assert answer.status == 503
    assert answer.json()["log_writable"] is False
    assert "no space left" in answer.json()["problem"]
    service.ingest.append_bodies([body("new")])
    assert service.get("/readyz").status == 200


def test_lag_and_broken_entities_are_told(service: Service) -> None:
    built(service.data)
    with following(service.data) as follower:
        follower.views.execute("UPDATE entities SET broken = 'Traceback' WHERE projection = 'runs'")
    service.ingest.append_bodies([body("more"), body("and more")])
    told = service.get("/readyz").json()
    assert (told["lag_events"], told["broken"]) == (2, 1)
    figures = service.figures()
    assert (figures["tracker_lag_events"], figures["tracker_broken_entities"]) == (2, 1)


def test_the_figures_are_those_of_the_service(service: Service) -> None:
    service.ingest.outcomes.update({"accepted": 2, "rejected": 5})
    before = service.figures()
    assert before["tracker_deliveries_totalaccepted"] == 2
    assert before["tracker_deliveries_totalrejected"] == 5
    assert before["tracker_log_events"] == 3
    assert before["tracker_live_browsers"] == 0
    assert before["tracker_ready"] == 0
    assert "tracker_lag_events" not in before
    built(service.data)
    assert service.figures()["tracker_ready"] == 1


def test_the_last_proven_backup_is_told_in_figures(service: Service) -> None:
    assert not [name for name in service.figures() if name.startswith("tracker_backup")]
    service.control.backup_proofs.add(Proven(at=7 * SECOND, file="a.zip", size=10, position=3))
    service.control.backup_proofs.add(Proven(at=9 * SECOND, problem="no room"))
    figures = service.figures()
    assert figures["tracker_backup_ok"] == 0
    assert figures["tracker_backup_proven_timestamp_seconds"] == 7
    assert (figures["tracker_backup_bytes"], figures["tracker_backup_events"]) == (10, 3)
