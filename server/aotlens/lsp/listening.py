"""Listens on a port or a Unix socket until one client is let in: with the token, or as the same user.

A port of this machine can be reached by each program on it, and by each web page that is open in a browser.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import socket
import stat
import struct
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from aotlens_tracer.wire.private_folders import open_to_others

TOKEN_VARIABLE = "AOTLENS_TOKEN"
"""The environment variable with the token that a client has to send. Without it, a token is made."""
LEAST_TOKEN = 16
"""The least number of characters of a token."""

_SECONDS = 10.0
_MOST_WAITING = 64
BACKLOG = 16
"""The number of connections that are taken at once. Python's 100 would be open before the first of them is closed."""
_MOST_HEADER_LINES = 16
_MOST_BYTES = 1 << 20
_MOST_REPORTS = 20
_SUMMARY_SECONDS = 10.0
_HEADER = re.compile(rb"content-(?:length|type)[ \t]*:", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?\n", re.IGNORECASE)
_HTTP = re.compile(rb"[A-Z]{3,10} [^\r\n]* HTTP/")


class Visit(NamedTuple):
    """The connection of the client that was let in. `first` are bytes of its messages that were read already."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    first: bytes


class Refused(Exception):
    """A connection is not let in. Its text says why."""


Check = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
"""Returns the bytes of messages that it has read. Raises Refused, OSError and EOFError."""


class Door:
    """Lets in the first connection that passes a check. The others are closed, and reported on stderr."""

    def __init__(self, check: Check) -> None:
        self.visit: asyncio.Future[Visit] = asyncio.get_running_loop().create_future()
        self._check = check
        self._waiting: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._reports = 0
        self._unsaid: Counter[str] = Counter()
        self._summary: asyncio.TimerHandle | None = None

    def knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody connects."""
        if len(self._waiting) >= _MOST_WAITING:
            oldest = next(iter(self._waiting))  # the one that has been silent for the longest time
            self._waiting.pop(oldest).transport.abort()  # now: the task ends later, and more may come before that
            oldest.cancel()
        task = asyncio.ensure_future(self._look_at(reader, writer))
        self._waiting[task] = writer
        task.add_done_callback(lambda task: self._waiting.pop(task, None))

    def close(self) -> None:
        """Close the connections that were not let in."""
        for task in list(self._waiting):
            task.cancel()
        if self._summary is not None:
            self._summary.cancel()
        self._summarize()

    async def _look_at(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_in = False
        try:
            first = await asyncio.wait_for(self._check(reader, writer), _SECONDS)
            if not self.visit.done():
                is_in = True
                self.visit.set_result(Visit(reader, writer, first))
        except Refused as refused:
            self._report(str(refused))
        except asyncio.TimeoutError:
            self._report("it sent no token")
        except (OSError, EOFError, asyncio.LimitOverrunError):
            self._report("it sent no whole message")
        finally:
            if not is_in:
                writer.close()

    def _report(self, reason: str) -> None:
        """Say why a connection was refused. Of many, those of a while are said together, each reason with a count."""
        self._reports += 1
        if self._reports <= _MOST_REPORTS:
            say(f"refused a connection: {reason}")
            return
        if not self._unsaid:
            self._summary = asyncio.get_running_loop().call_later(_SUMMARY_SECONDS, self._summarize)
        self._unsaid[reason] += 1

    def _summarize(self) -> None:
        for reason, count in self._unsaid.items():
            say(f"refused {count} more connection{'s' if count > 1 else ''}: {reason}")
        self._unsaid.clear()


def token_of_user(environment: dict[str, str] | os._Environ[str]) -> str | None:
    """Take the user's token out of the environment that the tracer inherits; None if there is none.

    Processes of the same user can still read it, where the system shows with what a process was started.

    Raises ValueError for one that is too short, or has other characters than visible ones.
    """
    token = environment.pop(TOKEN_VARIABLE, None)
    if token is not None and not (len(token) >= LEAST_TOKEN and token.isascii() and re.fullmatch(r"[!-~]+", token)):
        raise ValueError(f"{TOKEN_VARIABLE} has to have {LEAST_TOKEN} visible ASCII characters or more")
    return token


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def asks_for(token: str) -> Check:
    """Return a check for a token: in a line before the first message, or in the options of `initialize`."""

    async def check(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        line = await reader.readuntil(b"\n")
        word, _, given = line.strip().partition(b" ")
        if word == b"aotlens":
            if not hmac.compare_digest(given.strip(), token.encode()):
                raise Refused("its token is wrong")
            return b""
        header, body = await _message(reader, line)
        if not hmac.compare_digest(_token_in(body), token.encode()):
            raise Refused("its token is wrong, or it sent none")
        return header + body

    return check


async def _message(reader: asyncio.StreamReader, line: bytes) -> tuple[bytes, bytes]:
    """Return the header and the body of the message that begins with a line."""
    if _HTTP.match(line):
        raise Refused("it speaks HTTP")
    header, length = b"", None
    for _ in range(_MOST_HEADER_LINES):
        header += line
        if not line.strip():
            break
        if _HEADER.match(line) is None:
            raise Refused("its header is not one of the language server protocol")
        if (found := _LENGTH.fullmatch(line)) is not None:
            length = int(found[1])
        line = await reader.readuntil(b"\n")
    if line.strip() or length is None or length > _MOST_BYTES:
        raise Refused("its header is not one of the language server protocol")
    return header, await reader.readexactly(length)


def _token_in(body: bytes) -> bytes:
    """Return the token in the body of a request `initialize`; empty without one."""
    try:
        message = json.loads(body)
        token = message["params"]["initializationOptions"]["token"] if message["method"] == "initialize" else ""
    except (ValueError, TypeError, LookupError, RecursionError):
        return b""
    return token.encode("utf-8", "surrogatepass") if isinstance(token, str) else b""


async def is_same_user(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Check that a process of this user is at the other end of a Unix socket, where the system says so, and sends."""
    connection = writer.get_extra_info("socket")
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        if user not in (os.geteuid(), 0):
            raise Refused("it is of another user")
    first = await reader.read(1)  # a server that looks whether this one listens sends nothing
    if not first:
        raise EOFError
    return first


def warn_of(host: str, port: int) -> None:
    """Warn of an address that other machines can reach."""
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            say(
                f"WARNING: other machines can reach {host}:{port}, and the connection is not encrypted. Whoever reads "
                "the token on its way can run code as you. Listen on 127.0.0.1, and use a tunnel (ssh -L)."
            )


def private_socket(path: str) -> socket.socket:
    """Return a listening Unix socket that its user alone can use, in a folder that nobody else can write to or replace.

    A socket at this path on which nobody listens is replaced. Raises OSError.
    """
    shared = open_to_others(Path(os.path.abspath(path)).parent)
    if shared is not None:
        raise PermissionError(0, f"{shared} belongs to another user, or others can write to it")
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _remove_dead(path: str) -> None:
    """Remove a socket that an earlier server has left. Raises OSError if somebody listens, or if it is no socket."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise FileExistsError(0, f"{path} exists, and is not a socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            os.unlink(path)
            return
    raise FileExistsError(0, "another server listens there")


def say_where_the_token_is(token: str, file: str) -> None:
    """Write where the token is. It is shown to a person alone: stderr may be a log that others can read."""
    say(f"the token is {token}, also in {file}" if sys.stderr.isatty() else f"the token is in {file}")


def say(text: str) -> None:
    """Write a line for the user who started the server."""
    print(f"aotlens: {text}", file=sys.stderr, flush=True)
