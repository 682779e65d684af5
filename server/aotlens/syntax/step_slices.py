"""The part of a script that a training step depends on: its body, from the batch to the loss, and what comes before.

The body is what a trace makes a graph of. The prelude is run to get its modules, optimizers and batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .backward_calls import BackwardCall, function_around
from .block_source import BlockSource
from .moments import LOOPS, Moment, changes_in_place, is_over_counts
from .name_flow import reads_of, root_name
from .nodes import items_of, text_of

_SOURCES = re.compile(r"(?i)batch|sample|^next|data|fetch|inputs|tokeniz|processor|extract|collat")
"""Names of functions and methods that return a batch."""
_FACTORIES = re.compile(
    r"torch\.(rand|zeros|ones|tensor|as_tensor|arange|full|empty|from_numpy|normal|linspace|Tensor)\w*$"
)
_KEPT_OUT = re.compile(
    r"(?i)^(load_state_dict|apply|zero_grad|step|save\w*|state_dict|print\w*|log\w*|write\w*|close|push\w*)$"
)
"""Methods whose calls change nothing that a trace shows: values, files, logs."""
_DEFINITIONS = (
    "import_statement",
    "import_from_statement",
    "future_import_statement",
    "function_definition",
    "class_definition",
    "decorated_definition",
)
"""Statements of the module level that are run whether the step needs them or not."""
_MODES = ("train", "eval")
_ADDS = ("append", "extend", "update", "add", "insert", "setdefault")
_NOT_NUMERIC = re.compile(r"accumulate|no_sync|join|profile|record_function|detect_anomaly|tqdm|Timer|\bas\b")
"""Contexts that change nothing in a step's computation."""


@dataclass(frozen=True)
class StepSlice:
    """The statements of a training step: the body, and those that run before, the last of which make the batch.

    `inputs` are the names that the batch binds. `reads` are the names that the two take from the module.
    """

    body: tuple[Statement, ...]
    prelude: tuple[Moment, ...]
    inputs: tuple[str, ...]
    reads: frozenset[str]


def slice_step(
    source: BlockSource, backward: BackwardCall, moments: Sequence[Moment], wanted: Sequence[str]
) -> StepSlice:
    """Slice the statements before a backward pass. `wanted` are expressions that the prelude has to make too."""
    region = _region(backward)
    start = next((i for i, moment in enumerate(moments) if region is not None and _is_in(moment, region)), len(moments))
    while start < len(moments) and moments[start].node is None and moments[start].is_data:
        start += 1
    before, inside = list(moments[:start]), list(moments[start:])
    kept, needed = _needed_in_body(inside, reads_of(backward.loss))
    batch = frozenset[str]().union(*(m.flow.binds for m in before if m.is_data))
    batch = _derived(before, batch) | (_bound_in(inside) & needed)
    moved, body = _split(kept, batch)
    modes = [m for m in inside if m not in kept and m.node is not None and _sets_mode(m.node, needed)]
    made = frozenset[str]().union(*(m.flow.all_bound for m in moved))
    taken = made & frozenset[str]().union(*(m.flow.reads for m in body), reads_of(backward.loss))
    inputs = [name for m in (*before, *moved) for name in sorted(m.flow.all_bound) if name in batch & needed]
    inputs += [n for m in moved if _is_batch(m) for n in sorted(m.flow.binds) if n in taken]
    roots = frozenset(name for expression in wanted for name in (expression, expression.split(".")[0]))
    prelude, reads = _needed_before([*before, *modes, *moved], needed | roots)
    statements = tuple(_statements(source, body, backward))
    return StepSlice(statements, tuple(prelude), tuple(dict.fromkeys(inputs)), reads)


def _region(backward: BackwardCall) -> Node | None:
    """The block in which the batch's way to the loss begins: that of the innermost loop over data, or the function."""
    function = function_around(backward.call)
    loops: list[Node] = []
    outer = backward.call.parent
    while outer is not None and (function is None or outer.id != function.id):
        if outer.type in LOOPS:
            loops.append(outer)
        outer = outer.parent
    loop = next((each for each in loops if not is_over_counts(each)), next(iter(loops), None))
    if loop is not None:
        return loop
    return function.child_by_field_name("body") if function is not None else _root(backward.call)


def _root(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node


def _is_in(moment: Moment, region: Node) -> bool:
    if moment.around:
        return any(each.id == region.id for each in moment.around) or (
            moment.node is not None and _is_below(moment.node, region)
        )
    return moment.node is not None and _is_below(moment.node, region)


def _is_below(node: Node, region: Node) -> bool:
    return region.start_byte <= node.start_byte and node.end_byte <= region.end_byte


def _needed_in_body(inside: Sequence[Moment], needed: frozenset[str]) -> tuple[list[Moment], frozenset[str]]:
    """The statements of the region that the loss depends on, and the names that they take from before."""
    kept: list[Moment] = []
    for moment in reversed(inside):
        bound = moment.flow.all_bound & needed
        is_changed = moment.node is not None and _adds_to(moment.node, needed)
        is_item = bool(moment.flow.changes & needed) and _sets_item(moment.node)
        if not bound and not is_changed and not is_item:
            continue
        needed = _without(needed, moment.flow.binds) | moment.flow.reads
        kept.append(moment)
    return list(reversed(kept)), needed


def _without(needed: frozenset[str], bound: frozenset[str]) -> frozenset[str]:
    """The names that are still needed before a statement that binds some of them, and so their attributes."""
    return frozenset(name for name in needed if name not in bound and name.split(".")[0] not in bound)


def _needed_before(moments: Sequence[Moment], needed: frozenset[str]) -> tuple[list[Moment], frozenset[str]]:
    """The statements before the body that it depends on, and the names that nothing there binds."""
    kept: list[Moment] = []
    for moment in reversed(moments):
        flow = moment.flow
        is_changed = bool(flow.changes & needed) or (moment.node is not None and _changes(moment.node, needed))
        is_definition = moment.is_outer and moment.node is not None and moment.node.type in _DEFINITIONS
        if not (flow.all_bound & needed or is_changed or is_definition or _sets_torch(moment.node)):
            continue
        needed = _without(needed, flow.binds) | flow.reads
        kept.append(moment)
    return list(reversed(kept)), needed


def _derived(moments: Sequence[Moment], names: frozenset[str]) -> frozenset[str]:
    """These names, and those that are made from them before the body."""
    for moment in moments:
        if moment.flow.reads & names:
            names |= moment.flow.binds
    return names


def _bound_in(moments: Sequence[Moment]) -> frozenset[str]:
    return frozenset[str]().union(*(m.flow.binds for m in moments))


def _split(kept: Sequence[Moment], batch: frozenset[str]) -> tuple[list[Moment], list[Moment]]:
    """The statements that prepare the step without the batch, and those of the body."""
    moved: list[Moment] = []
    body: list[Moment] = []
    taken = batch
    for moment in kept:
        depends = bool(moment.flow.reads & taken)
        if moment.node is None or (not depends and _prepares(moment)):
            moved.append(moment)
            if _is_batch(moment):
                taken |= moment.flow.all_bound
        else:
            body.append(moment)
            taken |= moment.flow.all_bound
    return moved, body


def _prepares(moment: Moment) -> bool:
    """Whether a statement calls no variable that may be a module."""
    assert moment.node is not None
    if moment.node.type == "with_statement":
        return False
    return not any(_may_be_module(call, moment) for call in _calls(moment.node))


def _may_be_module(call: Node, moment: Moment) -> bool:
    callee = call.child_by_field_name("function")
    name = text_of(callee).rpartition(".")[2]
    if callee is None or name[:1].isupper() or _SOURCES.search(name):
        return False
    if callee.type == "identifier":
        return not _is_builtin(name)
    root = root_name(callee)
    return root not in ("torch", "nn", "F", "np", "math", "random", "time", "os", "") and (
        root == "self" or bool(items_of(call.child_by_field_name("arguments"))) or name == "forward"
    )


def _is_builtin(name: str) -> bool:
    return name in dir(__builtins__) or (isinstance(__builtins__, dict) and name in __builtins__)


def _is_batch(moment: Moment) -> bool:
    """Whether a statement makes a batch: it draws tensors, or calls what returns one."""
    if moment.is_data:
        return True
    if moment.node is None:
        return False
    names = [text_of(call.child_by_field_name("function")) for call in _calls(moment.node)]
    return any(_FACTORIES.match(name) or _SOURCES.search(name.rpartition(".")[2]) for name in names)


def _calls(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "call":
            yield current
        pending += current.named_children


def _call_of(node: Node) -> Node | None:
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    return inner if inner.type == "call" else None


def _method(node: Node) -> str:
    """The method that an expression statement calls; empty if it calls none."""
    call = _call_of(node)
    callee = call.child_by_field_name("function") if call is not None else None
    return text_of(callee.child_by_field_name("attribute")) if callee is not None and callee.type == "attribute" else ""


def _sets_mode(node: Node, needed: frozenset[str]) -> bool:
    return _method(node) in _MODES and changes_in_place(node, needed)


def _adds_to(node: Node, needed: frozenset[str]) -> bool:
    return _method(node) in _ADDS and changes_in_place(node, needed)


def _sets_item(node: Node | None) -> bool:
    inner = node.named_children[0] if node is not None and node.named_children else None
    left = inner.child_by_field_name("left") if inner is not None else None
    return left is not None and left.type == "subscript"


def _changes(node: Node, needed: frozenset[str]) -> bool:
    """Whether a statement before the body changes a needed object by a method, or a loop changes parts of it."""
    if node.type == "for_statement":
        return bool(reads_of(node.child_by_field_name("right")) & needed) and "requires_grad" in text_of(node)
    if node.type == "if_statement":
        blocks = [child for child in node.named_children if child.type == "block"]
        return any(_changes(child, needed) for block in blocks for child in block.named_children)
    method = _method(node)
    return bool(method) and not _KEPT_OUT.match(method) and changes_in_place(node, needed)


def _sets_torch(node: Node | None) -> bool:
    """Whether a statement changes how torch computes: `torch.set_default_dtype(…)`."""
    call = _call_of(node) if node is not None else None
    return call is not None and text_of(call.child_by_field_name("function")).startswith("torch.set_default_")


def _statements(source: BlockSource, body: Sequence[Moment], backward: BackwardCall) -> Iterator[Statement]:
    """The statements of the body. Inside a context around the backward pass they stand in one statement with it."""
    kept = [moment.node for moment in body if moment.node is not None]
    done: set[int] = set()
    for moment in body:
        node = moment.node
        if node is None or node.id in done:
            continue
        context = next((each for each in moment.around if each.type == "with_statement" and _is_numeric(each)), None)
        if context is None:
            yield source.statement(source.text(node), node)
            continue
        inner = [each for each in kept if _is_below(each, context)]
        done.update(each.id for each in inner)
        yield source.part(context, inner)


def _is_numeric(context: Node) -> bool:
    clause = next((text_of(child) for child in context.named_children if child.type == "with_clause"), "")
    return not _NOT_NUMERIC.search(clause)
