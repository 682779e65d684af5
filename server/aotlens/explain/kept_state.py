"""State that the call keeps, in words: its place, its graph, and what the next call does with it."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.folding import Folded, fold
from aotlens_tracer.wire.eager_run import KeptState

from .blocks import Code, Line, line, strong
from .brief import all_names
from .phrases import folded_names
from .shapes import tensor_in_brief

KEPT = {"new": "kept", "in-place": "changed in place", "constructor": "made by the constructor"}
"""The way in which the call keeps a tensor, by `KeptState.change`."""
_FATES = {
    "read": "the next call uses it",
    "grows": "more with each call",
    "replaced": "the next call replaces it",
    "held": "later calls leave it as it is",
}
"""The fate of a kept tensor in the next call, by `KeptState.fate`."""


def fold_kept(kept: Sequence[KeptState]) -> list[Folded[KeptState]]:
    """The kept tensors as rows; those of repeated layers as one."""
    return fold(
        kept,
        key=lambda each: (
            each.place,
            each.subclass,
            each.dtype,
            each.shape,
            each.carries_graph,
            each.fate,
            each.change,
        ),
        label=lambda each: each.written,
    )


def type_of_kept(kept: KeptState) -> str:
    """`f32[2, 4]`, `TwoTensor f32[2, 4]`."""
    return " ".join(filter(None, (kept.subclass, tensor_in_brief(kept.dtype, kept.shape))))


def kept_in_words(row: Folded[KeptState], place: Line) -> list[Line]:
    """The facts about kept tensors that are alike; `place` is a link to the statement, empty if that is unknown."""
    first = row.first
    facts = [line(KEPT[first.change], " at ", place)] if place else [line(KEPT[first.change])]
    facts.append(graph_in_words(row.rows))
    if first.fate is not None:
        is_notable = first.carries_graph and first.fate in ("read", "grows")
        facts.append(line(strong(fate_in_words(first)) if is_notable else fate_in_words(first)))
    return facts


def fate_in_words(kept: KeptState) -> str:
    """The fate of a kept tensor in the next call, in words; empty if that is unknown."""
    if kept.change == "in-place" and kept.fate == "held":
        return "the next call finds it changed"
    return _FATES[kept.fate] if kept.fate is not None else ""


def graph_in_words(rows: Sequence[KeptState]) -> Line:
    """`with a graph that leads back to router.weight`."""
    if not rows[0].carries_graph:
        return line("without a graph")
    names = _leaves(rows)
    return line("with a graph", " that leads back to " if names else "", folded_names(names) if names else "")


def graph_in_brief(rows: Sequence[KeptState]) -> str:
    """The names that the graph leads back to, for the cell of a table; "none" without a graph."""
    if not rows[0].carries_graph:
        return "none"
    return ", ".join(all_names(_leaves(rows))) or "yes"


def _leaves(rows: Sequence[KeptState]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.parameters))


def keeps_in_words(kept: Sequence[KeptState]) -> Line:
    """`keeps self.aux_loss, with a graph that leads back to router.weight`, about all that one line keeps."""
    names = [line(Code(row.label)) for row in fold_kept(kept)]
    carrying = [each for each in kept if each.carries_graph]
    shown = line(strong("keeps"), " ", *(part for name in names[:3] for part in (*name, ", ")))
    rest = line(f"and {len(names) - 3} more, ") if len(names) > 3 else ()
    return line(shown, rest, graph_in_words(carrying or kept))
