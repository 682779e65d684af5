"""Bytes from several pipes at once, without blocking: by a selector, or by threads if pipes cannot be selected on.

A process that forks must not run threads, so the selector is used on every system with fork.
"""

from __future__ import annotations

import os
import queue
import selectors
import threading
from collections.abc import Callable

CHUNK = 1 << 16
OnBytes = Callable[[bytes], None]
"""Called with the bytes that arrived; with b"" once at the end of the pipe."""


class _Ready:
    """A handler that reads its descriptor itself."""

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self.on_ready = on_ready


class SelectorPump:
    """For POSIX."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, descriptor: int, on_bytes: OnBytes) -> None:
        """Read `descriptor` from now on."""
        os.set_blocking(descriptor, False)
        self._selector.register(descriptor, selectors.EVENT_READ, on_bytes)

    def watch(self, descriptor: int, on_ready: Callable[[], None]) -> None:
        """Call `on_ready` whenever there is something to read, or the end, until it is removed."""
        self._selector.register(descriptor, selectors.EVENT_READ, _Ready(on_ready))

    def remove(self, descriptor: int) -> None:
        """Read the bytes that are still there, then stop and close it."""
        key = self._selector.get_map().get(descriptor)
        if key is None:
            return
        self._selector.unregister(descriptor)
        if isinstance(key.data, _Ready):
            os.close(descriptor)
            return
        # Bounded: a grandchild that lives on could keep writing for ever.
        for _ in range(256):
            data = _read(descriptor)
            if not data:
                break
            key.data(data)
        os.close(descriptor)

    @property
    def descriptors(self) -> list[int]:
        """The pipes that are read, and what waits for them.

        A pipe that has come to its end is closed, and its number may be another's by now.
        """
        own = getattr(self._selector, "fileno", None)
        return [*(key.fd for key in self._selector.get_map().values()), *([own()] if own is not None else [])]

    def poll(self, timeout: float | None) -> None:
        """Hand out the bytes that arrive within `timeout` seconds; wait without a limit if it is None."""
        for key, _ in self._selector.select(timeout):
            if self._selector.get_map().get(key.fd) is not key:
                continue  # a handler of earlier bytes has closed this pipe
            if isinstance(key.data, _Ready):
                key.data.on_ready()
                continue
            data = _read(key.fd)
            if data is None:
                continue
            if not data:
                self._selector.unregister(key.fd)
                os.close(key.fd)
            key.data(data)


def _read(descriptor: int) -> bytes | None:
    """Return the bytes that are there; b"" at the end, None if there is nothing now."""
    try:
        return os.read(descriptor, CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class ThreadPump:
    """For systems without fork: a thread for each pipe, all of whose bytes pass through one queue."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[int, bytes]] = queue.Queue(maxsize=1024)
        self._readers: dict[int, OnBytes] = {}
        self._ended: set[int] = set()

    def add(self, descriptor: int, on_bytes: OnBytes) -> None:
        """Read `descriptor` from now on."""
        self._readers[descriptor] = on_bytes
        threading.Thread(target=self._run, args=(descriptor,), daemon=True).start()

    def _run(self, descriptor: int) -> None:
        while True:
            try:
                data = os.read(descriptor, CHUNK)
            except OSError:
                data = b""
            self._queue.put((descriptor, data))
            if not data:
                return

    def remove(self, descriptor: int) -> None:
        """Hand out the bytes that were read already, then stop. The thread ends, and closes the pipe, at its end."""
        self.poll(0.05)
        self._readers.pop(descriptor, None)

    @property
    def descriptors(self) -> list[int]:
        """The pipes that are read."""
        return list(self._readers)

    def poll(self, timeout: float | None) -> None:
        """Hand out the bytes that arrive within `timeout` seconds; wait without a limit if it is None."""
        try:
            descriptor, data = self._queue.get(timeout=timeout)
        except queue.Empty:
            return
        while True:
            on_bytes = self._readers.get(descriptor)
            if not data:
                self._readers.pop(descriptor, None)
                os.close(descriptor)
            if on_bytes is not None:
                on_bytes(data)
            try:
                descriptor, data = self._queue.get_nowait()
            except queue.Empty:
                return
