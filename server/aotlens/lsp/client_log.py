"""The log: on stderr, and in the client's window."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading

from lsprotocol import types

from aotlens.explain.visible import visible

from .server import AotlensServer


class ClientLog(logging.Handler):
    """Sends log records to the client, from any thread, and keeps the last lines. Made on the event loop."""

    def __init__(self, server: AotlensServer) -> None:
        super().__init__()
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, and send it to the client."""
        try:
            text = visible(record.getMessage())
            self._server.log_lines.append(f"{record.levelname.lower()}: {text}")
            message = types.LogMessageParams(_message_type(record.levelno), text)
            if threading.get_ident() == self._thread:
                self._send(message)
            else:
                self._loop.call_soon_threadsafe(self._send, message)
        except Exception:
            self.handleError(record)

    def _send(self, message: types.LogMessageParams) -> None:
        if self._server.protocol.phase != "new" and not self._server.protocol.ended.done():
            self._server.window_log_message(message)


class _Visible(logging.Formatter):
    """Messages name files and quote user code, and a terminal may show them."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text whose control characters are visible."""
        return visible(super().format(record))


def log_to_stderr(level: str) -> None:
    """Log on stderr from a level on: error, warning, info or debug.

    Messages of pygls and asyncio below a warning appear at debug only. The client's settings choose the level of what
    the client gets.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    number = logging.getLevelName(level.upper())
    for handler in logging.getLogger().handlers:
        handler.setLevel(number)
        handler.setFormatter(_Visible("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("aotlens").setLevel(number)
    if number == logging.DEBUG:
        logging.getLogger("pygls").setLevel(number)


def _message_type(level: int) -> types.MessageType:
    if level >= logging.ERROR:
        return types.MessageType.Error
    if level >= logging.WARNING:
        return types.MessageType.Warning
    return types.MessageType.Info if level >= logging.INFO else types.MessageType.Log
