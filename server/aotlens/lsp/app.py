"""The language server: what it holds, and how it runs."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import signal
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from aotlens import __version__
from aotlens.text.documents import Documents

from .capabilities import Offers
from .connection import StdioWriter, exit_soon, read_in_thread, read_stream, take_stdio
from .positions import Encoding
from .protocol import StrictProtocol

if TYPE_CHECKING:
    from aotlens.lsp.requests.requests import Handlers
    from aotlens.session.session import Session

    from .places import Places

LOOPBACK = "127.0.0.1"

_END = object()
_LOG_LINES = 2000
_CANCEL_SECONDS = 1.0
_CLEANUP_SECONDS = 2.0
_EXIT_SECONDS = 1.0
_END_SECONDS = _CANCEL_SECONDS + _CLEANUP_SECONDS + _EXIT_SECONDS
_log = logging.getLogger(__name__)


class AotlensServer(LanguageServer):
    """The language server and what its handlers share. Its attributes change on the event loop only."""

    protocol: StrictProtocol
    session: Session
    """The state behind the features. This and what follows is set as soon as `initialize` is answered."""
    places: Places
    """Spans as locations."""
    handlers: Handlers
    """What answers the features' requests."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.trusted = False
        """Whether user code may run. Before the client says so, it may not."""
        self.offers = Offers()
        """What the client does itself, as far as it said so."""
        self.cleanups: list[Callable[[], Awaitable[None] | None]] = []
        """Called when the server ends, however that comes about: to end what it started. They have two seconds."""
        self.log_lines: deque[str] = deque(maxlen=_LOG_LINES)
        """The end of the log, for who asks for it."""
        super().__init__("aotlens", __version__, protocol_cls=StrictProtocol)

    @property
    def encoding(self) -> Encoding:
        """The units in which the client counts the characters of a line."""
        return self.protocol.encoding

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[[Any], Any]:
        """Register a handler; also a bound method, on which pygls could leave no mark."""
        register = super().feature(feature_name, options)
        return lambda handler: register(partial(handler))

    def command(self, command_name: str) -> Callable[[Any], Any]:
        """Register a command; also a bound method."""
        register = super().command(command_name)
        return lambda handler: register(partial(handler))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error; pygls would have it pop up in the editor."""
        _log.error("%s", error, exc_info=error)

    def leave(self) -> None:
        """The client has gone: end, at the latest when the event loop has been stuck for some seconds. Thread-safe."""
        exit_soon(self.protocol.exit_status, _END_SECONDS)
        self.protocol.end()


def create_server(register: Sequence[Callable[[AotlensServer], None]] | None = None) -> AotlensServer:
    """A server with all features; with `register`, with those alone that its functions register."""
    if register is None:
        from . import commands, lifecycle, methods

        register = (lifecycle.register, methods.register, commands.register)
    server = AotlensServer()
    for one in register:
        one(server)
    return server


def serve_stdio(server: AotlensServer | None = None) -> int:
    """Serve one client on stdin and stdout. Gives the status to exit with, and sees to it that the process ends."""
    return asyncio.run(_serve_stdio(server or create_server()))


def serve_tcp(host: str = LOOPBACK, port: int = 0, server: AotlensServer | None = None) -> int:
    """Serve one client, the first to connect. The address is printed on stderr. Raises OSError.

    Gives the status to exit with, and sees to it that the process ends. Whoever can connect can have code run.
    """
    return asyncio.run(_serve_tcp(host, port, server or create_server()))


async def _serve_stdio(server: AotlensServer) -> int:
    source, sink = take_stdio()
    _end_on_signals(server.protocol)
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def on_end() -> None:
        exit_soon(server.protocol.exit_status, _END_SECONDS)
        loop.call_soon_threadsafe(inbox.put_nowait, _END)

    writer = StdioWriter(sink, server.protocol.end)
    server.protocol.set_writer(writer)
    read_in_thread(source, lambda body: loop.call_soon_threadsafe(inbox.put_nowait, body), on_end)
    return await _converse(server, inbox)


async def _serve_tcp(host: str, port: int, server: AotlensServer) -> int:
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()

    def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    _end_on_signals(server.protocol)
    ended = asyncio.wrap_future(server.protocol.ended)
    listener = await asyncio.start_server(on_connect, host, port)
    for socket in listener.sockets:
        print("aotlens: listening on {}:{}".format(*socket.getsockname()), file=sys.stderr, flush=True)
    await asyncio.wait([connected, ended], return_when=asyncio.FIRST_COMPLETED)
    listener.close()
    if ended.done():
        return ended.result()
    reader, writer = connected.result()
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    server.protocol.set_writer(writer)
    reading = asyncio.create_task(read_stream(reader, inbox.put_nowait, lambda: inbox.put_nowait(_END)))
    status = await _converse(server, inbox)
    reading.cancel()
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(writer.drain(), _CANCEL_SECONDS)
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), _CANCEL_SECONDS)
    return status


async def _converse(server: AotlensServer, inbox: asyncio.Queue[Any]) -> int:
    """Handle one message after another until the end, then end what still runs."""
    protocol = server.protocol
    client_log = _ClientLog(server)
    logging.getLogger("aotlens").addHandler(client_log)
    handling = asyncio.create_task(_handle(protocol, inbox))
    status = await asyncio.wrap_future(protocol.ended)
    exit_soon(status, _END_SECONDS)
    handling.cancel()
    await protocol.cancel_all(_CANCEL_SECONDS)
    cleaning = [asyncio.create_task(_clean(cleanup)) for cleanup in server.cleanups]
    if cleaning:
        await asyncio.wait(cleaning, timeout=_CLEANUP_SECONDS)
    logging.getLogger("aotlens").removeHandler(client_log)
    exit_soon(status, _EXIT_SECONDS)  # the interpreter would wait for threads, of which one may never end
    return status


def _end_on_signals(protocol: StrictProtocol) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread, or not POSIX
            asyncio.get_running_loop().add_signal_handler(number, protocol.end, 128 + number)


async def _handle(protocol: StrictProtocol, inbox: asyncio.Queue[Any]) -> None:
    while (body := await inbox.get()) is not _END:
        try:
            protocol.receive(body)
        except Exception:
            _log.exception("a message was not handled")
        await asyncio.sleep(0)  # a handler begins before the next message changes what it sees
    protocol.end()


async def _clean(cleanup: Callable[[], Awaitable[None] | None]) -> None:
    try:
        result = cleanup()
        if inspect.isawaitable(result):
            await result
    except Exception:
        _log.exception("cleaning up failed")


class _ClientLog(logging.Handler):
    """Shows the log in the editor."""

    def __init__(self, server: AotlensServer) -> None:
        super().__init__()
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, and send it to the client."""
        try:
            self._server.log_lines.append(f"{record.levelname.lower()}: {record.getMessage()}")
            message = types.LogMessageParams(_message_type(record.levelno), record.getMessage())
            if threading.get_ident() == self._thread:
                self._send(message)
            else:
                self._loop.call_soon_threadsafe(self._send, message)
        except Exception:
            self.handleError(record)

    def _send(self, message: types.LogMessageParams) -> None:
        if self._server.protocol.phase != "new" and not self._server.protocol.ended.done():
            self._server.window_log_message(message)


def _message_type(level: int) -> types.MessageType:
    if level >= logging.ERROR:
        return types.MessageType.Error
    if level >= logging.WARNING:
        return types.MessageType.Warning
    return types.MessageType.Info if level >= logging.INFO else types.MessageType.Log


def log_to_stderr(level: str) -> None:
    """Log on stderr from a level on (error, warning, info, debug); below debug, of pygls and asyncio warnings alone.

    What the client is sent of the log is a matter of its settings.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    number = logging.getLevelName(level.upper())
    for handler in logging.getLogger().handlers:
        handler.setLevel(number)
    logging.getLogger("aotlens").setLevel(number)
    if number == logging.DEBUG:
        logging.getLogger("pygls").setLevel(number)
