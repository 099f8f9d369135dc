"""The least that the same server can do: `python -m tests.benchmarks.empty PORT`.

A Litestar handler that reads the body and answers, with no signature, no log, no views.
"""

import asyncio
import sys
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, post


@post("/webhooks/popp", status_code=200)
async def receive(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Read and answer."""
    await request.body()
    return {"status": "accepted"}


async def serve(port: int) -> None:
    """Serve until killed."""
    app = Litestar([receive], openapi_config=None, logging_config=None)
    server = Server(
        app,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    await server.serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
