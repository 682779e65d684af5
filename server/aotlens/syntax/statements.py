"""Finds the statement at a position, as a subject: a `return`, or a line that runs something."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from aotlens_tracer.wire.places import Span

from .source_text import SourceText, nodes_around
from .subjects import LineSubject, ReturnSubject
from .surroundings import Surroundings

_DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})
_COMPOUND = frozenset(
    {
        "for_statement",
        "while_statement",
        "if_statement",
        "with_statement",
        "try_statement",
        "match_statement",
        "elif_clause",
        "else_clause",
        "except_clause",
        "finally_clause",
        "case_clause",
    }
)
"""Statements and clauses that hold a block."""


def statement_at(
    document: SourceText, line: int, column: int, here: Surroundings
) -> Iterator[ReturnSubject | LineSubject]:
    """The statement at a position in the body of a function. A compound one counts in its first lines only."""
    function = here.function if here.function is not None or here.owner is not None else ""
    if function is None:
        return
    text = document.line(line)
    first = len(text) - len(text.lstrip()) + 1
    if first > len(text) or text[first - 1] == "#":
        return
    chain = here.chain if first <= column <= len(text.rstrip()) else nodes_around(document, line, first)
    for node, outer in zip(chain, [*chain[1:], None]):
        if node.type in ("comment", "string_start") and outer is not None and outer.type in ("block", "module"):
            return
        if node.type == "return_statement":
            yield ReturnSubject(here.owner, function, document.span_of(node))
            yield LineSubject(here.owner, function, document.span_of(node))
            return
        if node.type in _DEFINITIONS:
            return
        if node.type in _COMPOUND:
            # The position is in its first lines: inside its block the chain would have met another statement before.
            span = _first_lines(document, node)
            if span.line <= line <= (span.end_line or span.line):
                yield LineSubject(here.owner, function, span)
            return
        if outer is not None and outer.type in ("block", "module", "ERROR"):
            yield LineSubject(here.owner, function, document.span_of(node))
            return


def _first_lines(document: SourceText, compound: Node) -> Span:
    """The lines of a compound statement before its block."""
    body = compound.child_by_field_name("body") or compound.child_by_field_name("consequence")
    whole = document.span_of(compound)
    last = body.start_point.row + 1 if body is not None else whole.line
    end_line = max(last - 1, whole.line)
    return Span(whole.path, whole.line, whole.column, end_line, len(document.line(end_line).rstrip()) + 1)
