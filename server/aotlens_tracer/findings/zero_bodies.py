"""Results of higher-order operations of the backward pass that are zero, whatever branch or step gives them.

`cond`, `while_loop` and `map` compute a gradient for each operand. It is zero if no body that reads the operand hands a
gradient back: there it is detached, or only compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..graph.body_calls import Run, body_of, runs_of
from .zeros import Cause, Known, Node, Zero, whole

Inside = Callable[[torch.fx.Graph, Known], Known]
"""Returns what is zero in a body, if this is known of its inputs."""


def zero_result(item: Node, known: Known, inside: Inside) -> Zero | None:
    """Return what is known of an item of what an operation returns; None unless it is zero in the backward pass."""
    call, index = item.args
    if not isinstance(call, Node) or not isinstance(index, int) or call.meta.get("partitioner_tag") != "is_backward":
        return None
    runs = {run.role: run for run in runs_of(call)}
    if "loop" in runs:
        is_zero = index in _zero_carries(runs["loop"], known, inside)
        operand = index - 1  # the first carry of the backward loop counts its steps
    else:
        used = [run for role, run in runs.items() if role in ("true", "false", "function")]
        is_zero = bool(used) and all(index in _zero_results(run, _given(run, known), inside) for run in used)
        operand = index
    return Zero(frozenset(_readers(call, operand))) if is_zero else None


def _zero_results(run: Run, given: Known, inside: Inside) -> set[int]:
    """Return the indices of the results of a body that are zero."""
    body = body_of(run.body)
    if body is None:
        return set()
    values = inside(body.graph, given)
    returned: Any = body.graph.output_node().args[0]
    results = returned if isinstance(returned, (list, tuple)) else [returned]
    return {index for index, result in enumerate(results) if whole(result, values) is not None}


def _zero_carries(run: Run, known: Known, inside: Inside) -> set[int]:
    """Return the indices of the carries of a loop that are zero at first, and stay so in every step."""
    inputs = dict(enumerate(_inputs(run)))
    given = _given(run, known)
    zero = {index for index, one in inputs.items() if run.passed[index].how == "carry" and one in given}
    while zero:
        # Carries that are zero before a step: those that are not zero after it cannot be relied on.
        others = {one: value for one, value in given.items() if run.passed[_inputs(run).index(one)].how != "carry"}
        after = _zero_results(run, others | {inputs[index]: Zero() for index in zero}, inside)
        if zero <= after:
            break
        zero &= after
    return zero


def _inputs(run: Run) -> list[Node]:
    body = body_of(run.body)
    return list(body.graph.find_nodes(op="placeholder")) if body is not None else []


def _given(run: Run, known: Known) -> Known:
    """Return what is known of the inputs of a body from what is passed for them."""
    passed = zip(_inputs(run), run.passed)
    return {one: value for one, each in passed if (value := whole(each.operand, known)) is not None}


def _readers(call: Node, index: int) -> Iterator[Cause]:
    """Yield the operations of the forward bodies that read an operand; the operation that runs them if none does."""
    forward = next((node for node in call.graph.nodes if _is_derived(call, node)), call)
    found = False
    for run in runs_of(forward):
        for reader in _inputs(run)[index].users if 0 <= index < len(run.passed) else ():
            if reader.op == "call_function":
                found = True
                yield "body", reader
    if not found:
        yield "body", forward


def _is_derived(call: Node, node: Node) -> bool:
    is_backward = node.meta.get("partitioner_tag") == "is_backward"
    return not is_backward and node.meta.get("seq_nr") == call.meta.get("seq_nr") and bool(runs_of(node))
