"""Serves one client, on stdin and stdout or over TCP, from its first message to the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

from .client_log import ClientLog
from .connection import StdioWriter, exit_soon, read_in_thread, read_stream, take_stdio
from .protocol.strict import CANCEL_SECONDS, CLEANUP_SECONDS, END_SECONDS, EXIT_SECONDS, StrictProtocol
from .server import AotlensServer

LOOPBACK = "127.0.0.1"

Inbox = asyncio.Queue[bytes | None | Literal["end"]]
"""The bodies of messages; None if the stream cannot be split any more, "end" after the last message."""

_log = logging.getLogger(__name__)


def serve_stdio(server: AotlensServer) -> int:
    """Serve one client on stdin and stdout. Gives the status to exit with, and ensures that the process ends."""
    return asyncio.run(_serve_stdio(server))


def serve_tcp(server: AotlensServer, host: str = LOOPBACK, port: int = 0) -> int:
    """Serve the first client that connects. The address is printed on stderr. Raises OSError.

    Gives the status to exit with, and ensures that the process ends. Whoever can connect can run code.
    """
    return asyncio.run(_serve_tcp(server, host, port))


async def _serve_stdio(server: AotlensServer) -> int:
    source, sink = take_stdio()
    _end_on_signals(server.protocol)
    inbox: Inbox = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def on_message(body: bytes | None) -> None:
        loop.call_soon_threadsafe(inbox.put_nowait, body)

    def on_end() -> None:
        exit_soon(server.protocol.exit_status, END_SECONDS)
        loop.call_soon_threadsafe(inbox.put_nowait, "end")

    writer = StdioWriter(sink, server.protocol.end)
    server.protocol.set_writer(writer)
    read_in_thread(source, on_message, on_end)
    return await _converse(server, inbox)


async def _serve_tcp(server: AotlensServer, host: str, port: int) -> int:
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
    either: list[asyncio.Future[object]] = [asyncio.ensure_future(connected), asyncio.ensure_future(ended)]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    listener.close()
    if ended.done():
        return ended.result()
    reader, writer = connected.result()
    inbox: Inbox = asyncio.Queue()
    server.protocol.set_writer(writer)
    reading = asyncio.create_task(read_stream(reader, inbox.put_nowait, lambda: inbox.put_nowait("end")))
    status = await _converse(server, inbox)
    reading.cancel()
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(writer.drain(), CANCEL_SECONDS)
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), CANCEL_SECONDS)
    return status


async def _converse(server: AotlensServer, inbox: Inbox) -> int:
    """Handle one message after another until the end, then end what still runs."""
    protocol = server.protocol
    client_log = ClientLog(server)
    logging.getLogger("aotlens").addHandler(client_log)
    handling = asyncio.create_task(_handle(protocol, inbox))
    status = await asyncio.wrap_future(protocol.ended)
    exit_soon(status, END_SECONDS)
    handling.cancel()
    await protocol.execution.cancel_all(CANCEL_SECONDS)
    cleaning = [asyncio.create_task(_clean(cleanup)) for cleanup in server.cleanups]
    if cleaning:
        await asyncio.wait(cleaning, timeout=CLEANUP_SECONDS)
    logging.getLogger("aotlens").removeHandler(client_log)
    exit_soon(status, EXIT_SECONDS)  # the interpreter would wait for threads, and one of them may never end
    return status


def _end_on_signals(protocol: StrictProtocol) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread, or not POSIX
            asyncio.get_running_loop().add_signal_handler(number, protocol.end, 128 + number)


async def _handle(protocol: StrictProtocol, inbox: Inbox) -> None:
    while (body := await inbox.get()) != "end":
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
