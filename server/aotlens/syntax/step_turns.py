"""One whole turn of the loop that a training step stands in: all its backward passes, and what the next turn takes.

The slice of a step ends at its backward pass. Errors of autograd that only a whole turn raises, or only the second one,
need more: `h` in `out, h = net(x, h)` has the graph of the turn before, and two losses may share one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .backward_calls import BackwardCall, backward_calls_in, stepped
from .block_source import BlockSource
from .name_flow import Flow, flow_of, target_names, without
from .named_calls import calls_named
from .nodes import is_within
from .object_changes import mutated
from .step_places import LOOPS, region_of


@dataclass(frozen=True)
class StepTurn:
    """The statements of a turn that its backward passes and optimizers depend on, in their order.

    `carried` are the names that a turn hands on to the next one, and `given` the variables that the loop itself binds.
    Both are empty if the step is in no loop. `reads` are the names that the first turn takes from before.
    `is_usual` says that no more happens in it than in the step alone.
    """

    statements: tuple[Node, ...] = ()
    carried: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    is_usual: bool = True

    def texts(self, source: BlockSource, prepared: Collection[int]) -> tuple[Statement, ...]:
        """The statements without those that have made the batch before the turn, by the ids of their nodes.

        What each turn sets anew, `if step % 4 == 0: hidden = None`, is no batch.
        """
        carried = frozenset(self.carried)
        nodes = (node for node in self.statements if node.id not in prepared or flow_of(node).all_bound & carried)
        return tuple(source.statement(source.text(node), node) for node in nodes)


def turn_of(source: BlockSource, backward: BackwardCall) -> StepTurn:
    """The turn of a step; without statements if there is no block of them around it."""
    region = region_of(backward)
    is_loop = region.type in LOOPS
    block = region.child_by_field_name("body") if is_loop else region
    if block is None or block.type not in ("block", "module"):
        return StepTurn()
    statements = [node for node in block.named_children if node.type not in ("comment", "ERROR")]
    losses = [each for each in backward_calls_in(source) if is_within(each.call, block) and not each.of_trainer]
    marked = [node for node in statements if any(is_within(each.call, node) for each in losses) or _steps(node)]
    flows = {node.id: flow_of(node) for node in statements}
    changes = {node.id: flows[node.id].all_bound | mutated(node) for node in statements}
    kept, needed = _sliced(statements, marked, is_loop, flows, changes)
    given = target_names(region.child_by_field_name("left")) if region.type == "for_statement" else frozenset()
    changed = frozenset[str]().union(*(changes[node.id] for node in kept)) - given
    carried = sorted(needed & changed) if is_loop else []
    is_usual = len(losses) < 2 and not carried
    reads = needed if not is_usual else frozenset[str]()
    return StepTurn(tuple(kept), tuple(carried), tuple(sorted(given & needed)), reads, is_usual)


def _steps(statement: Node) -> bool:
    return any(stepped(call) is not None for call in calls_named(statement, ("step",)))


def _sliced(
    statements: Sequence[Node],
    marked: Iterable[Node],
    is_loop: bool,
    flows: Mapping[int, Flow],
    changes: Mapping[int, frozenset[str]],
) -> tuple[list[Node], frozenset[str]]:
    """The statements that those marked depend on, in the turn before too, and the names that they take from before."""
    kept = {node.id for node in marked}
    at_end = frozenset[str]()
    while True:
        count, needed = len(kept), at_end
        for node in reversed(statements):
            if node.id in kept or changes[node.id] & needed:
                kept.add(node.id)
                needed = without(needed, flows[node.id].binds) | flows[node.id].reads
        if not is_loop or (len(kept) == count and needed <= at_end):
            return [node for node in statements if node.id in kept], needed
        at_end |= needed
