"""The labels and tooltips of hints at the ends of lines: shapes of parameters, bytes of saved values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from aotlens.model.folding import Folded, fold
from aotlens.model.slots import Entry
from aotlens.model.snapshot import TargetState
from aotlens.model.wholes import Whole
from aotlens_tracer.wire.descriptor_map import Saved

from .partitioners import for_backward
from .shapes import bytes_in_words, saved_in_brief
from .sharding import per_rank
from .subclasses import value_in_brief, value_with_facts

Item = TypeVar("Item")

ROWS = 12
"""The most rows of a tooltip."""


def shapes_made_here(values: Sequence[Whole[Entry]], state: TargetState) -> tuple[str, str]:
    """The label, with each last name and shape once, and the tooltip."""
    texts = dict.fromkeys(f"{value.label.rpartition('.')[2]} {value_in_brief(value)}" for value in values)
    label = ", ".join(list(texts)[:3]) + (" …" if len(texts) > 3 else "")
    of = state.key.qualname
    what = f"an input of {of} is" if len(values) == 1 else f"{len(values)} inputs of {of} are"
    rows = fold(values, key=value_with_facts, label=lambda value: value.label)
    return label, f"{what} made here:\n{_listed(rows, value_with_facts)}"


def saved_here(values: Sequence[Saved], state: TargetState, instances: int) -> tuple[str, str]:
    """The label with the bytes of saved values, and the tooltip with the values."""
    size = bytes_in_words(sum(value.bytes or 0 for value in values))
    many = f", {instances} instances" if instances > 1 else ""
    rows = fold(values, key=saved_in_brief, label=lambda value: " ".join(value.label.split()))
    kept = for_backward(*state.map.graphs) if state.map is not None else "for backward"
    rank = per_rank(state.map.graphs) if state.map is not None else ""
    return f"saves {size}{rank}", f"kept {kept} in {state.key.qualname}{many}:\n{_listed(rows, saved_in_brief)}"


def _listed(rows: Sequence[Folded[Item]], kind: Callable[[Item], str]) -> str:
    lines = [f"{row.label}: {kind(row.first)}{f' ×{row.count}' if row.count > 1 else ''}" for row in rows[:ROWS]]
    rest = sum(row.count for row in rows[ROWS:])
    return "\n".join([*lines, *([f"… and {rest} more"] if rest else [])])
