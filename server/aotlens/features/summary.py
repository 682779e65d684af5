"""A target's graph and state in a few words, for a code lens and a status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aotlens.explain.partitioners import for_backward
from aotlens.explain.render.markdown import code
from aotlens.explain.shapes import bytes_in_words
from aotlens.features.fixes.pin_template import is_incomplete
from aotlens.model.contexts import folded
from aotlens.model.counts import count
from aotlens.model.lines import Work
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens_tracer.wire.descriptor_map import Failure, Graph, Operation

_OPERATIONS = 4
"""How many kinds of operations are listed."""
_STAGES = {
    "import": "importing",
    "example": "building the example",
    "capture": "capturing",
    "describe": "describing",
    "partition": "partitioning",
}
TO_BE_COMPLETED = "the example is to be completed: put a value in the place of each ..."
_CHANGES = {
    "code": "the code has changed",
    "settings": "the settings have changed",
    "folders": "the folders of the workspace have changed",
}


def graph_in_words(graph: Graph) -> str:
    """`12 inputs · 2 outputs · 8 gradients, 1 missing · 1 mutation · 1.5 MiB saved for backward`."""
    counts = count(graph)
    parts = [_number(counts.inputs, "input"), _number(counts.outputs, "output")]
    if graph.joint:
        missing = f", {counts.missing} missing" if counts.missing else ""
        parts.append(_number(counts.gradients, "gradient") + missing)
    else:
        parts.append("forward only")
    if counts.mutations:
        parts.append(_number(counts.mutations, "mutation"))
    if counts.saved is not None and graph.joint:
        parts.append(f"{bytes_in_words(counts.saved)} saved {for_backward(graph)}")
    return " · ".join(parts)


def operations_in_words(operations: Sequence[Operation]) -> str:
    """Forward `addmm`, 2 views · backward 2 × `mm`, `sum`, 3 views."""
    parts = []
    for direction, backward in (("forward", False), ("backward", True)):
        mine = [operation for operation in operations if operation.backward is backward]
        # Taking an item of a tuple is no work.
        names = [_short(operation.op) for operation in mine if not operation.is_view and operation.op != "getitem"]
        counts = Counter(names).most_common()
        listed = [f"{number} × {code(name)}" if number > 1 else code(name) for name, number in counts[:_OPERATIONS]]
        if len(counts) > _OPERATIONS:
            listed.append("…")
        if views := sum(operation.is_view for operation in mine):
            listed.append(_number(views, "view"))
        if listed:
            parts.append(f"{direction} {', '.join(listed)}")
    return " · ".join(parts)


def inside_in_words(work: Work, modules: Sequence[str], graph: Graph) -> str:
    """Inside `blocks.{0..5}`: 60 forward and 90 backward operations · saves 1.5 MiB for backward."""
    number = sum(1 for operation in work.operations if not operation.backward)
    counts = [f"{number} forward"] if number else []
    if backward := len(work.operations) - number:
        counts.append(f"{backward} backward")
    noun = "operation" if len(work.operations) == 1 else "operations"
    text = f"inside {folded(modules, code) or 'of it'}: {' and '.join(counts)} {noun}"
    total = sum(value.bytes or 0 for value in work.saved)
    return f"{text} · saves {bytes_in_words(total)} {for_backward(graph)}" if total else text


def _short(op: str) -> str:
    """An operator without its namespace and overload, where it is one of torch's own."""
    return op.split(".")[1] if op.startswith(("aten.", "prims.")) else op


def state_in_words(state: TargetState) -> str | None:
    """What is going on with a target beyond its map: tracing, stale, failed; None when there is nothing to say."""
    if state.status == "tracing":
        return f"tracing: {_STAGES.get(state.stage or '', 'starting')} …"
    if state.status == "waiting":
        return "waiting to be traced"
    if state.status == "failed" and is_to_be_completed(state):
        return TO_BE_COMPLETED
    if state.status == "failed" and state.failure is not None:
        words = failure_in_words(state.failure)
        return words if lacks_example(state) else f"failed: {words}"
    if state.status == "cancelled":
        return "cancelled: click to trace again"
    return f"stale: {change_in_words(state)} since" if state.stale else None


def is_to_be_completed(state: TargetState) -> bool:
    """Whether a trace failed because its example is a template still."""
    stage = state.failure.stage if state.failure is not None else None
    return stage in ("example", "forward") and any(is_incomplete(one.expression) for one in state.examples[:1])


def change_in_words(state: TargetState) -> str:
    """What has changed since a target was traced: `the code has changed`."""
    return _CHANGES[state.changed]


def untraced_in_words(snapshot: Snapshot, state: TargetState) -> str:
    """Why a target that could be traced was not."""
    if not snapshot.trusted:
        return "not traced: this workspace is not trusted"
    if not state.key.is_in_file:
        return "not traced: this text is not in a file"
    if state.key.path in snapshot.excluded:
        return "not traced by itself: the file is excluded by aotlens.trace.exclude"
    if snapshot.manual:
        return "not traced by itself: aotlens.trace.run is manual"
    return "not traced yet"


def lacks_example(state: TargetState) -> bool:
    """Whether nothing is wrong with a target but that nobody knows how to build and call it."""
    return state.failure is not None and state.failure.stage == "example" and not state.examples


def failure_in_words(failure: Failure) -> str:
    """The first line of a failure, cut to what a lens can hold."""
    text = failure.message.splitlines()[0] if failure.message else failure.reason
    return text if len(text) <= 100 else text[:97] + "…"


def _number(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")
