"""URIs of documents and the paths of their files, on every system: the rules of Windows are a parameter."""

from __future__ import annotations

import ntpath
import os
import re
from urllib.parse import quote, unquote

SCHEME = "aotlens"
"""The scheme of documents whose text the server itself provides, such as graphs. They are not source code."""
WINDOWS = os.name == "nt"
_DRIVE = re.compile(r"[/\\]*([a-z]):", re.IGNORECASE)
_FILE_URI = re.compile(r"file:(?://(?P<host>[^/?#]*))?(?P<path>/[^?#]*)", re.IGNORECASE)


def path_of(uri: str, *, windows: bool = WINDOWS) -> str:
    """Return the absolute path of a `file:` URI. Any other URI (`untitled:Untitled-1`) is returned unchanged.

    So is one that no file can have, because of a null character or half a pair of UTF-16, or on Windows without a drive
    and a host: its text is in no file.
    """
    match = _FILE_URI.match(uri)
    if match is None:
        return uri
    named = (match["host"] or "").lower()
    host = "" if named == "localhost" else named
    written = "/" + unquote(match["path"], errors="surrogateescape").lstrip("/")
    if windows:
        path = ntpath.normpath(f"//{host}{written}" if host else with_large_drive(written, windows=True))
        is_absolute = ntpath.splitdrive(path)[0] != ""
    else:
        path, is_absolute = os.path.normpath(written), True
    if not is_absolute or not _is_possible(path):
        return uri
    return f"//{host}{path}" if host and not windows else path


def with_large_drive(path: str, *, windows: bool = WINDOWS) -> str:
    """Return a path with its drive as a capital letter, as Python has it: clients write `c:` and `C:` for the same."""
    match = _DRIVE.match(path) if windows else None
    return f"{match[1].upper()}:{path[match.end() :] or ntpath.sep}" if match is not None else path


def _is_possible(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def uri_of(path: str, *, windows: bool = WINDOWS) -> str:
    """Return the `file:` URI of an absolute path. A URI that `path_of` returned unchanged is returned unchanged."""
    if windows:
        drive, below = ntpath.splitdrive(path.replace(ntpath.sep, "/"))
        if not drive or not below.startswith("/"):
            return path
        return f"file:{drive}{quote_path(below)}" if drive.startswith("//") else f"file:///{drive}{quote_path(below)}"
    return f"file://{quote_path(path)}" if os.path.isabs(path) else path


def quote_path(path: str) -> str:
    """Return a path as URIs have it. Bytes that are not UTF-8 stay as they are; other halves of pairs are replaced."""
    try:
        return quote(path, errors="surrogateescape")
    except UnicodeEncodeError:
        return quote(path, errors="replace")
