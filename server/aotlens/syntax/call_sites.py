"""Call sites: code that builds an instance of a class and calls it, with the statements that the call depends on.

They are found by syntax in straight-line code: `__main__` blocks, functions whose parameters have known values,
scripts, and the code blocks of docstrings and documentation. Nothing is evaluated. Only the first turn of a loop over
`range` or over items that are written out is followed; other loops are not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .block_source import BlockSource
from .code_blocks import code_blocks, docstring_blocks, whole_block
from .dependencies import SAME_MODULE, Step, assigned_value, imported_class, kept_in_self, names_of, needed_steps
from .function_steps import function_steps, functions, returned_value
from .named_calls import statements_below
from .nodes import is_within, text_of
from .straight_lines import block_steps, calls_in, module_steps

_LONGEST_PRELUDE = 40
"""Statements. A call that depends on more of them is too long to be an example."""
_SECONDS = 5
"""The processor time that a file gets. The longest tests of torch take 1 s; repeated nonsense grows with its square."""
_DEPTH = 8
"""Assignments and calls through which an instance is followed back to the call of its class."""


@dataclass(frozen=True)
class CallSite:
    """A call of an instance of a class.

    `name` is the class's own name and `module` the module that it was imported from, None if it was not imported.
    `line` and `column` count from 1, columns in code points. `prelude` are the statements of the same block that the
    call depends on. `outer` are those that importing the file runs: code in the file itself has them already.
    """

    name: str
    module: str | None
    expression: str
    line: int
    column: int
    prelude: tuple[Statement, ...]
    outer: tuple[Statement, ...] = ()


def call_sites(path: str, text: str) -> list[CallSite]:
    """The call sites of a Python file, or of documentation, in the order of the text.

    None are found in code that is nested deeper than Python's stack allows: a file that nobody wrote by hand. Those
    that are not found in `_SECONDS` are left out.
    """
    last, found = time.thread_time() + _SECONDS, []
    try:
        for site in _found(path, text):
            if site is not None:
                found.append(site)
            if time.thread_time() > last:
                break
    except RecursionError:
        return []
    return sorted(found, key=lambda site: (site.line, site.column))


def _found(path: str, text: str) -> Iterator[CallSite | None]:
    """The call sites, and None for each call and each function that is none."""
    if not path.endswith((".py", ".ipynb")):
        for block in code_blocks(text):
            source = BlockSource(path, block)
            yield from _sites(source, module_steps(source, is_outer=False))
    else:
        whole = whole_block(text)
        source = BlockSource(path, whole)
        module = module_steps(source, is_outer=True)
        yield from _sites(source, module)
        for node in functions(source):
            yield from _sites(source, function_steps(source, node), outer=module, within=node)
            yield None
        for node in _strings(source.root):
            for block in docstring_blocks(whole.lines, node.start_point.row, node.end_point.row):
                inner = BlockSource(path, block)
                yield from _sites(inner, module_steps(inner, is_outer=False), outer=module)


def _strings(root: Node) -> Iterator[Node]:
    """The statements that are strings, which may be documentation."""
    for node, _ in statements_below(root):
        inside = node.named_children if node.type == "expression_statement" else ()
        if len(inside) == 1 and inside[0].type == "string":
            yield inside[0]


def _sites(
    source: BlockSource, steps: Sequence[Step], outer: Sequence[Step] = (), within: Node | None = None
) -> Iterator[CallSite | None]:
    """The calls of instances in straight-line code, and only those in the function `within` unless that is None.

    `outer` are the statements of the module around it.
    """
    for index, call in calls_in(steps):
        if within is None or is_within(call, within):
            yield _site(source, call, steps[:index], outer)


def _site(source: BlockSource, call: Node, before: Sequence[Step], outer: Sequence[Step]) -> CallSite | None:
    """The call site; None if the call does not call an instance of a class. `before` are the earlier statements."""
    callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if callee is None or arguments is None or arguments.type != "argument_list":
        return None
    if callee.type == "attribute" and text_of(callee.child_by_field_name("attribute")) == "forward":
        callee = callee.child_by_field_name("object")
    constructor = _constructor(source, (*outer, *before), callee) if callee is not None else None
    if callee is None or constructor is None:
        return None
    kept = kept_in_self(callee) | kept_in_self(arguments)
    steps, needed = needed_steps(before, names_of(callee) | names_of(arguments), kept)
    around, _ = needed_steps(outer, needed)
    imported = tuple(step.statement for step in (*around, *(step for step in steps if step.is_outer)))
    prelude = tuple(step.statement for step in steps if not step.is_outer)
    if len(prelude) + len(imported) > _LONGEST_PRELUDE:
        return None
    name, module = imported_class(text_of(constructor), (*outer, *before))
    line, column = source.place(call)
    return CallSite(name, module, source.text(callee) + source.text(arguments), line, column, prelude, imported)


def _constructor(source: BlockSource, before: Sequence[Step], value: Node, depth: int = _DEPTH) -> Node | None:
    """The name of the class that a value is an instance of; None if the code does not show it."""
    if depth < 0:
        return None
    if value.type == "identifier":
        found = _last_binding(before, text_of(value))
        made = assigned_value(before[found].node, text_of(value)) if found is not None else None
        return _constructor(source, before[:found], made, depth - 1) if made is not None else None
    if value.type == "attribute" and text_of(value.child_by_field_name("object")) == "self":
        for index in range(len(before) - 1, -1, -1):
            made = assigned_value(before[index].node, text_of(value))
            if made is not None:
                return _constructor(source, before[:index], made, depth - 1)
        return None
    if value.type == "parenthesized_expression" and value.named_children:
        return _constructor(source, before, value.named_children[0], depth - 1)
    if value.type != "call":
        return None
    callee = value.child_by_field_name("function")
    if callee is None or callee.type not in ("identifier", "attribute"):
        return None
    if callee.type == "attribute" and text_of(callee.child_by_field_name("attribute")) in SAME_MODULE:
        inner = callee.child_by_field_name("object")
        return _constructor(source, before, inner, depth - 1) if inner is not None else None
    if callee.type == "identifier" and (function := _function(before, text_of(callee))) is not None:
        body, made = function.child_by_field_name("body"), returned_value(function)
        if body is None or made is None:
            return None
        return _constructor(source, (*before, *block_steps(source, body, is_outer=False)), made, depth - 1)
    return callee if all(part.isidentifier() for part in text_of(callee).split(".")) else None


def _last_binding(before: Sequence[Step], name: str) -> int | None:
    return next((index for index in range(len(before) - 1, -1, -1) if name in before[index].binds), None)


def _function(before: Sequence[Step], name: str) -> Node | None:
    """The function that a name stands for, if the code defines it here: it may build the instance."""
    found = _last_binding(before, name)
    node = before[found].node if found is not None else None
    return node if node is not None and node.type == "function_definition" else None
