"""A small client that speaks raw JSON-RPC, notes every message, and is strict about the server's manners."""

from __future__ import annotations

import functools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

SERVER = Path(__file__).parent.parent.parent / "server"
TIMEOUT = 20.0

Message = dict[str, Any]


@functools.cache
def _caches() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="aotlens-caches-")


def spawn(*command: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a Python program that can import aotlens; without arguments, `aotlens serve`."""
    arguments = [sys.executable, *(command or ("-m", "aotlens", "serve"))]
    # No map of another test: each server has a cache folder of its own, unless a test gives one.
    cache = os.environ.get("AOTLENS_TEST_CACHE") or tempfile.mkdtemp(dir=_caches().name)
    environment = {**os.environ, "PYTHONPATH": str(SERVER), "XDG_CACHE_HOME": cache}
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, **{"stdin": pipe, "stdout": pipe, "env": environment, **options})


class Client:
    """One connection. Everything that the server sends is in `messages`, in its order.

    Requests of the server's are answered with null, or with what `answers` has for their method.
    """

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self.messages: list[Message] = []
        self.closed = False
        self.left = False
        self.answers: dict[str, Any] = {}
        self._outgoing = outgoing
        self._sent: list[int | str] = []
        self._expected_errors: set[int | str] = set()
        self._next = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(incoming,), daemon=True)
        self._thread.start()

    # Sending.

    def send(self, message: Any) -> None:
        """Send anything that is JSON."""
        self.send_body(json.dumps(message).encode())

    def send_body(self, body: bytes) -> None:
        """Send the body of a message."""
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._outgoing.write(data)
        self._outgoing.flush()

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.left |= method == "exit"
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any = None, id: int | str | None = None) -> int | str:
        """Send a request, without waiting for its reply. Gives its id."""
        if id is None:
            self._next += 1
            id = self._next
        self._sent.append(id)
        self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return id

    # Receiving.

    def reply(self, id: int | str | None, timeout: float = TIMEOUT) -> Message:
        """The reply with an id. An error in it counts as expected."""
        message = self.wait(lambda: next(self.replies(id), None), timeout, f"a reply to {id!r}")
        if "error" in message and id is not None:
            self._expected_errors.add(id)
        return message

    def result(self, method: str, params: Any = None, timeout: float = TIMEOUT) -> Any:
        """Send a request and wait for its result."""
        message = self.reply(self.request(method, params), timeout)
        assert "error" not in message, message
        return message["result"]

    def error(self, method: str, params: Any = None) -> Message:
        """Send a request and wait for its error."""
        message = self.reply(self.request(method, params))
        assert "error" in message, message
        return message["error"]

    def replies(self, id: int | str | None) -> Iterator[Message]:
        """The replies with an id that have arrived."""
        return (m for m in list(self.messages) if "method" not in m and m.get("id") == id and type(m["id"]) is type(id))

    def of(self, method: str) -> list[Message]:
        """The server's notifications and requests of a method that have arrived."""
        return [message for message in list(self.messages) if message.get("method") == method]

    def wait(self, found: Any, timeout: float = TIMEOUT, what: str = "that") -> Any:
        """Wait until a function of no arguments gives something."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                if (result := found()) is not None:
                    return result
                left = end - time.monotonic()
                if left <= 0 or self.closed:
                    why = "the server closed the connection" if self.closed else f"nothing for {timeout} s"
                    raise AssertionError(f"waited for {what}: {why}; last: {self.messages[-3:]}")
                self._changed.wait(left)

    def check(self, expect_errors: bool = False) -> None:
        """Each request has exactly one reply; no error went unnoticed, and nothing popped up."""
        for id in self._sent:
            assert len(list(self.replies(id))) == 1, f"{id!r} has the replies {list(self.replies(id))}"
        for message in self.messages:
            if "error" in message and not expect_errors:
                assert message["id"] in self._expected_errors, f"an error that nobody expected: {message}"
        assert not self.of("window/showMessage")
        assert not self.of("window/showMessageRequest")

    def forget(self) -> None:
        """Check what came so far, and forget it."""
        self.check()
        self._sent.clear()
        self.messages.clear()

    def initialize(self, encodings: list[str] | None = None, **params: Any) -> Any:
        """Initialize the server. Gives its answer."""
        general = {} if encodings is None else {"general": {"positionEncodings": encodings}}
        result = self.result("initialize", {"processId": os.getpid(), "capabilities": general, **params})
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, version: int = 1) -> None:
        """Open a document."""
        item = {"uri": uri, "languageId": "python", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def text(self, uri: str) -> Any:
        """The document as the server has it: text and version."""
        return self.result("aotlens/debugText", {"textDocument": {"uri": uri}})

    def _read(self, incoming: IO[bytes]) -> None:
        try:
            while header := incoming.readline():
                length = None
                while header.strip():
                    name, _, value = header.partition(b":")
                    if name == b"Content-Length":
                        length = int(value)
                    header = incoming.readline()
                assert length is not None, "a message without a length"
                message = json.loads(incoming.read(length).decode("utf-8"))
                self._arrived(message)
        except (OSError, ValueError, AssertionError) as error:
            self._arrived({"id": None, "error": {"message": f"the server wrote what is no message: {error!r}"}})
        finally:
            with self._changed:
                self.closed = True
                self._changed.notify_all()

    def _arrived(self, message: Message) -> None:
        if "method" in message and "id" in message:
            answer = self.answers.get(message["method"])
            if callable(answer):
                answer = answer(message)
            if answer is not ...:
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": answer})
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()


@contextmanager
def serving(*command: str, expect_errors: bool = False, status: int = 0, initialize: bool = True) -> Iterator[Client]:
    """A client of a fresh server on stdio. In the end it asks the server to exit, and checks the status."""
    with tempfile.TemporaryFile() as log, spawn(*command, stderr=log) as process:
        assert process.stdin is not None and process.stdout is not None
        client = Client(process.stdout, process.stdin)
        try:
            if initialize:
                client.initialize()
            yield client
            if not client.left:
                client.result("shutdown")
                client.notify("exit")
            assert process.wait(TIMEOUT) == status
            client._thread.join(TIMEOUT)
            client.check(expect_errors)
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            process.kill()


def listening(process: subprocess.Popen[bytes]) -> tuple[int, str, Path]:
    """The port that a server has on this machine, its token, and the file with the token."""
    assert process.stderr is not None
    said = process.stderr.readline().decode(), process.stderr.readline().decode()
    address = re.search(r"listening on 127\.0\.0\.1:(\d+)", said[0])
    file = re.search(r"the token is in (.+)", said[1])
    assert address is not None and file is not None, said
    return int(address[1]), Path(file[1]).read_text(encoding="ascii").strip(), Path(file[1])


@contextmanager
def connected(port: int) -> Iterator[Client]:
    """A client of a server that listens on a port of this machine."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        connection.settimeout(None)
        stream = connection.makefile("rwb", buffering=0)
        try:
            yield Client(connection.makefile("rb"), stream)
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
