"""Why the graph takes and returns more, or less, than the call that was traced: aliases, changes in place, tokens.

What every graph has (the module's state as inputs, tangents, gradients) needs no reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aotlens.model.descriptors import piece
from aotlens.model.folding import all_names, numbers_in_brief
from aotlens.model.index import MapIndex
from aotlens_tracer.wire.descriptor_map import Graph, Input, Operation, Output, Span

_MOST = 4
"""How many names are listed."""


@dataclass(frozen=True)
class Difference:
    """One reason, as a sentence without its end, and the slots of the graph that it is about.

    `places` are the expressions that change or alias something. `change` says it in signs: `+1 output`. `changes` says
    that it is a change in place alone.
    """

    text: str
    change: str
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    places: tuple[Span, ...] = ()
    changes: bool = False


def differences(graph: Graph, brief: bool = False) -> list[Difference]:
    """Every difference between the signature of a graph and that of the call, inputs first.

    In brief all buffers that are changed in place are one difference, wherever they are changed.
    """
    found = [*_without_input(graph), *_mutations(graph, brief), *_metadata(graph), *_bases(graph), *_views(graph)]
    return [*found, *_tokens(graph)]


def kept_differences(index: MapIndex, graph: Graph) -> list[Difference]:
    """The differences of a graph of an indexed map; found once."""
    return index.once(("differences", id(graph)), lambda: differences(graph))


def aliases_at(index: MapIndex, path: str, lines: Sequence[int]) -> list[str]:
    """The sentences about aliases that the code on some lines creates."""
    found = [each for graph in index.graphs for each in kept_differences(index, graph) if not each.changes]
    return [each.text for each in found if any(p.path == path and p.line in lines for p in each.places)]


def about(found: Iterable[Difference], slot: Input | Output) -> list[Difference]:
    """The differences that an input or output has to do with."""
    return [each for each in found if slot.index in (each.inputs if isinstance(slot, Input) else each.outputs)]


def _without_input(graph: Graph) -> Iterator[Difference]:
    """Arguments that share memory with another one, or are the same."""
    for slot in graph.inputs:
        gone = [argument for argument in graph.vanished if argument.into == slot.index]
        names = [argument.label for argument in gone]
        if not names:
            continue
        if any(argument.reason == "base" for argument in gone):
            text = f"{_listed(names)} share memory that is written to: one input, `{slot.label}`, stands for "
            text += f"{'both' if len(names) == 2 else 'all of them' if len(names) > 2 else 'it'}, and the graph makes "
            text += "the views anew from it"
            change = len(names) - 1
        else:
            several = len(names) > 1
            text = f"{_listed(names)} {'are' if several else 'is'} the same tensor as {_listed([slot.label])}, which "
            text += f"is changed in place: one input stands for {'all of them' if several else 'both'}"
            change = len(names)
        yield Difference(text, _signed(-change, "input"), (slot.index,), (), slot.changed_at)
    for argument in graph.vanished:
        if argument.into is None:
            text = f"{_listed([argument.label])} has no input of its own, and torch does not say why"
            yield Difference(text, _signed(-1, "input"))


def _mutations(graph: Graph, brief: bool) -> Iterator[Difference]:
    """Inputs that are changed in place: those that the same expressions change, in one."""
    operations = {operation.name: operation for operation in graph.operations}
    groups: dict[object, list[Input]] = {}
    for slot in graph.inputs:
        if slot.mutation is not None:
            is_buffer = slot.kind == "BufferAOTInput"
            places = () if is_buffer and brief else slot.changed_at
            groups.setdefault((places, is_buffer, _is_reshaped(slot, graph, operations)), []).append(slot)
    for (_, is_buffer, is_reshaped), slots in groups.items():
        outputs = tuple(slot.mutation for slot in slots if slot.mutation is not None)
        several = len(slots) > 1
        known = all_names(dict.fromkeys(slot.label for slot in slots))
        noun = "buffer" if is_buffer else "input"
        names = _listed(known)
        if len(known) > _MOST:
            names = f"{len(slots)} {noun}s"
        elif is_buffer:
            names = f"the {noun}{'s' if several else ''} {names}"
        verb, what = ("are", "their new values are") if several else ("is", "its new value is")
        if is_reshaped:
            names, verb, what = f"the shape or strides of {names}", "are", "the result is"
        text = f"{names} {verb} changed in place: {what} {_outputs(outputs, graph)}"
        places = tuple(dict.fromkeys(place for slot in slots for place in slot.changed_at))
        inputs = tuple(slot.index for slot in slots)
        yield Difference(text, _signed(len(outputs), "output"), inputs, outputs, places, changes=True)


def _is_reshaped(slot: Input, graph: Graph, operations: Mapping[str | None, Operation]) -> bool:
    """Whether not the data of an input is changed, but only how it is looked at."""
    name = graph.outputs[slot.mutation].node if slot.mutation is not None else None
    while (operation := operations.get(name)) is not None and operation.is_view and operation.operands:
        name = operation.operands[0]
    return name is not None and name == slot.node


def _metadata(graph: Graph) -> Iterator[Difference]:
    for out in graph.outputs:
        if out.kind == "MetadataMutationAOTOutput":
            text = "the shape or strides of one of the arguments that share memory are changed in place: the graph "
            text += f"returns the result as {_outputs([out.index], graph)}, and the change is repeated on the argument"
            yield Difference(text, _signed(1, "output"), (), (out.index,), (out.source,) if out.source else ())


def _bases(graph: Graph) -> Iterator[Difference]:
    for out in graph.outputs:
        if out.base_of:
            views = [graph.outputs[index] for index in out.base_of]
            text = f"{_listed([view.label for view in views])} are views of one tensor: the graph returns that too, as "
            text += f"{_outputs([out.index], graph)}, the views are made anew from it, and it alone has a tangent"
            places = tuple(dict.fromkeys(view.source for view in views if view.source is not None))
            yield Difference(text, _signed(1, "output"), (), (*out.base_of, out.index), places)


def _views(graph: Graph) -> Iterator[Difference]:
    """Outputs that the caller gets made anew: what the graph returns for them is not what they become."""
    for out in graph.outputs:
        of = graph.inputs[out.alias_of] if out.alias_of is not None else None
        other = graph.outputs[out.view_of] if out.view_of is not None else None
        if of is None and other is None:
            continue
        base = of.label if of is not None else other.label if other is not None else ""
        is_itself = of is not None and out.node in (of.node, *_new_value(of, graph))
        what = f"`{base}` itself, which the caller gets back"
        if not is_itself:
            what = f"a view of `{base}`, made anew from that"
        text = f"`{out.label}` is {what}: it has no tangent of its own"
        inputs = (of.index,) if of is not None else ()
        outputs = (out.index,) if other is None else (out.index, other.index)
        places = (out.source,) if out.source is not None and not is_itself else ()
        yield Difference(text, "", inputs, outputs, places)


def _new_value(slot: Input, graph: Graph) -> tuple[str | None, ...]:
    return (graph.outputs[slot.mutation].node,) if slot.mutation is not None else ()


def _tokens(graph: Graph) -> Iterator[Difference]:
    for slot in graph.inputs:
        descriptor = slot.as_descriptor()
        if descriptor is None or slot.token is None or not piece(descriptor)[1].kind.endswith("TokenAOTInput"):
            continue
        out = graph.outputs[slot.token]
        text = f"operations with side effects keep their order by the token `{slot.label}`, which the graph takes and "
        text += "gives back"
        places = (out.source,) if out.source is not None else ()
        yield Difference(text, "+1 input, +1 output", (slot.index,), (out.index,), places)


def _outputs(indices: Sequence[int], graph: Graph) -> str:
    """`output 3 (`add_38`)`; of several the numbers alone."""
    node = graph.outputs[indices[0]].node
    if len(indices) > 1:
        return f"outputs {numbers_in_brief(list(indices))}"
    return f"output {indices[0]}" + (f" (`{node}`)" if node else "")


def _signed(number: int, noun: str) -> str:
    return f"{'+' if number > 0 else '−'}{abs(number)} {noun}{'s' if abs(number) != 1 else ''}" if number else ""


def _listed(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
