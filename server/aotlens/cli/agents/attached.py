"""The unsaved texts of an editor, from its language server (`aotlens serve --agents SOCKET`)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aotlens.cli.options import UsageError
from aotlens.lsp.unsaved_texts import QUESTION
from aotlens.text.notebooks import JoinedNotebook
from aotlens_tracer.wire.private_folders import open_to_others

_SECONDS = 5.0
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Unsaved:
    """The unsaved texts by absolute path, and those of notebooks with their cells."""

    texts: Mapping[str, str] = field(default_factory=dict)
    notebooks: Mapping[str, JoinedNotebook] = field(default_factory=dict)


def check_socket(path: str) -> bool:
    """Return whether the folder of a socket is there. Raise UsageError if others could put another one in its place."""
    try:
        shared = open_to_others(Path(path).absolute().parent)
    except FileNotFoundError:  # the server makes the folder, for its user alone
        return False
    except OSError as error:
        raise UsageError(f"--attach {path}: {error.strerror or error}") from None
    if shared is not None:
        raise UsageError(f"--attach {path}: {shared} belongs to another user, or others can write to it")
    return True


def unsaved_texts(path: str) -> Unsaved | None:
    """The unsaved texts; None if no server listens. Raises UsageError."""
    if not check_socket(path):
        return None  # whoever makes the folder after the look at it may be another user
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(path)
        except OSError:
            return None
        if not _is_same_user(connection):
            raise UsageError(f"--attach {path}: another user listens there")
        try:
            connection.sendall(QUESTION)
            return _unsaved(json.loads(_received(connection)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UsageError(f"--attach {path}: what listens there does not answer as aotlens serve --agents") from None


def _received(connection: socket.socket) -> bytes:
    data = b""
    while (more := connection.recv(1 << 16)) and len(data) < _MOST_BYTES:
        data += more
    return data


def _unsaved(answer: object) -> Unsaved:
    texts: Any = answer["unsaved"]  # type: ignore[index]  # what raises here is no answer
    cells: Any = answer.get("cells", {})  # type: ignore[attr-defined]  # as above
    if not all(isinstance(text, str) and os.path.isabs(path) for path, text in texts.items()):
        raise ValueError("not texts by path")
    notebooks = {path: JoinedNotebook(texts[path], tuple(map(_cell, found))) for path, found in cells.items()}
    return Unsaved(dict(texts), notebooks)


def _cell(found: list[object]) -> tuple[int, int, int]:
    number, first, count = found
    if isinstance(number, int) and isinstance(first, int) and isinstance(count, int):
        return number, first, count
    raise ValueError("not a cell")


def _is_same_user(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder is this user's alone
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return user in (os.geteuid(), 0)
