"""The classes and functions of a Python file, and the examples pinned above them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from .source import split_lines

_PYTHON = Language(tree_sitter_python.language())
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
    """A class or function, by the qualified name that Python gives it. `line` is that of its `class` or `def`."""

    qualname: str
    kind: str
    line: int
    end_line: int
    pins: tuple[Pin, ...] = ()


def definitions(text: str) -> list[Definition]:
    """Every class and function of the text, in its order; of broken text those that can still be made out."""
    tree = Parser(_PYTHON).parse(text.encode())
    lines = split_lines(text)
    found: list[Definition] = []
    _visit(tree.root_node, "", lines, found)
    return found


def _visit(node: Node, prefix: str, lines: list[str], found: list[Definition]) -> None:
    for child in node.children:
        if child.type not in ("class_definition", "function_definition"):
            _visit(child, prefix, lines, found)
            continue
        name_node = child.child_by_field_name("name")
        if name_node is None or name_node.text is None:
            _visit(child, prefix, lines, found)
            continue
        qualname = prefix + name_node.text.decode()
        outer = node if node.type == "decorated_definition" else child
        kind = "class" if child.type == "class_definition" else "function"
        line = child.start_point.row + 1
        pins = tuple(pins_above(lines, outer.start_point.row))
        found.append(Definition(qualname, kind, line, child.end_point.row + 1, pins))
        _visit(child, f"{qualname}." if kind == "class" else f"{qualname}.<locals>.", lines, found)


def pins_above(lines: list[str], row: int) -> Iterator[Pin]:
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
