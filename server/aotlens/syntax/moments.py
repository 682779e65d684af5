"""The statements that run before a place in a text, in the order in which they run, functions' callers aside.

Blocks around the place are entered: loops in their first turn, branches as if their conditions held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .block_source import BlockSource
from .name_flow import Flow, flow_of, reads_of, target_names
from .nodes import items_of, text_of
from .parsing import parse
from .step_places import is_over_counts, is_range


@dataclass(frozen=True)
class Moment:
    """A statement that runs before a place.

    `node` is None if the text does not have the statement: what gives a loop's variable its first value, what gives
    parameters theirs. `around` are the compound statements around the node that are entered, the outermost first.
    `is_data` says that it takes an item of something a loop is over, which is no range of numbers, and `is_pinned` that
    a comment above the loop gives that item. `is_outer` says that importing the file runs it, and `is_entered` that it
    names what a `with` statement enters. `frame` is 0 in the function of the place, 1 in its caller, and so on. If the
    moment gives parameters their values, `made_from` has the names that each value reads, and `renames` the values that
    are names.
    """

    statement: Statement
    flow: Flow
    node: Node | None
    around: tuple[Node, ...] = ()
    is_data: bool = False
    is_pinned: bool = False
    is_outer: bool = False
    is_entered: bool = False
    frame: int = 0
    made_from: Mapping[str, frozenset[str]] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)


def moments_before(source: BlockSource, place: Node, scope: Node) -> list[Moment]:
    """The statements of a function's body, or of a module, that run before the statement around `place`."""
    return list(_in_block(source, scope, place, (), scope.type == "module"))


def expanded(source: BlockSource, moment: Moment) -> Iterator[Moment]:
    """The statements in a `with` statement, each for itself, and other statements as they are."""
    node = moment.node
    body = node.child_by_field_name("body") if node is not None and node.type == "with_statement" else None
    if node is None or body is None:
        yield moment
        return
    around = (*moment.around, node)
    yield from _entered_contexts(source, node, around)
    for child in body.named_children:
        if child.type != "comment":
            statement = source.statement(source.text(child), child)
            inner = Moment(statement, flow_of(child), child, around, is_outer=moment.is_outer, frame=moment.frame)
            yield from expanded(source, inner)


def _in_block(
    source: BlockSource, block: Node, place: Node, around: tuple[Node, ...], is_outer: bool
) -> Iterator[Moment]:
    for node in block.named_children:
        if node.type in ("comment", "ERROR"):
            continue
        if node.start_byte <= place.start_byte and place.end_byte <= node.end_byte:
            yield from _entered(source, node, place, around, is_outer)
            return
        if node.start_byte > place.start_byte:
            return
        yield Moment(source.statement(source.text(node), node), flow_of(node), node, around, is_outer=is_outer)


def _entered(
    source: BlockSource, node: Node, place: Node, around: tuple[Node, ...], is_outer: bool
) -> Iterator[Moment]:
    """The statements in a compound statement before the place in it."""
    if node.type in ("function_definition", "class_definition", "decorated_definition"):
        return
    inner = (*around, node)
    if node.type == "for_statement":
        yield from _first_turn(source, node, inner)
    elif node.type == "with_statement":
        yield from _entered_contexts(source, node, inner)
    is_guard = node.type == "if_statement" and "__name__" in reads_of(node.child_by_field_name("condition"))
    for block in _blocks(node):
        if block.start_byte <= place.start_byte and place.end_byte <= block.end_byte:
            yield from _in_block(source, block, place, inner, is_outer and not is_guard)
        elif node.type == "try_statement" and block.end_byte <= place.start_byte and block.parent == node:
            yield from _in_block(source, block, place, inner, is_outer)


def _blocks(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "block":
            yield child
        elif child.type.endswith("_clause") and child.type != "with_clause":
            yield from _blocks(child)


def _first_turn(source: BlockSource, loop: Node, around: tuple[Node, ...]) -> Iterator[Moment]:
    """The statements that give the variables of a loop their first values."""
    target, iterated = loop.child_by_field_name("left"), loop.child_by_field_name("right")
    if target is None or iterated is None:
        return
    given = items_of(iterated.child_by_field_name("arguments")) if iterated.type == "call" else []
    targets = items_of(target)
    is_enumerate = iterated.type == "call" and text_of(iterated.child_by_field_name("function")) == "enumerate"
    if is_enumerate and given and target.type in ("pattern_list", "tuple_pattern") and len(targets) == 2:
        # The number stays known if the items are not.
        start = next((source.text(each) for each in given[1:]), "0").removeprefix("start=")
        yield _made(source, f"{text_of(targets[0])} = {start}", targets[0], Flow(), target_names(targets[0]), around)
        target, iterated = targets[1], given[0]
        is_counting = iterated.type == "call" and is_range(iterated)
    else:
        is_counting = is_over_counts(loop)
    pinned = source.pinned_above(loop) if not is_counting else None
    if pinned is not None:
        statement = replace(pinned, text=f"{text_of(target)} = ({pinned.text})")
        flow = Flow(flow_of(parse(pinned.text).root_node).reads, target_names(target))
        yield Moment(statement, flow, None, around, is_data=True, is_pinned=True)
        return
    text = f"{text_of(target)} = next(iter({source.text(iterated)}))"
    yield _made(source, text, target, Flow(reads_of(iterated)), target_names(target), around, not is_counting)


def _entered_contexts(source: BlockSource, node: Node, around: tuple[Node, ...]) -> Iterator[Moment]:
    """The statements that give names to what a `with` statement enters: `with tqdm(loader) as bar`."""
    for clause in node.named_children:
        for item in clause.named_children if clause.type == "with_clause" else ():
            for pattern in item.named_children:
                alias = pattern.child_by_field_name("alias") if pattern.type == "as_pattern" else None
                if alias is not None and pattern.named_children:
                    value = pattern.named_children[0]
                    text = f"{text_of(alias)} = ({source.text(value)}).__enter__()"
                    flow = Flow(reads_of(value), target_names(alias))
                    yield Moment(source.statement(text, value), flow, None, around, is_entered=True)


def _made(
    source: BlockSource,
    text: str,
    at: Node,
    flow: Flow,
    binds: frozenset[str],
    around: tuple[Node, ...],
    is_data: bool = False,
) -> Moment:
    return Moment(source.statement(text, at), Flow(flow.reads, binds), None, around, is_data)
