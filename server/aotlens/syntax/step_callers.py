"""Calls of the functions around a training step: which values their parameters have, as statements before the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from tree_sitter import Node

from .backward_calls import function_around
from .block_source import BlockSource
from .dependencies import imported_class
from .driven_steps import (
    BATCH,
    METHODS,
    RUNS,
    TRAINING_STEP,
    Given,
    given_to_compute_loss,
    given_to_training_step,
    module_in,
)
from .moments import Moment, moments_before
from .name_flow import Flow, reads_of
from .named_calls import calls_named
from .nodes import items_of, parameter_name, text_of
from .step_branches import conditions_of_call
from .straight_lines import module_steps

CONDITION = "_aotlens_condition_"
"""How the variables begin in which the set-up keeps the conditions of callers."""
_DEEPEST = 6
"""The number of calls through which parameters are followed."""

Others = Callable[[str], Iterable[BlockSource]]
"""Other files of the project that call a function, method or class of this name."""


@dataclass(frozen=True)
class Before:
    """The code that runs before a place: its statements, and the calls that lead to it, the innermost first.

    `around` has for each call the function or module that it stands in, and the call. `unknown` are the parameters of
    the function of the place whose values no code shows. `runs_on_import` says that
    importing the file `root` runs the outermost of them, or the place. `conditions` are those of the branches around
    the calls, by the variable that a statement among the moments keeps each in.
    """

    moments: tuple[Moment, ...]
    root: str
    runs_on_import: bool = False
    unknown: frozenset[str] = frozenset()
    around: tuple[tuple[Node, Node], ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)


def code_before(source: BlockSource, place: Node, others: Others, depth: int = _DEEPEST) -> Before:
    """The code that runs before a place, callers of the functions around it included.

    Statements that importing a file runs are among it only for other files, and if importing runs the place too.
    """
    function = function_around(place)
    if function is None:
        return Before(tuple(moments_before(source, place, source.root)), source.path, not _is_guarded(place))
    body = function.child_by_field_name("body")
    own = tuple(moments_before(source, place, body)) if body is not None else ()
    if function_around(function) is not None:  # a closure sees the variables of the function around it
        outer = code_before(source, function, others, depth)
        return replace(outer, moments=(*outer.moments, *own))
    if depth > 0 and text_of(function.child_by_field_name("name")) in METHODS and class_around(function) is not None:
        driven = _driven(source, function, others, depth)
        if driven is not None:
            return replace(driven, moments=(*driven.moments, *own))
    call = _likeliest_call(source, function, others) if depth > 0 else None
    if call is None:
        known = tuple(_parameters(source, function, None))
        names = frozenset(name for name, _ in _named(function)) - {owner_of(function)}
        bound = frozenset[str]().union(*(moment.flow.binds for moment in known))
        return Before((*known, *own), source.path, unknown=names - bound)
    outer = _before_call(call, others, depth)
    return replace(outer, moments=(*outer.moments, *_parameters(source, function, call), *own))


def _before_call(call: _Call, others: Others, depth: int) -> Before:
    """The code before a call, as the called function has it."""
    outer = code_before(call.source, call.node, others, depth - 1)
    callers = tuple(replace(moment, frame=moment.frame + 1) for moment in outer.moments)
    scope = function_around(call.node)
    around = (scope if scope is not None else call.source.root, call.node)
    conditions, kept = dict(outer.conditions), list(callers)
    for code, reads in conditions_of_call(call.source, call.node):
        name = f"{CONDITION}{len(conditions)}"
        conditions[name] = code
        statement = call.source.statement(f"{name} = ({code})", call.node)
        kept.append(Moment(statement, Flow(reads, frozenset([name])), None, frame=1))
    return replace(outer, moments=tuple(kept), around=(around, *outer.around), conditions=conditions)


def _driven(source: BlockSource, function: Node, others: Others, depth: int) -> Before | None:
    """The code before a method that a framework calls, and what it gives to it; None if no script shows its call."""
    name = text_of(function.child_by_field_name("name"))
    found = _call_of_trainer(source, function, others, name)
    if found is None:
        return None
    call, at = found
    if name == TRAINING_STEP:
        given = given_to_training_step(call.source, function, call.node, at)
    else:
        given = given_to_compute_loss(call.source, function, at)
    outer = _before_call(call, others, depth)
    return replace(outer, moments=(*outer.moments, *_given_by_framework(call, given)))


def _call_of_trainer(source: BlockSource, function: Node, others: Others, name: str) -> tuple[_Call, Node] | None:
    """The script's call of `trainer.fit` or `trainer.train`, and in it the object whose method the framework calls."""
    owner = class_around(function)
    wanted = text_of(owner.child_by_field_name("name")) if owner is not None else ""
    for script in (source, *(each for each in others(wanted) if each.path != source.path)):
        instances = set(_instances(script.root, wanted))
        for node in calls_named(script.root, (RUNS[name],)):
            callee = node.child_by_field_name("function")
            if callee is None or callee.type != "attribute":
                continue
            at = module_in(node) if name == TRAINING_STEP else callee.child_by_field_name("object")
            if at is not None and (text_of(at) in instances or made_class(at) == wanted):
                return _Call(script, node), at
    return None


def _given_by_framework(call: _Call, given: Given) -> Iterator[Moment]:
    for text, names in given.before:
        yield Moment(call.source.statement(text, call.node), Flow(names, changes=names), None, frame=1)
    reads = {name: names for name, (_, names) in given.values.items()}
    values = dict(given.values)
    if given.batch is not None:
        name, loader, names = given.batch
        batch = f"{BATCH} = next(iter({loader}))"
        flow = Flow(names, frozenset([BATCH]))
        yield Moment(call.source.statement(batch, call.node), flow, None, is_data=True, frame=1)
        values[name] = (BATCH, frozenset([BATCH]))
        reads[name] = frozenset([BATCH])
    text = f"({', '.join(values)},) = ({', '.join(code for code, _ in values.values())},)"
    flow = Flow(frozenset[str]().union(*reads.values()), frozenset(values))
    renames = {name: value for name, (value, _) in values.items() if value.isidentifier()}
    yield Moment(call.source.statement(text, call.node), flow, None, made_from=reads, renames=renames)


def _is_guarded(place: Node) -> bool:
    """Whether code at module level is in `if __name__ == "__main__":`."""
    outer = place.parent
    while outer is not None:
        if outer.type == "if_statement" and "__name__" in reads_of(outer.child_by_field_name("condition")):
            return True
        outer = outer.parent
    return False


def owner_of(function: Node) -> str | None:
    """The name of the first parameter of a method; None for other functions."""
    if class_around(function) is None:
        return None
    outer = function.parent
    decorators = {text_of(child) for child in outer.children} if outer is not None else set()
    if decorators & {"@staticmethod", "@classmethod"}:
        return None
    return next((parameter_name(each) for each in items_of(function.child_by_field_name("parameters"))), None)


def class_around(function: Node | None) -> Node | None:
    """The class whose method a function is; None for other functions."""
    outer = function.parent if function is not None else None
    if outer is not None and outer.type == "decorated_definition":
        outer = outer.parent
    outer = outer.parent if outer is not None and outer.type == "block" else None
    return outer if outer is not None and outer.type == "class_definition" else None


@dataclass(frozen=True)
class _Call:
    """A call of a function, or one that makes the object whose method it is (`makes_owner`)."""

    source: BlockSource
    node: Node
    makes_owner: bool = False

    @property
    def rank(self) -> tuple[bool, bool, int]:
        function = function_around(self.node)
        is_test = function is not None and text_of(function.child_by_field_name("name")).startswith("test")
        return self.makes_owner, is_test, self.node.start_byte


def _likeliest_call(source: BlockSource, function: Node, others: Others) -> _Call | None:
    """The call of a function that is most likely the script's own: in its file, else in another file."""
    name = text_of(function.child_by_field_name("name"))
    owner = class_around(function)
    wanted = text_of(owner.child_by_field_name("name")) if owner is not None else name
    found = list(_calls_of(source, function, name, wanted, owner))
    known = [call for call in found if not call.makes_owner]
    if not known:
        for other in others(wanted):
            if other.path != source.path and imports_from(other, wanted, source.path):
                found += _calls_of(other, function, name, wanted, owner)
                if any(not call.makes_owner for call in found):
                    break
    return min(found, key=lambda call: call.rank, default=None)


def _calls_of(source: BlockSource, function: Node, name: str, wanted: str, owner: Node | None) -> Iterator[_Call]:
    instances: set[str] | None = None
    for node in calls_named(source.root, {name, wanted}):
        callee = node.child_by_field_name("function")
        if callee is None or _is_in_function(node, function):
            continue
        last = text_of(callee.child_by_field_name("attribute") if callee.type == "attribute" else callee)
        if owner is None:
            if last == name:
                yield _Call(source, node)
            continue
        if last == wanted and class_around(function_around(node)) != owner:
            yield _Call(source, node, makes_owner=True)
        if callee.type != "attribute" or last != name:
            continue
        receiver = callee.child_by_field_name("object")
        if instances is None:
            instances = set(_instances(source.root, wanted))
        around = function_around(node)
        is_own = class_around(around) == owner and around is not None and text_of(receiver) == owner_of(around)
        if is_own or text_of(receiver) in instances or made_class(receiver) == wanted:
            yield _Call(source, node)


def _is_in_function(node: Node, function: Node) -> bool:
    is_same_text = node.parent is not None and _root(node).id == _root(function).id
    return is_same_text and function.start_byte <= node.start_byte < function.end_byte


def _root(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node


def _instances(root: Node, name: str) -> Iterator[str]:
    """The variables that a file assigns an instance of a class to."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "assignment" and made_class(node.child_by_field_name("right")) == name:
            yield text_of(node.child_by_field_name("left"))
        pending += node.named_children


def made_class(value: Node | None) -> str | None:
    callee = value.child_by_field_name("function") if value is not None and value.type == "call" else None
    if callee is None:
        return None
    return text_of(callee.child_by_field_name("attribute") if callee.type == "attribute" else callee)


def imports_from(source: BlockSource, name: str, path: str) -> bool:
    """Whether a file has a name from the file `path`, or from a package around it, as far as its imports tell."""
    own = PurePath(path)
    places = {own.stem, own.parent.name} if own.name != "__init__.py" else {own.parent.name}
    _, module = imported_class(name, module_steps(source, is_outer=True))
    if module is not None:
        return module.rpartition(".")[2] in places or module.strip(".") == ""
    return f"import {own.stem}" in source.text(source.root)


def _parameters(source: BlockSource, function: Node, call: _Call | None) -> Iterator[Moment]:
    """A statement that gives the parameters of a function the values of a call, or their defaults."""
    parameters = _named(function)
    pairs: dict[str, tuple[str, frozenset[str]]] = {}
    if call is not None:
        owner = owner_of(function)
        callee = call.node.child_by_field_name("function")
        receiver = callee.child_by_field_name("object") if callee is not None and callee.type == "attribute" else None
        if call.makes_owner:
            receiver = call.node
        if owner is not None and receiver is not None:
            pairs[owner], parameters = _value(call.source, receiver), parameters[1:]
        if not call.makes_owner:
            pairs |= _given(call, [name for name, _ in parameters])
    for name, default in parameters:
        if name not in pairs and default is not None:
            pairs[name] = _value(source, default)
    if not pairs:
        return
    text = f"({', '.join(pairs)},) = ({', '.join(value for value, _ in pairs.values())},)"
    reads = {name: names for name, (_, names) in pairs.items()}
    flow = Flow(frozenset[str]().union(*reads.values()), frozenset(pairs))
    at = (call.source, call.node) if call is not None else (source, function)
    renames = {name: value for name, (value, _) in pairs.items() if value.isidentifier()}
    yield Moment(at[0].statement(text, at[1]), flow, None, made_from=reads, renames=renames)


def _given(call: _Call, names: Sequence[str]) -> dict[str, tuple[str, frozenset[str]]]:
    """The values of parameters in a call, by name, each with the names that it reads."""
    given = items_of(call.node.child_by_field_name("arguments"))
    pairs: dict[str, tuple[str, frozenset[str]]] = {}
    positional = [each for each in given if each.type not in ("keyword_argument", "dictionary_splat")]
    for name, value in zip(names, positional):
        if value.type == "list_splat":
            break
        pairs[name] = _value(call.source, value)
    for each in given:
        named = each.child_by_field_name("value") if each.type == "keyword_argument" else None
        if named is not None:
            pairs[text_of(each.child_by_field_name("name"))] = _value(call.source, named)
    return pairs


def _value(source: BlockSource, node: Node) -> tuple[str, frozenset[str]]:
    return source.text(node), reads_of(node)


def _named(function: Node) -> list[tuple[str, Node | None]]:
    """The parameters of a function by name, each with its default; those that take the rest are left out."""
    found: list[tuple[str, Node | None]] = []
    for each in items_of(function.child_by_field_name("parameters")):
        if each.type in ("list_splat_pattern", "dictionary_splat_pattern", "keyword_separator", "positional_separator"):
            continue
        name = parameter_name(each)
        if name:
            found.append((name, each.child_by_field_name("value")))
    return found
