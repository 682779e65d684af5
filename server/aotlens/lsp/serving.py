"""Serves one client, on stdin and stdout, a port or a Unix socket, from its first message to the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from .client_log import ClientLog
from .connection import StdioWriter, exit_soon, read_in_thread, read_stream, take_stdio
from .protocol.strict import CANCEL_SECONDS, CLEANUP_SECONDS, END_SECONDS, EXIT_SECONDS, StrictProtocol
from .server import AotlensServer

if TYPE_CHECKING:
    from .listening import Door

Inbox = asyncio.Queue[bytes | None | Literal["end"]]
"""The bodies of messages; None if the stream cannot be split any more, "end" after the last message."""

_log = logging.getLogger(__name__)


def serve_stdio(server: AotlensServer) -> int:
    """Serve one client on stdin and stdout. Gives the status to exit with, and ensures that the process ends."""
    return asyncio.run(_serve_stdio(server))


def serve_tcp(server: AotlensServer, host: str, port: int, token: str | None) -> int:
    """Serve the first client that connects and sends the token; None to make one. Raises OSError.

    The address, and where a token is that was made, are printed on stderr. Gives the status to exit with, and ensures
    that the process ends.
    """
    return asyncio.run(_serve_tcp(server, host, port, token))


def serve_socket(server: AotlensServer, path: str) -> int:
    """Serve the first client that connects to a Unix socket, and is of the same user. Raises OSError.

    Gives the status to exit with, and ensures that the process ends.
    """
    return asyncio.run(_serve_socket(server, path))


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


async def _serve_tcp(server: AotlensServer, host: str, port: int, token: str | None) -> int:
    from . import listening

    door = listening.Door(listening.asks_for(token or (made := listening.new_token())))
    _end_on_signals(server.protocol)
    listener = await asyncio.start_server(door.knock, host, port, backlog=listening.BACKLOG)
    for socket in listener.sockets:
        host, port = socket.getsockname()[:2]
        listening.say(f"listening on {host}:{port}")
        listening.warn_of(host, port)
    with contextlib.ExitStack() as files:
        if token is None:
            from aotlens.session.scratch import new_subfolder

            folder = new_subfolder("token")
            files.callback(folder.close)
            file = folder.write("token", f"{made}\n".encode())
            files.callback(_remove, folder.unlink, "token")
            listening.say_where_the_token_is(made, file)
        return await _serve_visit(server, door, listener, files)


async def _serve_socket(server: AotlensServer, path: str) -> int:
    from . import listening

    door = listening.Door(listening.is_same_user)
    _end_on_signals(server.protocol)
    socket = listening.private_socket(path)
    with contextlib.ExitStack() as files:
        files.callback(_remove, os.unlink, path)
        listener = await asyncio.start_unix_server(door.knock, sock=socket, backlog=listening.BACKLOG)
        listening.say(f"listening on {path}")
        return await _serve_visit(server, door, listener, files)


async def _serve_visit(server: AotlensServer, door: Door, listener: asyncio.Server, files: contextlib.ExitStack) -> int:
    """Serve the connection that is let in. Nobody else can connect then.

    The files are removed before it is served, and once: later, another server may have its socket at the same path.
    """
    ended = asyncio.wrap_future(server.protocol.ended)
    either: list[asyncio.Future[object]] = [asyncio.ensure_future(door.visit), asyncio.ensure_future(ended)]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    listener.close()
    door.close()
    files.close()
    if ended.done():
        return ended.result()
    reader, writer, first = door.visit.result()
    inbox: Inbox = asyncio.Queue()
    server.protocol.set_writer(writer)
    reading = asyncio.create_task(read_stream(reader, inbox.put_nowait, lambda: inbox.put_nowait("end"), first))
    status = await _converse(server, inbox)
    reading.cancel()
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(writer.drain(), CANCEL_SECONDS)
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), CANCEL_SECONDS)
    return status


def _remove(unlink: Callable[[str], None], file: str) -> None:
    with contextlib.suppress(OSError):
        unlink(file)


async def _converse(server: AotlensServer, inbox: Inbox) -> int:
    """Handle one message after another until the end, then end what still runs."""
    protocol = server.protocol
    client_log = ClientLog(server)
    logging.getLogger("aotlens").addHandler(client_log)
    if server.agents_socket is not None:
        from .unsaved_texts import offer_unsaved_texts

        await offer_unsaved_texts(server, server.agents_socket)
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
