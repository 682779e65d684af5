"""The unsaved texts of an editor, from its language server (`aotlens serve --agents SOCKET`)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from pathlib import Path

from aotlens.cli.options import UsageError
from aotlens.lsp.unsaved_texts import QUESTION
from aotlens.session.private_folders import open_to_others

_SECONDS = 5.0
_MOST_BYTES = 64 << 20


def check_socket(path: str) -> None:
    """Raise UsageError if others could have put something else into the place of a socket."""
    try:
        shared = open_to_others(Path(path).absolute().parent)
    except FileNotFoundError:  # the server makes the folder, for its user alone
        return
    except OSError as error:
        raise UsageError(f"--attach {path}: {error.strerror or error}") from None
    if shared is not None:
        raise UsageError(f"--attach {path}: {shared} belongs to another user, or others can write to it")


def unsaved_texts(path: str) -> dict[str, str] | None:
    """The unsaved texts by absolute path; None if no server listens. Raises UsageError."""
    check_socket(path)
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
            return _texts(json.loads(_received(connection)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UsageError(f"--attach {path}: what listens there does not answer as aotlens serve --agents") from None


def _received(connection: socket.socket) -> bytes:
    data = b""
    while (more := connection.recv(1 << 16)) and len(data) < _MOST_BYTES:
        data += more
    return data


def _texts(answer: object) -> dict[str, str]:
    texts = answer["unsaved"]  # type: ignore[index]  # what raises here is no answer
    if not all(isinstance(text, str) and os.path.isabs(path) for path, text in texts.items()):
        raise ValueError("not texts by path")
    return dict(texts)


def _is_same_user(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder is this user's alone
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return user in (os.geteuid(), 0)
