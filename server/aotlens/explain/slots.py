"""A slot, and the slots that belong to it, in a few words."""

from __future__ import annotations

from aotlens.model.gradients import Gradient, InOtherGraph, NotWanted, OnlyInEager, OnlyInGraph, Tied, is_missing
from aotlens.model.index import MapIndex
from aotlens.model.slots import Entry, Result, is_changed, is_unused
from aotlens_tracer.wire.descriptor_map import Input, Output

from .blocks import NOTHING, Code, Line, line
from .phrases import inputs_in_words, outputs_in_words, tied


def node_in_words(item: Entry | Result, index: MapIndex) -> Line:
    """`input primals_1`, `output 3 (add_38) in graph 0/0`."""
    return inputs_in_words([item], index) if isinstance(item, Entry) else outputs_in_words([item], index)


def with_partners(item: Entry | Result, index: MapIndex) -> list[Line]:
    """The slot itself, and the slots that belong to it: the tangent of an output, the input of a gradient."""
    facts = [node_in_words(item, index)]
    if isinstance(item, Result):
        if item.tangent is not None:
            facts.append(line("its gradient comes in as ", Code(item.tangent.node or NOTHING)))
        if item.slot.gradient_of is not None:
            facts.append(line("for input ", Code(item.graph.inputs[item.slot.gradient_of].node or NOTHING)))
    return facts


def note_on_input(slot: Input, gradient: Gradient, is_replaced: bool = False) -> str:
    """The facts about an input beside its type: `no gradient, changed in place`; empty if there are none."""
    notes = {
        "no gradient": is_missing(gradient),
        "gradient outside of the graph": isinstance(gradient, OnlyInEager),
        "frozen": gradient == NotWanted("frozen"),
        f"{tied(slot)} {', '.join(slot.tied_to)}": bool(slot.tied_to),
        "changed in place": is_changed(slot),
        "replaced": is_replaced,
        f"in place of {', '.join(slot.stands_for)}": bool(slot.stands_for),
        "not used": is_unused(slot),
    }
    return ", ".join(text for text, holds in notes.items() if holds)


def note_on_gradient(slot: Output, gradient: Gradient) -> str:
    """The place of a gradient that is not in its own slot: `in that of head.weight`, `none`; else empty."""
    if isinstance(gradient, Tied):
        return f"in that of {gradient.name}"
    if isinstance(gradient, OnlyInGraph):
        return "none in eager"
    if isinstance(gradient, OnlyInEager):
        return "outside of the graph"
    if isinstance(gradient, InOtherGraph):
        return "in another graph"
    return "none" if slot.node is None else ""


def new_values(outputs: list[Result], index: MapIndex) -> Line:
    """The outputs that are the new values of inputs that are changed in place; none if the graph writes to them."""
    if not outputs:
        return line(": the graph itself writes its new value into it")
    return line(": the graph returns its new value as ", outputs_in_words(outputs, index))
