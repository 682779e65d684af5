"""Text beside workflow commands of GitHub Actions: no line of it is taken for a command.

GitHub reads every line of a step, on stdout and stderr: one that begins with `::`, after white space, is a command, and
so is `##[` anywhere. What is printed beside the findings quotes paths, settings and messages of the user's code.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import TextIO

_BEGIN = re.compile(r"(^|[\r\n])([^\S\r\n]*):")
_OLD = "##["


class WithoutCommands(io.TextIOBase):
    r"""A stream that passes on to another one, with `\x3a` for a colon that begins a line, and `##\x5b` for `##[`.

    A line is passed on once it is whole, or when the stream is flushed.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""
        self._is_begun = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base class has an attribute
        """That of the other stream."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Pass on the lines that are whole."""
        whole, end, rest = (self._line + text).rpartition("\n")
        self._line = rest
        if end:
            self._pass_on(whole + end)
        return len(text)

    def flush(self) -> None:
        """Pass on what there is of the last line."""
        if self._line and not self._line.endswith("#"):
            self._pass_on(self._line)
            self._line = ""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the other stream is a terminal."""
        return self._stream.isatty()

    def _pass_on(self, text: str) -> None:
        begun = "." if self._is_begun else ""  # stands for what is passed on of the line
        safe = _BEGIN.sub(r"\1\2\\x3a", begun + text)[len(begun) :]
        self._stream.write(safe.replace(_OLD, r"##\x5b"))
        last = re.split(r"[\r\n]", begun + text)[-1]
        self._is_begun = bool(last.strip())


@contextlib.contextmanager
def without_commands() -> Iterator[None]:
    """Let nothing on stderr be a command. Those of the findings are on stdout."""
    stream = WithoutCommands(sys.stderr)
    try:
        with contextlib.redirect_stderr(stream):
            yield
    finally:
        stream.flush()
