"""The classes and functions of a Python file, and the examples pinned above them."""

from __future__ import annotations

import functools
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from .source import split_lines

_PYTHON = Language(tree_sitter_python.language())
_DEFINITIONS = Query(_PYTHON, "[(class_definition) (function_definition)] @definition")
_DEFINITION_TYPES = frozenset({"class_definition", "function_definition", "decorated_definition"})
_WITHOUT_DEFINITIONS = frozenset(
    {"comment", "expression_statement", "import_statement", "import_from_statement", "future_import_statement"}
)
"""Types of statements that hold no definition unless they are broken."""
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
    return list(found_in(tree, lines).definitions)


class _Section(NamedTuple):
    """The definitions that a statement of the file holds, which starts in the 0-based `row`."""

    row: int
    definitions: tuple[Definition, ...]


class Found(NamedTuple):
    """The definitions of a parsed text, and where they came from, which the next text has in common with it.

    A node that an edit leaves as it is is shared between the trees before and after, and is known by the address of
    its children. That address means something only while the `tree` lives.
    """

    definitions: tuple[Definition, ...]
    sections: Mapping[int, _Section]
    tree: Tree


def found_in(tree: Tree, lines: Sequence[str], before: Found | None = None) -> Found:
    """The definitions of a text. What it shares with the text before, from whose tree its own was made, is not new."""
    known = before.sections if before is not None else {}
    found: list[Definition] = []
    sections: dict[int, _Section] = {}
    for node in tree.root_node.children:
        if node.type in _WITHOUT_DEFINITIONS and not node.has_error:
            continue
        # One that starts in the middle of a line depends on what is before it there.
        if node.type not in _DEFINITION_TYPES or node.start_point.column > 0:
            found += _definitions_below(node, lines)
            continue
        identity = node.children[0].id
        section = known.get(identity)
        if section is None:
            section = _Section(node.start_point.row, tuple(_definitions_below(node, lines)))
        else:
            section = _at(section, node.start_point.row, lines)
        sections[identity] = section
        found += section.definitions
    return Found(tuple(found), sections, tree)


def _at(section: _Section, row: int, lines: Sequence[str]) -> _Section:
    """A section that starts in a row now. The comments above it are not part of it."""
    definitions = section.definitions
    if row != section.row:
        definitions = tuple(_moved(definition, row - section.row) for definition in definitions)
    pins = tuple(pins_above(lines, row))
    if any(definition.pins != pins for definition in definitions if definition.start_line == row + 1):
        definitions = tuple(replace(d, pins=pins) if d.start_line == row + 1 else d for d in definitions)
    return section if definitions is section.definitions else _Section(row, definitions)


def _moved(definition: Definition, down: int) -> Definition:
    line, start, end = definition.line + down, definition.start_line + down, definition.end_line + down
    pins = tuple(replace(pin, line=pin.line + down, end_line=pin.end_line + down) for pin in definition.pins)
    return Definition(definition.qualname, definition.kind, line, start, end, pins)


def _definitions_below(top: Node, lines: Sequence[str]) -> list[Definition]:
    """The definitions that a node is or holds, in their order."""
    nodes = QueryCursor(_DEFINITIONS).captures(top).get("definition", [])
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


@functools.lru_cache(maxsize=1024)
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
