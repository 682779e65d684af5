"""In which numbering a name of a graph's node is explained, and why one of the two is not known."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.index import MapIndex
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens_tracer.wire.descriptor_map import Graph
from aotlens_tracer.wire.protocol import Convention

from .blocks import Code, Line, Note, joined, line, sentence, some
from .compiled import name_of_graph
from .conventions import NAMES, numbering
from .states import IN_A_HOVER, failure_in_brief

IN_BOTH = "in both numberings, torch.export's and torch.compile's"
"""A name that means the same in both conventions."""
INTERMEDIATE = "Names of values inside a graph depend on the backend: here are those before any decomposition."


def other_kind(node: str, is_joint: bool) -> Line:
    """A name of the kind that the traced graph does not have: it has a backward part, or it has none (`is_joint`)."""
    other = "without a backward part, which calls its inputs arg0_1, arg1_1" if is_joint else "with a backward part"
    return line(f"This name is of a graph {other}; the traced graph calls the input ", Code(node), ".")


def another_graph(state: TargetState) -> Line:
    """The text around a name shows a graph that the target does not have."""
    return line("The graph in this text is none of those of ", Code(state.key.qualname), ", as it was traced.")


def numbering_of(state: TargetState, index: MapIndex, graph: Graph) -> str:
    """`torch.compile's numbering, graph 0/0`."""
    of = f", {name_of_graph(graph, index.number(graph))}" if graph.compiled is not None else ""
    return numbering(state.convention) + of


def why_unknown(snapshot: Snapshot, state: TargetState, convention: Convention) -> Note:
    """The reason why a numbering of a target is not known: its graphs were not traced."""
    what = line(f"{numbering(convention)} of ", Code(state.key.qualname), ": ")
    shown = state.shown_in(convention)
    if shown.failure is not None:
        because = sentence(failure_in_brief(shown.failure, IN_A_HOVER))
        return Note(line(what, "not known, because its trace failed: ", because))
    waits = state.other.is_under_way if state.convention != convention else state.status in ("waiting", "tracing")
    if waits or is_traced_by_itself(snapshot, state):
        return Note(line(what, "not known yet, its trace is under way."))
    return Note(line(what, "not known, because it was not traced."))


def unknown_of(unknown: Sequence[tuple[TargetState, Convention]]) -> Line:
    """The targets whose numbering in a convention is not known."""
    lines = []
    for convention in NAMES:
        names = [state.key.qualname for state, one in unknown if one == convention]
        if names:
            lines.append(line(f"{numbering(convention)} is not known of ", some([line(Code(name)) for name in names])))
    return line(joined(lines, "; "), ".")


def is_traced_by_itself(snapshot: Snapshot, state: TargetState) -> bool:
    """Whether the other convention of a target is traced as soon as it is asked about."""
    return snapshot.trusts(state.key.path) and not snapshot.manual and state.key.path not in snapshot.excluded
