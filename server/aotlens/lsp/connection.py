"""The bytes between client and server: framing, stdin and stdout, TCP; and whether the client still runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator

Deliver = Callable[["bytes | None"], None]
"""Takes the body of the next message; None if the stream cannot be split into messages any more."""

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LENGTH_IN_BODY = re.compile(rb"content-length:[ \t]*\d+[ \t]*\r?\n", re.IGNORECASE)
"""A header inside a body. JSON cannot have it: its strings have no line ends, and outside of them is no such word."""
_OVERLAP = 64
_HEADER_LIMIT = 1 << 14
_BODY_LIMIT = 1 << 30
_CHUNK = 1 << 16
_POLL_SECONDS = 1.0
_QUIET_SECONDS = 5.0
"""If a body is not complete and nothing comes for so long, it is looked at whether it is a whole message already."""


def frame(body: bytes) -> bytes:
    """The bytes of a message, with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Unframer:
    """Splits a stream of bytes into messages.

    Once a header has no valid length, or a length is found to be wrong, nobody can know where the next message begins.
    Then the stream is lost: None is given once, and nothing after it.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        self._searched = 0  # so much of the body has no header in it
        self.is_lost = False

    @property
    def is_within_body(self) -> bool:
        """Whether a body has begun and is not complete."""
        return self._length is not None

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """The bodies that the data completes; None if the stream is lost."""
        if self.is_lost:
            return
        self._buffer += data
        while self._length is not None or self._buffer:
            if self._length is None:
                end = _HEADER_END.search(self._buffer, 0, _HEADER_LIMIT)
                if end is None:
                    if len(self._buffer) >= _HEADER_LIMIT:
                        self._lose()
                        yield None
                    return
                match = _LENGTH.search(self._buffer, 0, end.start())
                length = int(match[1]) if match is not None else None
                del self._buffer[: end.end()]
                if length is None or length > _BODY_LIMIT:
                    self._lose()
                    yield None
                    return
                self._length, self._searched = length, 0
            arrived = min(len(self._buffer), self._length)
            if _LENGTH_IN_BODY.search(self._buffer, max(0, self._searched - _OVERLAP), arrived):
                self._lose()
                yield None
                return
            self._searched = arrived
            if arrived < self._length:
                return
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            self._length = None
            yield body

    def quiet(self) -> Iterator[None]:
        """Nothing came for a while: None, if what came is a whole message, though its length says that more follows."""
        if self._length is None or self.is_lost:
            return
        with contextlib.suppress(ValueError, RecursionError):
            json.loads(self._buffer)
            self._lose()
            yield None

    def _lose(self) -> None:
        self.is_lost = True
        self._buffer.clear()
        self._length = None


class StdioWriter:
    """Writes to a file descriptor. Once nobody reads it any more, calls `on_lost`, and writes nothing from then on."""

    def __init__(self, descriptor: int, on_lost: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_lost = on_lost
        self._lost = False

    def write(self, data: bytes) -> None:
        """Write all the data."""
        view = memoryview(data)
        while view and not self._lost:
            try:
                view = view[os.write(self._descriptor, view) :]
            except OSError:
                self._lost = True
                self._on_lost()

    def close(self) -> None:
        """Close the descriptor."""
        self._lost = True
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def take_stdio() -> tuple[int, int]:
    """Take stdin and stdout for the protocol alone. Gives their descriptors.

    From here on, everything else that prints to stdout prints to stderr, and finds stdin empty. Child processes inherit
    neither descriptor.
    """
    sys.stdout.flush()
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, sink


def read_in_thread(descriptor: int, deliver: Deliver, on_end: Callable[[], None]) -> None:
    """Deliver the messages that a file descriptor receives, in a thread of its own."""

    def read() -> None:
        unframer = Unframer()
        with contextlib.suppress(OSError, RuntimeError):  # the descriptor or the loop was closed
            while True:
                if unframer.is_within_body and not _is_readable(descriptor):
                    for nothing in unframer.quiet():
                        deliver(nothing)
                if not (data := os.read(descriptor, _CHUNK)):
                    break
                for body in unframer.feed(data):
                    deliver(body)
        with contextlib.suppress(RuntimeError):
            on_end()

    threading.Thread(target=read, name="stdin", daemon=True).start()


def _is_readable(descriptor: int) -> bool:
    """Whether something comes within some seconds, or the end. On Windows, a pipe cannot be asked."""
    return os.name != "posix" or bool(select.select([descriptor], [], [], _QUIET_SECONDS)[0])


async def read_stream(
    reader: asyncio.StreamReader, deliver: Deliver, on_end: Callable[[], None], first: bytes = b""
) -> None:
    """Deliver the messages that a stream receives. `first` are bytes that were read from it already."""
    unframer = Unframer()
    with contextlib.suppress(OSError):
        for body in unframer.feed(first):
            deliver(body)
        while True:
            try:
                data = await asyncio.wait_for(reader.read(_CHUNK), _QUIET_SECONDS)
            except asyncio.TimeoutError:
                for nothing in unframer.quiet():
                    deliver(nothing)
                continue
            if not data:
                break
            for body in unframer.feed(data):
                deliver(body)
    on_end()


def is_alive(process_id: int) -> bool:
    """Whether a process runs. A zombie does not."""
    try:
        os.kill(process_id, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    with contextlib.suppress(OSError):
        with open(f"/proc/{process_id}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    return True


def watch_process(process_id: int, on_gone: Callable[[], None]) -> None:
    """Call `on_gone`, from a thread, when a process has gone.

    A process that does not exist now is not watched: the client runs on another machine, or in another container, and
    its number means nothing here.
    """
    if process_id <= 0 or os.name != "posix" or not is_alive(process_id):
        return

    def watch() -> None:
        while is_alive(process_id):
            time.sleep(_POLL_SECONDS)
        with contextlib.suppress(RuntimeError):
            on_gone()

    threading.Thread(target=watch, name="client's process", daemon=True).start()


def exit_soon(status: int, seconds: float) -> None:
    """End the process after some seconds, even if its threads still run."""

    def end() -> None:
        time.sleep(seconds)
        os._exit(status)

    threading.Thread(target=end, name="exit", daemon=True).start()
