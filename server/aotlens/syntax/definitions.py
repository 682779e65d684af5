"""The classes and functions of a Python file, and the examples pinned above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tree_sitter import Node, Tree

from .named_calls import statements_below
from .nodes import text_of
from .parsing import parse
from .pins import Pin, pins_above
from .source import split_lines

_DEFINITION_TYPES = frozenset({"class_definition", "function_definition", "decorated_definition"})
_WITHOUT_DEFINITIONS = frozenset(
    {"comment", "expression_statement", "import_statement", "import_from_statement", "future_import_statement"}
)
"""Types of statements that hold no definition, unless they contain a syntax error."""


@dataclass(frozen=True)
class Definition:
    """A class or function, by the qualified name that Python gives it.

    Lines count from 1: `line` holds its `class` or `def`, `start_line` its first decorator, `end_line` is its last one.
    """

    qualname: str
    kind: Literal["class", "function"]
    line: int
    start_line: int
    end_line: int
    pins: tuple[Pin, ...] = ()


def without_locals(qualname: str) -> str:
    """A qualified name as users write it, without `<locals>`."""
    return qualname.replace(".<locals>", "")


def definitions(text: str) -> list[Definition]:
    """Every class and function of a text, in its order; in broken code, those that the parser still recognizes."""
    return definitions_in(parse(text), split_lines(text))


def definitions_in(tree: Tree, lines: Sequence[str]) -> list[Definition]:
    """Every class and function of a text that is parsed already."""
    return list(found_in(tree, lines).definitions)


class _Section(NamedTuple):
    """The definitions in a top-level statement, which starts in the 0-based `row`."""

    row: int
    definitions: tuple[Definition, ...]


class Found(NamedTuple):
    """The definitions of a parsed text, and the sections that the text after an edit may share with it.

    The trees before and after an edit share the nodes that the edit left unchanged. A section is found again by the
    address of its first child, which is valid only while the `tree` lives.
    """

    definitions: tuple[Definition, ...]
    sections: Mapping[int, _Section]
    tree: Tree


def found_in(tree: Tree, lines: Sequence[str], before: Found | None = None) -> Found:
    """The definitions of a text. Sections that it shares with `before`, the text before an edit, are reused."""
    known = before.sections if before is not None else {}
    found: list[Definition] = []
    sections: dict[int, _Section] = {}
    for node in tree.root_node.children:
        if node.type in _WITHOUT_DEFINITIONS and not node.has_error:
            continue
        # A definition that starts in the middle of a line depends on the code before it.
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
    """A section moved to a row. The comments above it are not part of it, so its pins are read again."""
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
    """The definitions that a node is or contains, in their order."""
    found: list[Definition] = []
    enclosing: list[tuple[int, str]] = []  # the end of each enclosing definition, and the prefix of names in it
    for node, parent in statements_below(top):
        if node.type not in ("class_definition", "function_definition"):
            continue
        while enclosing and enclosing[-1][0] <= node.start_byte:
            enclosing.pop()
        name_node = node.child_by_field_name("name")
        if name_node is None or not name_node.text:  # the user is still typing it
            continue
        qualname = (enclosing[-1][1] if enclosing else "") + text_of(name_node)
        outer = parent if parent.type == "decorated_definition" else node
        kind: Literal["class", "function"] = "class" if node.type == "class_definition" else "function"
        enclosing.append((node.end_byte, f"{qualname}." if kind == "class" else f"{qualname}.<locals>."))
        first = outer.start_point.row
        pins = tuple(pins_above(lines, first))
        found.append(Definition(qualname, kind, node.start_point.row + 1, first + 1, node.end_point.row + 1, pins))
    return found
