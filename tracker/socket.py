"""The Unix socket through which commands reach the running service.

A message is its length in four bytes and then MessagePack. The file is readable by its
owner only, as is the data directory it lies in.
"""

import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from tracker import errors
from tracker.errors import NotReady, TrackerError

NAME: Final = "tracker.sock"
LARGEST_MESSAGE: Final = 128 * 1024 * 1024  # twice the largest body that can be allowed
LENGTH: Final = struct.Struct(">I")


class Reply(msgspec.Struct, frozen=True):
    """The result of a command, or the class and the message of the error that it raised."""

    result: Any = None
    error: str | None = None
    message: str = ""


class Doorman:
    """Answers commands, each connection in a thread of its own.

    `handle` is given what a connection sent, read as `accepts`, and returns the result.
    """

    def __init__(self, data: Path, accepts: Any, handle: Callable[[Any], Any]) -> None:
        (data / NAME).unlink(missing_ok=True)
        with _short_path(data) as path:
            self._server = _Server(path, _Connection)
        (data / NAME).chmod(0o600)
        self._server.answer = _answerer(accepts, handle)
        self._path = data / NAME
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="commands", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Take no further command and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answer: Callable[[bytes], bytes]


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # the command was interrupted
            while (message := _receive(self.request)) is not None:
                server = self.server
                if isinstance(server, _Server):
                    _send(self.request, server.answer(message))


def _answerer(accepts: Any, handle: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def answer(message: bytes) -> bytes:
        try:
            reply = Reply(handle(msgspec.msgpack.decode(message, type=accepts)))
        except TrackerError as error:
            reply = Reply(error=type(error).__name__, message=str(error))
        except Exception as error:  # noqa: BLE001 - told to whoever gave the command
            reply = Reply(error="TrackerError", message=f"The service failed: {error!r}")
        return msgspec.msgpack.encode(reply)

    return answer


def ask(data: Path, command: Any, result: Any) -> Any:
    """Have the running service carry out a command, and read its result as a type.

    Raises what the command raised there, NotReady when the service can't be reached.
    """
    with _dial(data) as connection:
        _send(connection, msgspec.msgpack.encode(command))
        answer = _receive(connection)
    if answer is None:
        raise NotReady("The service stopped before the command was done; try again")
    reply = msgspec.msgpack.decode(answer, type=Reply)
    if reply.error is not None:
        raise _error(reply.error)(reply.message)
    return msgspec.convert(reply.result, result)


def _error(name: str) -> type[TrackerError]:
    found = getattr(errors, name, TrackerError)
    known = isinstance(found, type) and issubclass(found, TrackerError)
    return found if known and found is not errors.LogDamaged else TrackerError


def answers(data: Path) -> bool:
    """Whether a service listens on the socket of a data directory."""
    try:
        with _dial(data):
            return True
    except NotReady:
        return False


@contextmanager
def _dial(data: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, _short_path(data) as path:
        try:
            connection.connect(path)
        except OSError:
            raise NotReady(f"No service answers in {data}; start it, or try again") from None
        yield connection


@contextmanager
def _short_path(data: Path) -> Iterator[str]:
    """A path to the socket that fits the 108 bytes which the kernel allows."""
    directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{NAME}"
    finally:
        os.close(directory)


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(LENGTH.pack(len(message)) + message)


def _receive(connection: socket.socket) -> bytes | None:
    """The next message, None when the other side has closed the connection."""
    length = _exactly(connection, LENGTH.size)
    if length is None:
        return None
    (size,) = LENGTH.unpack(length)
    return _exactly(connection, size) if size <= LARGEST_MESSAGE else None


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(min(size - len(received), 1 << 20))
        if not part:
            return None
        received += part
    return bytes(received)
