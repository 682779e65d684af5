"""The hover of instances of a module in a traced model, with the parameters and buffers in them."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Block, Code, Facts, Paragraph, line, some, strong
from aotlens.explain.calm import lines_of
from aotlens.explain.collectives import modules_in_words
from aotlens.explain.gradients import gradient_in_words
from aotlens.explain.phrases import folded_names, inputs_in_words
from aotlens.explain.subclasses import facts_in_brief, value_in_brief
from aotlens.explain.tables.inputs_in_brief import (
    NO_STATE,
    NO_STATE_TAKEN,
    descriptors_of,
    input_rows,
    input_table,
    role_in_brief,
    total_of_parameters,
)
from aotlens.explain.tables.state import state_rows
from aotlens.explain.whose import saved_in_words
from aotlens.model.collectives import communication
from aotlens.model.contexts import Context
from aotlens.model.index import MapIndex, distinct
from aotlens.model.names import Named
from aotlens.model.slots import state_names
from aotlens.model.snapshot import TargetState
from aotlens.model.wholes import inputs_of
from aotlens_tracer.wire.descriptor_map import StateTensor

from .question import ROWS


def modules(state: TargetState, index: MapIndex, instances: Sequence[Named]) -> tuple[Block, ...]:
    """Instances of one class or of several, with a table of the inputs in them."""
    key = ("hover of modules", state.key.qualname, *(named.name for named in instances))
    return index.once(key, lambda: _modules(state, index, instances))


def _state_in(named: Named) -> list[tuple[str, StateTensor]]:
    """The parameters and buffers of a module by their names in it."""
    prefix = f"{named.name}." if named.name else ""
    return [(name.removeprefix(prefix), tensor) for name, tensor in named.state_below()]


def _modules(state: TargetState, index: MapIndex, instances: Sequence[Named]) -> tuple[Block, ...]:
    kinds = list(dict.fromkeys(named.module.type for named in instances if named.module is not None))
    names = folded_names(named.name for named in instances)
    title = [line(strong("module"), " ", names, " of ", Code(state.key.qualname))]
    if kinds:
        title.append(some([line(Code(kind)) for kind in kinds]))
    if len(instances) > 1:
        title.append(line(f"{len(instances)} instances"))
    if saved := saved_in_words(Context(state, index, tuple(instances))):
        title.append(line(saved))
    head = [Facts(tuple(title))]
    if moved := modules_in_words(communication(index).of_modules(named.name for named in instances)):
        head.append(Facts(tuple(moved)))
    relative: dict[int, str] = {}
    for named in instances:
        for entry in named.below():
            # Under the second name of a shared module, its parameters have the names of the first.
            label = entry.slot.label
            prefix = f"{named.name}." if named.name else ""
            known = next((name for name in (label, *state_names(entry.slot)) if name.startswith(prefix)), label)
            relative.setdefault(id(entry.slot), known.removeprefix(prefix))
    entries = distinct((e for named in instances for e in named.below()), key=lambda entry: id(entry.slot))
    if not entries and not index.graphs:
        state_of = [(key, tensor) for named in instances for key, tensor in _state_in(named)]
        return *head, *(state_rows(state_of, ROWS) if state_of else (Paragraph(NO_STATE),))
    if not entries:
        is_compiled = any(graph.compiled is not None for graph in index.graphs)
        return *head, Paragraph(NO_STATE_TAKEN if is_compiled else NO_STATE)
    entries.sort(key=lambda entry: (index.number(entry.graph), entry.slot.index))
    rows = input_rows(index, entries, lambda entry: relative[id(entry.slot)])
    if len(rows) == 1:
        inputs = inputs_of(rows[0].rows)
        facts = [
            line(f"{role_in_brief(rows[0].first)} ", Code(rows[0].label), " ", Code(value_in_brief(rows[0].first))),
            line(facts_in_brief(subclass) if (subclass := rows[0].first.subclass) is not None else ""),
            inputs_in_words(inputs, index),
            gradient_in_words(inputs, index),
        ]
        return *head, Facts(tuple(filter(None, facts))), descriptors_of(rows[0].rows)
    table = input_table(rows, index, ROWS)
    total = total_of_parameters(entries, len(instances))
    if not total:
        return *head, *table
    last = table[-1]
    if isinstance(last, Paragraph):  # it counts the inputs that the table lacks
        both = Facts((last.line, total))
        return *head, *table[:-1], both if lines_of(both) == 1 else last
    return *head, *table, Paragraph(total)
