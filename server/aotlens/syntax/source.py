"""The text of Python source: decoded, in lines, and at spans."""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from collections.abc import Callable

from aotlens_tracer.wire.places import Span

_LINE_END = re.compile(r"\r\n|\r|\n")
_OF_HOSTS = frozenset(("idna", "punycode"))


class UnreadableSource(Exception):
    """The file cannot be decoded with the encoding that it declares, UTF-8 by default.

    `line` is the line of the first bad byte, from 1. `reason` is a sentence without its end.
    """

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.line = line
        self.reason = reason


def decode_source(data: bytes, path: str) -> str:
    """The text of Python source, decoded as Python itself would (PEP 263).

    Raises UnreadableSource with the line of the first byte that cannot be decoded.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableSource(path, 1, "the file is UTF-16, which Python does not read")
    if (null := data.find(b"\0")) >= 0:
        raise UnreadableSource(path, data[:null].count(b"\n") + 1, "the file contains a null byte, so it is not text")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except (SyntaxError, ValueError) as error:
        raise UnreadableSource(path, _declared(data), str(error)) from None
    try:
        if not _is_encoding(encoding):
            raise UnreadableSource(path, _declared(data), f"{encoding} is no encoding of text")
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        name = "UTF-8" if encoding.startswith("utf-8") else encoding
        raise UnreadableSource(path, line, f"byte 0x{data[error.start]:02x} is not {name}") from None
    except (ValueError, LookupError) as error:  # codecs that Python's source may not have: idna, unicode_escape
        raise UnreadableSource(path, _declared(data), f"the encoding {encoding}: {error}") from None


def _is_encoding(name: str) -> bool:
    """Whether a codec makes text of bytes: `rot_13` and `hex` do not, and Python reads no source with them.

    Those for the names of hosts count as none: their time grows with the square of the text.
    """
    codec = codecs.lookup(name)
    return codec.name not in _OF_HOSTS and bool(getattr(codec, "_is_text_encoding", True))


def _declared(data: bytes) -> int:
    """The line that declares the encoding of a source, the first or the second."""
    return 2 if b"coding" not in data.partition(b"\n")[0] and data.count(b"\n") else 1


def split_lines(text: str) -> list[str]:
    r"""The lines of a text, without their ends. Only \n, \r\n and \r end a line, as in LSP and in Python source."""
    return _LINE_END.split(text)


class SourceTexts:
    """The code at spans of files. `read` gives the text of a file by its path, and is asked once for each file.

    It may raise OSError and UnreadableSource.
    """

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        self._lines: dict[str, list[str]] = {}

    def code(self, span: Span) -> str | None:
        """The text under a span, up to the end of its first line; None if the file or the line does not exist."""
        if span.path not in self._lines:
            try:
                self._lines[span.path] = split_lines(self._read(span.path))
            except (OSError, UnreadableSource):
                self._lines[span.path] = []
        lines = self._lines[span.path]
        return code_at(lines[span.line - 1], span) if 1 <= span.line <= len(lines) else None


def code_at(line: str, span: Span) -> str:
    """The text under a span, from the line that it starts on."""
    ends_here = span.column is not None and span.end_line in (None, span.line) and span.end_column is not None
    return line[(span.column or 1) - 1 : span.end_column - 1 if ends_here and span.end_column else None].strip()
