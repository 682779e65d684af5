"""URIs of documents and the paths of their files."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote

SCHEME = "aotlens"
"""The scheme of documents whose text the server itself provides, such as graphs. They are not source code."""
_FILE_URI = re.compile(r"file:(?://(?P<host>[^/?#]*))?(?P<path>/[^?#]*)", re.IGNORECASE)


def path_of(uri: str) -> str:
    """Return the absolute path of a `file:` URI. Any other URI (`untitled:Untitled-1`) is returned unchanged.

    So is one that no file can have, because of a null character or half a pair of UTF-16: its text is in no file.
    """
    match = _FILE_URI.match(uri)
    if match is None:
        return uri
    path = os.path.normpath("/" + unquote(match["path"], errors="surrogateescape").lstrip("/"))
    if not _is_possible(path):
        return uri
    host = (match["host"] or "").lower()
    return path if host in ("", "localhost") else f"//{host}{path}"


def _is_possible(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def uri_of(path: str) -> str:
    """Return the `file:` URI of an absolute path. A URI that `path_of` returned unchanged is returned unchanged."""
    if not os.path.isabs(path):
        return path
    return f"file://{quote_path(path)}"


def quote_path(path: str) -> str:
    """Return a path as URIs have it. Bytes that are not UTF-8 stay as they are; other halves of pairs are replaced."""
    try:
        return quote(path, errors="surrogateescape")
    except UnicodeEncodeError:
        return quote(path, errors="replace")
