"""The labels and tooltips of hints at the ends of lines: shapes of parameters, bytes of saved values."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.folding import Folded, fold
from aotlens.model.snapshot import TargetState
from aotlens_tracer.wire.descriptor_map import Input, Saved

from .partitioners import for_backward
from .shapes import bytes_in_words, tensor_in_brief

ROWS = 12
"""The most rows of a tooltip."""


def shapes_made_here(slots: Sequence[Input], state: TargetState) -> tuple[str, str]:
    """The label, with each last name and shape once, and the tooltip."""
    texts = dict.fromkeys(f"{slot.label.rpartition('.')[2]} {_type(slot)}" for slot in slots)
    label = ", ".join(list(texts)[:3]) + (" …" if len(texts) > 3 else "")
    of = state.key.qualname
    what = f"an input of {of} is" if len(slots) == 1 else f"{len(slots)} inputs of {of} are"
    rows = fold(slots, key=_type, label=lambda slot: slot.label)
    return label, f"{what} made here:\n{_listed(rows)}"


def saved_here(values: Sequence[Saved], state: TargetState, instances: int) -> tuple[str, str]:
    """The label with the bytes of saved values, and the tooltip with the values."""
    size = bytes_in_words(sum(value.bytes or 0 for value in values))
    many = f", {instances} instances" if instances > 1 else ""
    rows = fold(values, key=_type, label=lambda value: " ".join(value.label.split()))
    kept = for_backward(*state.map.graphs) if state.map is not None else "for backward"
    return f"saves {size}", f"kept {kept} in {state.key.qualname}{many}:\n{_listed(rows)}"


def _listed(rows: Sequence[Folded[Input]] | Sequence[Folded[Saved]]) -> str:
    lines = [f"{row.label}: {_type(row.first)}{f' ×{row.count}' if row.count > 1 else ''}" for row in rows[:ROWS]]
    rest = sum(row.count for row in rows[ROWS:])
    return "\n".join([*lines, *([f"… and {rest} more"] if rest else [])])


def _type(item: Input | Saved) -> str:
    return tensor_in_brief(item.dtype, item.shape)
