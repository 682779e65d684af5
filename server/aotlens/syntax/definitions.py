"""The classes and functions of a Python file, and the examples pinned above them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter_python
from tree_sitter import Language, Parser, Query, QueryCursor, Tree

from .source import split_lines

_PYTHON = Language(tree_sitter_python.language())
_DEFINITIONS = Query(_PYTHON, "[(class_definition) (function_definition)] @definition")
_PIN = re.compile(r"^(?P<indent>\s*)#\s*aotlens:\s*(?P<text>.*)$")
_RESERVED = re.compile(r"ignore\s*(\[|$)")


@dataclass(frozen=True)
class Pin:
    """An example in a comment: `# aotlens: Block(64)(torch.randn(2, 16, 64))`.

    `line` and `column` (1-based, code points) are where the expression starts, `end_line` is the comment's last line.
    """

    expression: str
    line: int
    column: int
    end_line: int


@dataclass(frozen=True)
class Definition:
    """A class or function, by the qualified name that Python gives it.

    `line` is that of its `class` or `def`, `start_line` that of its first decorator, `end_line` its last.
    """

    qualname: str
    kind: str
    line: int
    start_line: int
    end_line: int
    pins: tuple[Pin, ...] = ()


def definitions(text: str) -> list[Definition]:
    """Every class and function of the text, in its order; of broken text those that can still be made out."""
    return definitions_in(Parser(_PYTHON).parse(text.encode()), split_lines(text))


def definitions_in(tree: Tree, lines: Sequence[str]) -> list[Definition]:
    """The same of a text that is parsed already."""
    nodes = QueryCursor(_DEFINITIONS).captures(tree.root_node).get("definition", [])
    found: list[Definition] = []
    enclosing: list[tuple[int, str]] = []  # where each definition around ends, and the prefix of what is in it
    for node in sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)):
        while enclosing and enclosing[-1][0] <= node.start_byte:
            enclosing.pop()
        name_node = node.child_by_field_name("name")
        if name_node is None or not name_node.text:  # half typed
            continue
        qualname = (enclosing[-1][1] if enclosing else "") + name_node.text.decode()
        parent = node.parent
        outer = parent if parent is not None and parent.type == "decorated_definition" else node
        kind = "class" if node.type == "class_definition" else "function"
        enclosing.append((node.end_byte, f"{qualname}." if kind == "class" else f"{qualname}.<locals>."))
        first = outer.start_point.row
        pins = tuple(pins_above(lines, first))
        found.append(Definition(qualname, kind, node.start_point.row + 1, first + 1, node.end_point.row + 1, pins))
    return found


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
        while current < row and is_open("\n".join(parts)) and _PIN.match(lines[current]) is None:
            parts.append(lines[current].lstrip().removeprefix("#").rstrip())
            current += 1
        yield Pin("\n".join(parts), start + 1, match.start("text") + 1, current)


def is_open(expression: str) -> bool:
    """Whether a bracket or a triple-quoted string of the expression is still open at its end."""
    try:
        for _ in tokenize.generate_tokens(io.StringIO(expression).readline):
            pass
    except tokenize.TokenError as error:
        return "multi-line" in str(error)
    except (SyntaxError, IndentationError):
        return False
    return False
