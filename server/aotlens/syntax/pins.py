"""Examples that are pinned as comments above a class or function."""

from __future__ import annotations

import functools
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PIN = re.compile(r"^(?P<indent>\s*)#\s*aotlens:\s*(?P<text>.*)$")
_RESERVED = re.compile(r"ignore\s*(\[|$)")


@dataclass(frozen=True)
class Pin:
    """An example in a comment: `# aotlens: Block(64)(torch.randn(2, 16, 64))`.

    Options may follow the call after semicolons (`aotlens_tracer.wire.example_texts`). A comment line that ends in one
    goes on in the next, without the space that it begins with.

    The expression starts at `line` and `column` (from 1, columns in code points); the comment ends on `end_line`.
    """

    expression: str
    line: int
    column: int
    end_line: int


def pins_above(lines: Sequence[str], row: int) -> Iterator[Pin]:
    """The examples in the block of comment lines right above the 0-based `row`, in their order."""
    first = row
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    current = first
    while current < row:
        match = _PIN.match(lines[current])
        if match is None or _RESERVED.match(match["text"]):
            current += 1
            continue
        start, parts = current, [match["text"].rstrip()]
        current += 1
        while current < row and _goes_on(parts) and _PIN.match(lines[current]) is None:
            more = lines[current].lstrip().removeprefix("#").rstrip()
            parts.append(more.lstrip() if parts[-1].endswith(";") else more)
            current += 1
        yield Pin("\n".join(parts), start + 1, match.start("text") + 1, current)


def _goes_on(parts: Sequence[str]) -> bool:
    text = "\n".join(parts)
    return text.endswith(";") or is_open(text)


@functools.lru_cache(maxsize=1024)
def is_open(expression: str) -> bool:
    """Whether an expression ends inside a bracket or a triple-quoted string."""
    # From Python 3.12 on, the tokenizer raises for half a character of UTF-16, which an editor may send.
    text = expression.encode("utf-8", "replace").decode()
    try:
        for _ in tokenize.generate_tokens(io.StringIO(text).readline):
            pass
    except tokenize.TokenError as error:
        return "multi-line" in str(error)
    except (SyntaxError, IndentationError):
        return False
    return False
