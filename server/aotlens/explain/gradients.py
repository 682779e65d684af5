"""The gradient of an input in words: the outputs that hold it, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.gradients import (
    Gradient,
    InOtherGraph,
    InPieces,
    Missing,
    NotWanted,
    OnlyInEager,
    OnlyInGraph,
    Own,
    Tied,
    returned_in,
)
from aotlens.model.index import MapIndex, distinct
from aotlens.model.slots import Entry, Result, whole_name
from aotlens.model.subclasses import has_gradient_for_each_piece, piece_at
from aotlens.model.wholes import Whole, inputs_of
from aotlens_tracer.wire.input_roles import role_of

from .blocks import NOTHING, Cell, Code, Line, line, sentence, strong
from .compiled import name_of_graph
from .findings.words import why
from .phrases import outputs_in_words, tied
from .subclasses import gradient_type, subclass_in_brief
from .words import meaning


def gradient_in_words(entries: Sequence[Entry], index: MapIndex) -> Line:
    """The gradient of one input, or of several inputs that are alike; empty if there is nothing to say about it."""
    first = entries[0]
    match index.gradient(first):
        case Own() | InPieces():
            outputs = distinct(
                (Result(e.graph, e.graph.outputs[n]) for e in entries for n in returned_in(index.gradient(e))),
                key=lambda result: id(result.slot),
            )
            names = {whole_name(entry.slot) for entry in entries}
            adds = ", which autograd adds" if len({id(each.graph) for each in outputs}) > 1 == len(names) else ""
            kind = _type_of_gradient(outputs[0], index.gradient(first))
            verb = "gradient is " if len(outputs) == 1 or kind else "gradients are "
            return line(verb, kind, outputs_in_words(outputs, index), adds)
        case InOtherGraph(graph=number):
            return line(f"gradient comes from {name_of_graph(index.graphs[number], number)}")
        case OnlyInEager():
            reason = why_no_gradient(first, index)
            return line(strong("gradient outside of the graph"), ": " if reason else "", reason)
        case Missing() | OnlyInGraph():
            reason = why_no_gradient(first, index)
            return line(strong("no gradient"), ": " if reason else "", reason)
        case Tied():
            return why_no_gradient(first, index)
        case NotWanted(because="frozen"):
            return line("no gradient: ", Code("requires_grad"), " is False")
        case NotWanted(because="elsewhere"):
            return line("no gradient in this step, which does not train it")
        case NotWanted(because="forward-only"):
            reason = why_no_gradient(first, index)
            return line("forward only, no gradient", ": " if reason else "s", reason)
    is_argument = role_of(first.slot) == "argument" and first.slot.requires_grad is False
    return line("requires no gradient") if is_argument else ()


def gradient_of_values(values: Sequence[Whole[Entry]], index: MapIndex) -> Line:
    """The gradient of one value, or of several that are alike: of a tensor subclass its type, if it has a gradient.

    The outputs are named if they are not those of each piece, which its table has.
    """
    whole, entries = values[0].subclass, inputs_of(values)
    if whole is None or whole.gradient is None or not returned_in(index.gradient(values[0].first)):
        return gradient_in_words(entries, index)
    if has_gradient_for_each_piece(whole):
        return line(gradient_type(whole))
    outputs = distinct(
        (Result(e.graph, e.graph.outputs[number]) for e in entries for number in returned_in(index.gradient(e))),
        key=lambda result: id(result.slot),
    )
    return line(f"{gradient_type(whole)}: ", outputs_in_words(outputs, index))


def why_no_gradient(entry: Entry, index: MapIndex) -> Line:
    """The reason why an input has no gradient of its own; empty if it is not known."""
    gradient = index.gradient(entry)
    if isinstance(gradient, Tied):
        return line(f"{tied(entry.slot)} ", Code(gradient.name), ", whose gradient is that of both")
    return sentence(_reason(entry, index))


def meaning_of(item: Entry | Result, index: MapIndex) -> str:
    """Explain an input or output of a graph; for the empty slot of a gradient, say where it is or why there is none."""
    labels = index.labels(item.graph)
    if isinstance(item, Entry) or item.slot.gradient_of is None:
        return meaning(item.slot, labels)
    entry = Entry(item.graph, item.graph.inputs[item.slot.gradient_of])
    gradient = index.gradient(entry)
    if isinstance(gradient, OnlyInGraph):
        reason = _reason(entry, index)
        return f"{meaning(item.slot, labels)} In eager it does not exist" + (f": {reason}." if reason else ".")
    if isinstance(gradient, Tied):
        what = "tensor" if role_of(entry.slot) == "argument" else "parameter"
        instead = f"is returned as the gradient of `{gradient.name}`: both are names of one {what}"
    elif isinstance(gradient, InOtherGraph):
        instead = f"comes from {name_of_graph(index.graphs[gradient.graph], gradient.graph)}: this graph computes none"
    elif isinstance(gradient, OnlyInEager):
        reason = _reason(entry, index)
        instead = "does not pass through the graph" + (f": {reason}" if reason else "")
    else:
        reason = _reason(entry, index)
        instead = "does not exist" + (f": {reason}" if reason else "")
    return meaning(item.slot, labels, instead)


def _reason(entry: Entry, index: MapIndex) -> str:
    """The reason of the finding about an input without a gradient; empty if there is no such finding."""
    finding = index.without_gradient(entry.slot)
    return why(finding) if finding is not None else ""


def _type_of_gradient(result: Result, gradient: Gradient) -> Line:
    """`a TwoTensor in `, if a plain value has a gradient that is a tensor subclass; else empty."""
    found = piece_at(result.slot, result.graph) if isinstance(gradient, InPieces) else None
    return line("a ", Code(subclass_in_brief(found.whole)), " in ") if found is not None else ()


def gradient_cell(entry: Entry, index: MapIndex) -> Cell:
    """The cell of a table that says whether an input has a gradient."""
    match index.gradient(entry):
        case Own() | InPieces():
            return Cell("yes")
        case Tied(name=name):
            return Cell(f"in that of `{name}`")
        case InOtherGraph(graph=number):
            return Cell(f"in {name_of_graph(index.graphs[number], number)}")
        case Missing() | OnlyInGraph():
            return Cell("none", "warn")
        case OnlyInEager():
            return Cell("outside of the graph")
        case NotWanted(because="frozen"):
            return Cell("frozen")
        case NotWanted(because="elsewhere"):
            return Cell("in another step")
    return Cell(NOTHING)
