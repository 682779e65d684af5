"""The code of a notebook that a target needs: the statements of its module level, by the names that they bind and use.

A notebook is not written to be run as a whole for one of its classes: other cells load data, plot and train. What is
left out leaves empty lines, so that all other lines keep their numbers. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from .name_flow import flow_of
from .nodes import names_in, text_of
from .object_changes import calls_below, mutated, sets_torch
from .parsing import parse
from .source import split_lines

_ALWAYS_CHANGED = frozenset(("sys.path", "os.environ"))
"""The settings by which imports work, whoever needs them."""
_TRAINS = frozenset(("backward", "step"))
"""Methods that a training loop calls. Such a loop is run for nobody."""
_LOOPS = ("for_statement", "while_statement")
_WORD = re.compile(r"[A-Za-z_]\w*")
_BOUND_IN_BROKEN = re.compile(r"(?m)^\s*(?:class\s+|def\s+)?([A-Za-z_]\w*)\s*(?:[(:]|=(?!=))")


@dataclass(frozen=True)
class NeededCode:
    """The text with the needed statements alone, and the first and last lines of those that were left out.

    `missing` are the needed names that only loops that train bind, each with the first line of one.
    """

    text: str
    left_out: tuple[tuple[int, int], ...]
    missing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Statement:
    """A statement of the module level: its first and last line, and the names that it binds or changes, and reads.

    `would_bind` are the names of a loop that trains.
    """

    first: int
    last: int
    binds: frozenset[str]
    reads: frozenset[str]
    is_always_needed: bool = False
    is_future: bool = False
    would_bind: frozenset[str] = frozenset()


def needed_code(text: str, names: Iterable[str]) -> NeededCode:
    """Return the code that binds the names, and all that this code needs, wherever in the text it stands."""
    statements = list(_statements(parse(text).root_node))
    needed = set(names)
    kept = {index for index, each in enumerate(statements) if each.is_always_needed}
    for index in kept:
        needed |= statements[index].reads
    while found := {i for i, each in enumerate(statements) if i not in kept and not each.binds.isdisjoint(needed)}:
        kept |= found
        needed = needed.union(*(statements[index].reads for index in found))
    rows = {row for index in kept for row in range(statements[index].first, statements[index].last + 1)}
    if any(not statement.is_future for index, statement in enumerate(statements) if index in kept):
        rows -= _late_futures(statements, kept)
    lines = split_lines(text)
    left_out = tuple((each.first, each.last) for each in statements if each.first not in rows)
    bound = frozenset[str]().union(*(statements[index].binds for index in kept))
    missing = {name: each.first for each in reversed(statements) for name in each.would_bind & needed - bound}
    return NeededCode("\n".join(line if row in rows else "" for row, line in enumerate(lines, 1)), left_out, missing)


def names_of_code(texts: Iterable[str]) -> frozenset[str]:
    """Return all words of pieces of code that may be names of the module level."""
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _late_futures(statements: list[_Statement], kept: set[int]) -> set[int]:
    """Return the lines of `from __future__` imports that other code is before, where Python does not take them."""
    first = min(statements[index].first for index in kept if not statements[index].is_future)
    return {each.first for each in statements if each.is_future and each.first > first}


def _statements(root: Node) -> Iterator[_Statement]:
    """Yield the statements of the module level. Those that share a line count as one."""
    before: _Statement | None = None
    for node in root.named_children:
        if node.type == "comment":
            continue
        statement = _statement(node)
        if before is not None and statement.first <= before.last:
            statement = _Statement(
                before.first,
                max(before.last, statement.last),
                before.binds | statement.binds,
                before.reads | statement.reads,
                before.is_always_needed or statement.is_always_needed,
                would_bind=before.would_bind | statement.would_bind,
            )
        elif before is not None:
            yield before
        before = statement
    if before is not None:
        yield before


def _statement(node: Node) -> _Statement:
    last = node.end_point.row + (node.end_point.column > 0)
    first = node.start_point.row + 1
    if node.type == "ERROR":
        bound = frozenset(_BOUND_IN_BROKEN.findall(text_of(node)))
        return _Statement(first, max(last, first), bound, frozenset(names_in(node)))
    flow = flow_of(node)
    changed = flow.changes | mutated(node) | flow.all_bound
    reads = flow.reads | frozenset(name for inner in _annotations(node) for name in names_in(inner))
    always = not changed.isdisjoint(_ALWAYS_CHANGED) or "*" in flow.binds or sets_torch(node)
    binds, would_bind = _roots(changed), frozenset[str]()
    if _trains(node):
        binds, would_bind, always = frozenset(), binds, False
    is_future = node.type == "future_import_statement"
    return _Statement(first, last, binds, _roots(reads), always or is_future, is_future, would_bind)


def _trains(node: Node) -> bool:
    """Whether a statement is a loop that trains, or has one."""
    if node.type in ("function_definition", "class_definition", "decorated_definition"):
        return False
    methods = {text_of(callee.child_by_field_name("attribute")) for callee in _callees(node)}
    return not methods.isdisjoint(_TRAINS) and (node.type in _LOOPS or "backward" in methods)


def _callees(node: Node) -> Iterator[Node]:
    for call in calls_below(node):
        callee = call.child_by_field_name("function")
        if callee is not None and callee.type == "attribute":
            yield callee


def _annotations(node: Node) -> Iterator[Node]:
    """Yield the annotations in a statement: of parameters, variables and results."""
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "type":
            yield current
        else:
            pending += current.named_children


def _roots(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.split(".")[0] for name in names)
