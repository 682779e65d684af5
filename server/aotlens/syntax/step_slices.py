"""The part of a script that a training step depends on: its body, from the batch to the loss, and what comes before.

The body is what a trace makes a graph of. The prelude is run to get its modules, optimizers and batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .backward_calls import BackwardCall
from .block_source import BlockSource
from .driven_steps import BATCH, in_trainer
from .moments import Moment, expanded
from .name_flow import Flow, flow_of, in_order, reads_of, root_name, without
from .nodes import items_of, text_of
from .object_changes import calls_below, defined_functions, mutated, prepares, root_of, sets_mode, sets_torch
from .step_places import region_of

_SOURCES = re.compile(r"(?i)batch|sample|^next|data|fetch|inputs|tokeniz|processor|extract|collat")
"""Names of functions and methods that return a batch."""
_FACTORIES = re.compile(
    r"torch\.(rand|zeros|ones|tensor|as_tensor|arange|full|empty|from_numpy|normal|linspace|Tensor)\w*$"
)
_PACKAGES = ("torch", "nn", "F", "np", "numpy", "math", "random", "time", "os", "")
_OF_TENSORS = re.compile(
    r"(to|cuda|cpu|float|half|double|long|int|bool|type|view|reshape|flatten|squeeze|unsqueeze|permute|transpose|repeat|"
    r"expand|clone|detach|contiguous|requires_grad_|size|dim|numel|item|tolist|chunk|split)$"
)
"""Methods of tensors."""
_DEFINITIONS = (
    "import_statement",
    "import_from_statement",
    "future_import_statement",
    "function_definition",
    "class_definition",
    "decorated_definition",
)
"""Statements of the module level that are run whether the step needs them or not."""
_OF_OBJECTS = (".train", ".eval", ".step", ".zero_grad", ".parameters", ".backward", ".scale", ".forward")
"""Methods by which a parameter without a known value shows that it is no batch."""
_NOT_NUMERIC = re.compile(r"accumulate|no_sync|join|profile|record_function|detect_anomaly|tqdm|Timer|\bas\b")
"""Contexts that change nothing in a step's computation."""


@dataclass(frozen=True)
class StepSlice:
    """The statements of a training step: the body, and those that run before, the last of which make the batch.

    `inputs` are the names that the batch binds. `reads` are the names that the two take from the module. `prepared` are
    the ids of those nodes of the region that run before.
    """

    body: tuple[Statement, ...]
    prelude: tuple[Moment, ...]
    inputs: tuple[str, ...]
    reads: frozenset[str]
    prepared: frozenset[int] = frozenset()


def slice_step(
    source: BlockSource,
    backward: BackwardCall,
    moments: Sequence[Moment],
    wanted: Sequence[str],
    unknown: frozenset[str] = frozenset(),
) -> StepSlice:
    """Slice the statements before a backward pass.

    `wanted` are expressions that the prelude has to make too. `unknown` are parameters whose values no code shows.
    """
    region = region_of(backward)
    start = next((i for i, moment in enumerate(moments) if _is_in(moment, region)), len(moments))
    while start < len(moments) and moments[start].node is None:
        start += 1
    before, inside = list(moments[:start]), list(moments[start:])
    given = unknown - _called([moment for moment in moments if moment.frame == 0])
    before, inside = _with_derived(before, inside, given)
    inside = [each for moment in inside for each in expanded(source, moment)]
    kept, needed = _needed_in_body(inside, reads_of(backward.loss))
    batch = given.union(*(m.flow.binds for m in before if m.is_data))
    batch = _derived(before, batch) | (_bound_in(inside) & needed)
    moved, body = _split(kept, batch)
    needed = in_order((*(_whole_flow(m) for m in body), Flow(reads_of(backward.loss)))).reads
    modes = [m for m in inside if m not in kept and m.node is not None and sets_mode(m.node, needed)]
    batch |= frozenset[str]().union(*(m.flow.binds for m in moved if _is_batch(m)))
    batch = _derived([*before, *moved], batch)
    inputs = sorted(given & needed)
    inputs += [name for m in (*before, *moved) for name in sorted(m.flow.all_bound) if name in batch & needed]
    entered = frozenset[str]().union(*(m.flow.binds for m in moments if m.is_entered))
    roots = frozenset(name for expression in wanted for name in (expression, expression.split(".")[0])) - entered
    prelude, reads = _needed_before(source, [*before, *modes, *moved], needed | roots)
    statements = tuple(_statements(source, body, backward))
    prepared = frozenset(moment.node.id for moment in prelude if moment.node is not None)
    return StepSlice(statements, tuple(prelude), tuple(dict.fromkeys(inputs)), reads, prepared)


def slice_trainer(
    source: BlockSource, backward: BackwardCall, moments: Sequence[Moment], wanted: Sequence[str]
) -> StepSlice:
    """Slice the statements before a call `trainer.train()`: all of them make the trainer, which takes the batch."""
    statements, _ = in_trainer(text_of(backward.loss))
    names = reads_of(backward.loss)
    binds = [frozenset[str](), frozenset((BATCH,))]
    flows = [Flow(names, bound, changes=names) for bound in binds]
    last = [Moment(source.statement(text, backward.call), flow, None) for text, flow in zip(statements, flows)]
    roots = frozenset(name.split(".")[0] for name in wanted)
    prelude, reads = _needed_before(source, [*moments, *last], names | roots | {BATCH})
    return StepSlice((), tuple(prelude), (BATCH,), reads)


def _with_derived(
    before: list[Moment], inside: list[Moment], given: frozenset[str]
) -> tuple[list[Moment], list[Moment]]:
    """The statements before the region and in it, where those belong that depend on parameters without known values."""
    derived: list[Moment] = []
    names = given
    for moment in before:
        if moment.frame == 0 and not moment.made_from and moment.node is not None and moment.flow.reads & names:
            derived.append(moment)
            names |= moment.flow.all_bound
    return [moment for moment in before if moment not in derived], [*derived, *inside]


def _called(moments: Sequence[Moment]) -> frozenset[str]:
    """The variables that these statements call, or call methods of modules and optimizers of."""
    calls = [call for moment in moments if moment.node is not None for call in calls_below(moment.node)]
    called = {text_of(call.child_by_field_name("function")) for call in calls}
    return frozenset(name.partition(".")[0] for name in called if name.isidentifier() or name.endswith(_OF_OBJECTS))


def _is_in(moment: Moment, region: Node) -> bool:
    if moment.frame > 0 or moment.made_from:
        return False
    return any(each.id == region.id for each in moment.around) or (
        moment.node is not None and _is_below(moment.node, region)
    )


def _is_below(node: Node, region: Node) -> bool:
    return region.start_byte <= node.start_byte and node.end_byte <= region.end_byte


def _needed_in_body(inside: Sequence[Moment], needed: frozenset[str]) -> tuple[list[Moment], frozenset[str]]:
    """The statements of the region that the loss depends on, and the names that they take from before."""
    kept: list[Moment] = []
    for moment in reversed(inside):
        bound = moment.flow.all_bound & needed
        if not bound and not (moment.node is not None and mutated(moment.node) & needed):
            continue
        needed = without(needed, moment.flow.binds) | moment.flow.reads | _read_by_contexts(moment)
        kept.append(moment)
    return list(reversed(kept)), needed


def _whole_flow(moment: Moment) -> Flow:
    return in_order((Flow(_read_by_contexts(moment)), moment.flow))


def _read_by_contexts(moment: Moment) -> frozenset[str]:
    """The names that the contexts around a statement read, as far as they stay around it."""
    heads = (child for each in _contexts(moment) for child in each.named_children if child.type == "with_clause")
    return frozenset[str]().union(*(reads_of(head) for head in heads))


def _contexts(moment: Moment) -> list[Node]:
    return [each for each in moment.around if each.type == "with_statement" and _is_numeric(each)]


def _needed_before(
    source: BlockSource, moments: Sequence[Moment], needed: frozenset[str]
) -> tuple[list[Moment], frozenset[str]]:
    """The statements before the body that it depends on, and the names that nothing there binds."""
    kept: list[Moment] = []
    imported = _imported(source.root.named_children)
    imported |= _imported(moment.node for moment in moments if moment.node is not None)
    for moment in reversed(moments):
        flow = moment.flow
        node = moment.node
        objects = needed - imported
        is_changed = bool(flow.changes & objects) or (node is not None and prepares(node, objects))
        is_definition = _is_definition(moment) and moment.statement.path == source.path
        if not (flow.all_bound & needed or is_changed or is_definition or sets_torch(node)):
            continue
        passed = {f"{moment.renames[name]}.{rest}" for name, rest in _attributes(needed) if name in moment.renames}
        needed = without(needed, flow.binds) | flow.reads | passed
        kept.append(moment)
    return list(reversed(kept)), needed


def _imported(statements: Iterable[Node]) -> frozenset[str]:
    """The names that import statements among these bind."""
    return frozenset[str]().union(*(flow_of(node).binds for node in statements if node.type.startswith("import_")))


def _is_definition(moment: Moment) -> bool:
    return moment.is_outer and moment.node is not None and moment.node.type in _DEFINITIONS


def _attributes(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The attributes among names, each with the name of its object."""
    for name in names:
        first, dot, rest = name.partition(".")
        if dot:
            yield first, rest


def _derived(moments: Sequence[Moment], names: frozenset[str]) -> frozenset[str]:
    """These names, and those that are made from them before the body."""
    for moment in moments:
        if moment.made_from:
            names |= {name for name, reads in moment.made_from.items() if reads & names}
        elif moment.flow.reads & names:
            names |= moment.flow.binds
    return names


def _bound_in(moments: Sequence[Moment]) -> frozenset[str]:
    return frozenset[str]().union(*(m.flow.binds for m in moments))


def _split(kept: Sequence[Moment], batch: frozenset[str]) -> tuple[list[Moment], list[Moment]]:
    """The statements that prepare the step without the batch, and those of the body."""
    moved: list[Moment] = []
    body: list[Moment] = []
    taken, of_body = batch, frozenset[str]()
    for moment in kept:
        depends = bool(moment.flow.reads & taken)
        is_collected = depends and not moment.flow.reads & of_body and _collects(moment)
        if moment.node is None or ((is_collected or not depends) and _prepares(moment)):
            moved.append(moment)
            if is_collected or _is_batch(moment):
                taken |= moment.flow.all_bound
        else:
            body.append(moment)
            of_body |= moment.flow.all_bound | mutated(moment.node)
            taken |= of_body
    return (moved, body) if body else _without_modules(kept)


def _without_modules(kept: Sequence[Moment]) -> tuple[list[Moment], list[Moment]]:
    """The same for a step that calls no module: `(x @ w + b).tanh()` computes, and only what makes a batch prepares."""
    moved: list[Moment] = []
    body: list[Moment] = []
    of_body = frozenset[str]()
    for moment in kept:
        if moment.node is None or (_is_batch(moment) and not moment.flow.reads & of_body):
            moved.append(moment)
        else:
            body.append(moment)
            of_body |= moment.flow.all_bound | mutated(moment.node)
    return moved, body


def _collects(moment: Moment) -> bool:
    """Whether a statement takes items of the data one by one, `[data[i : i + n] for i in ix]`: that makes a batch."""
    pending = [moment.node] if moment.node is not None else []
    while pending:
        node = pending.pop()
        if node.type in ("list_comprehension", "generator_expression"):
            return any(each.type == "subscript" for each in _below(node))
        pending += node.named_children
    return False


def _below(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        yield child
        yield from _below(child)


def _prepares(moment: Moment) -> bool:
    """Whether a statement calls no variable that may be a module."""
    assert moment.node is not None
    if moment.node.type == "with_statement":
        return False
    functions = defined_functions(root_of(moment.node))
    return not any(_may_be_module(call, functions) for call in calls_below(moment.node))


def _may_be_module(call: Node, functions: frozenset[str]) -> bool:
    """Whether what is called may be a module or a part of one. `functions` are those that the file defines."""
    callee = call.child_by_field_name("function")
    name = text_of(callee).rpartition(".")[2]
    if callee is None or name[:1].isupper() or _SOURCES.search(name) or name in functions:
        return False
    if callee.type == "identifier":
        return not _is_builtin(name)
    owner = callee.child_by_field_name("object")
    if owner is None or owner.type not in ("identifier", "attribute") or _OF_TENSORS.match(name):
        return False
    root = root_name(callee)
    return root not in _PACKAGES and (
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
    names = [text_of(call.child_by_field_name("function")) for call in calls_below(moment.node)]
    return any(_FACTORIES.match(name) or _is_source(name.rpartition(".")[2]) for name in names)


def _is_source(function: str) -> bool:
    """Whether a function or method has the name of one that returns a batch. Classes do not."""
    return not function[:1].isupper() and bool(_SOURCES.search(function))


def _statements(source: BlockSource, body: Sequence[Moment], backward: BackwardCall) -> Iterator[Statement]:
    """The statements of the body. Inside a context around the backward pass they stand in one statement with it."""
    kept = [moment.node for moment in body if moment.node is not None]
    done: set[int] = set()
    for moment in body:
        node = moment.node
        if node is None or node.id in done:
            continue
        context = next(iter(_contexts(moment)), None)
        if context is None:
            yield source.statement(source.text(node), node)
            continue
        inner = [each for each in kept if _is_below(each, context)]
        done.update(each.id for each in inner)
        yield source.part(context, inner, [each for one in body for each in _contexts(one)])


def _is_numeric(context: Node) -> bool:
    clause = next((text_of(child) for child in context.named_children if child.type == "with_clause"), "")
    return not _NOT_NUMERIC.search(clause)
