"""The module tree for the page: the parameters of each module, and what it saves for backward."""

from __future__ import annotations

from aotlens.explain.partitioners import for_backward
from aotlens.explain.shapes import bytes_in_words, number_in_brief, saved_in_brief, slot_in_brief
from aotlens.explain.sharding import per_rank
from aotlens.explain.tables.state import note_on_state, type_of_state
from aotlens.model.module_sizes import ModuleSize, module_sizes
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Output, Saved
from aotlens_tracer.wire.places import Span

from .blocks import Data, sentence_data
from .places import Places

UNKNOWN = "not known"


def modules_data(map: DescriptorMap, places: Places) -> Data:
    """The tree, and the words for what is saved."""
    return {
        "saved": f"{for_backward(*map.graphs)}{per_rank(map.graphs)}" if map.graphs else "",
        "tree": [_module(each, places) for each in module_sizes(map)],
    }


def _module(each: ModuleSize, places: Places) -> Data:
    module = each.module
    made_in = Span(module.class_path, module.class_line) if module.class_path and module.class_line else None
    return {
        "name": module.name,
        "type": module.type,
        "parent": each.parent,
        "elements": each.elements,
        "own_elements": each.own_elements,
        "elements_text": _number(each.elements),
        "own_elements_text": _number(each.own_elements),
        "saved": each.saved,
        "own_saved": each.own_saved,
        "saved_text": bytes_in_words(each.saved),
        "own_saved_text": bytes_in_words(each.own_saved),
        "made": places.number(module.definition),
        "set": places.number(module.set_at),
        "class": places.number(made_in),
        "parameters": [
            [tensor.name, type_of_state(tensor), sentence_data(note_on_state(tensor)), places.number(tensor.definition)]
            for tensor in each.parameters
        ],
        "values": [_value(value, saved_in_brief(value), value.bytes, places) for value in each.values]
        + [_value(kept.slot, slot_in_brief(kept.slot, kept.graph), size, places) for kept, size in each.kept],
    }


def _number(elements: int | None) -> str:
    return number_in_brief(elements) if elements is not None else UNKNOWN


def _value(value: Saved | Output, type: str, size: int | None, places: Places) -> Data:
    """A value that is kept for backward: its name, type, bytes, node and place."""
    label = " ".join(value.label.split())
    return [label, type, bytes_in_words(size), value.node, places.number(value.source)]
