"""What an engineer can set going from System: a rebuild, a job, a fold, the way back."""

import threading
from typing import Annotated

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from pydantic import BaseModel, Field

from projections.going_back import go_back
from tracker.errors import InvalidInput
from web.pages.frame import Asked, Given, note
from web.pages.system import RUNNABLE

Text = Annotated[str, Field(min_length=1, max_length=2000)]
MODES = {
    "check": {"check": True},
    "rebuild": {},
    "parity": {"require_parity": True},
}


class Mode(BaseModel):
    """How to rebuild: `check` only compares, `parity` switches only when nothing differs."""

    mode: Text


class JobName(BaseModel):
    """The job that a form speaks of."""

    name: Text


class Entity(BaseModel):
    """The entity that a form speaks of."""

    projection: Text
    key: Text


FORM = Body(media_type=RequestEncodingType.URL_ENCODED)


@post("/system/rebuild", sync_to_thread=True)
def start_rebuild(request: Asked, services: Given, data: Annotated[Mode, FORM]) -> Redirect:
    """Begin a rebuild beside the served views; raises Busy while one is under way."""
    if data.mode not in MODES:
        known = ", ".join(MODES)
        raise InvalidInput(f"There is no way to rebuild {data.mode[:50]!r}; there are {known}")
    services.rebuild.start(**MODES[data.mode])
    note(request, services, "rebuild started", data.mode)
    return _back("rebuild")


@post("/system/job", sync_to_thread=True)
def run_job(request: Asked, services: Given, data: Annotated[JobName, FORM]) -> Redirect:
    """Run a job at once, beside its plan; nothing happens when it runs already."""
    if data.name not in RUNNABLE:
        raise InvalidInput(f"The job {data.name[:50]!r} can't be started by hand", field="name")
    running = {job.name for job in services.scheduler.status() if job.running}
    if data.name not in running:
        run = services.scheduler.run
        threading.Thread(target=run, args=(data.name,), name="job", daemon=True).start()
        note(request, services, "job started", data.name)
    return _back("jobs")


@post("/system/refold", sync_to_thread=True)
def refold(request: Asked, services: Given, data: Annotated[Entity, FORM]) -> Redirect:
    """Fold one entity again in place; raises NotFound."""
    services.engine.refold(data.projection, data.key)
    note(request, services, "rebuild started", data.key)
    return _back("broken")


@post("/system/previous", sync_to_thread=True)
def serve_previous(request: Asked, services: Given) -> Redirect:
    """Serve the generation before this one again; raises NotReady when none is kept."""
    number = go_back(services.settings.data)
    note(request, services, "earlier views served", f"generation {number}")
    return _back("rebuild")


def _back(place: str) -> Redirect:
    return Redirect(f"/system#{place}", status_code=303)


UPKEEP_HANDLERS = [start_rebuild, run_job, refold, serve_previous]
