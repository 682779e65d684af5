"""The differences between the signature of a graph and that of the traced call: aliases, changes in place, tokens.

Every graph takes the module's state and tangents and returns gradients; these are no differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from aotlens_tracer.wire.descriptor_map import Graph, Input, Operation, Output, Span
from aotlens_tracer.wire.input_roles import role_of

from .descriptors import piece
from .index import MapIndex
from .slots import whole_name

Kind = Literal["base", "duplicate", "vanished", "mutation", "reshape", "metadata", "views", "view", "itself", "token"]


@dataclass(frozen=True)
class Difference:
    """One reason why a graph takes or returns more or less than the call.

    `kind` is one of: base (`names` share memory that is written to, and the input `of` replaces them), duplicate
    (`names` are the same tensor as the input `of`), vanished (an argument without an input, for an unknown reason),
    mutation (`names` are changed in place), reshape (their shape or strides are), metadata (those of an argument that
    torch does not name), views (the outputs `names` are views of one tensor that is returned too), view (the output is
    a view of `of`), itself (it is the input `of`), token (an effect token).

    `more_inputs` and `more_outputs` are signed numbers. `inputs` and `outputs` are the indices of the slots that the
    difference is about; `new_outputs` those that the call does not have, and `node` the node of the only one of them.
    `places` are the expressions that change or alias something.
    """

    kind: Kind
    names: tuple[str, ...]
    of: str | None = None
    more_inputs: int = 0
    more_outputs: int = 0
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    new_outputs: tuple[int, ...] = ()
    node: str | None = None
    places: tuple[Span, ...] = ()
    is_buffer: bool = False

    @property
    def changes(self) -> bool:
        """Whether it is a change in place and nothing else."""
        return self.kind in ("mutation", "reshape")


def differences(graph: Graph, brief: bool = False) -> list[Difference]:
    """Return every difference between the signature of a graph and that of the call, inputs first.

    With `brief`, all buffers that are changed in place are one difference, whatever expressions change them.
    """
    found = [*_without_input(graph), *_mutations(graph, brief), *_metadata(graph), *_bases(graph), *_views(graph)]
    return [*found, *_tokens(graph)]


def kept_differences(index: MapIndex, graph: Graph) -> list[Difference]:
    """Return the differences of a graph of an indexed map; they are found once."""
    return index.once(("differences", id(graph)), lambda: differences(graph))


def aliases_at(index: MapIndex, path: str, lines: Iterable[int]) -> list[Difference]:
    """Return the differences about aliases that the code on some lines (from 1) of a file creates."""
    known = set(lines)
    found = [each for graph in index.graphs for each in kept_differences(index, graph) if not each.changes]
    return [each for each in found if any(place.path == path and place.line in known for place in each.places)]


def about(found: Iterable[Difference], slot: Input | Output) -> list[Difference]:
    """Return the differences that are about one input or output."""
    return [each for each in found if slot.index in (each.inputs if isinstance(slot, Input) else each.outputs)]


def _without_input(graph: Graph) -> Iterator[Difference]:
    """Yield the arguments that share memory with another one, or are the same tensor."""
    for slot in graph.inputs:
        gone = [argument for argument in graph.vanished if argument.into == slot.index]
        names = tuple(argument.label for argument in gone)
        if not names:
            continue
        is_base = any(argument.reason == "base" for argument in gone)
        number = len(names) - 1 if is_base else len(names)
        kind: Kind = "base" if is_base else "duplicate"
        yield Difference(kind, names, whole_name(slot), -number, inputs=(slot.index,), places=slot.changed_at)
    for argument in graph.vanished:
        if argument.into is None:
            yield Difference("vanished", (argument.label,), more_inputs=-1)


def _mutations(graph: Graph, brief: bool) -> Iterator[Difference]:
    """Yield the inputs that are changed in place; those that the same expressions change are one difference."""
    operations: dict[str | None, Operation] = {operation.name: operation for operation in graph.operations}
    wholes: dict[tuple[str, str], list[Input]] = {}
    for slot in graph.inputs:
        if slot.mutation is not None:
            wholes.setdefault((role_of(slot), whole_name(slot)), []).append(slot)
    groups: dict[tuple[object, bool, bool], list[Input]] = {}
    for (role, _), pieces in wholes.items():
        changed = [slot for slot in pieces if not slot.is_unchanged]
        places = () if role == "buffer" and brief else tuple(slot.changed_at for slot in changed[:1])
        is_reshaped = all(_is_reshaped(slot, graph, operations) for slot in changed)
        groups.setdefault((places, role == "buffer", is_reshaped), []).extend(pieces)
    for (_, is_buffer, is_reshaped), slots in groups.items():
        outputs = tuple(slot.mutation for slot in slots if slot.mutation is not None)
        yield Difference(
            "reshape" if is_reshaped else "mutation",
            tuple(dict.fromkeys(whole_name(slot) for slot in slots)),
            more_outputs=len(outputs),
            inputs=tuple(slot.index for slot in slots),
            outputs=outputs,
            new_outputs=outputs,
            node=_node(outputs, graph),
            places=tuple(dict.fromkeys(place for slot in slots for place in slot.changed_at)),
            is_buffer=is_buffer,
        )


def _is_reshaped(slot: Input, graph: Graph, operations: Mapping[str | None, Operation]) -> bool:
    """Whether the new value of an input is a view of it: its data stays the same."""
    name = graph.outputs[slot.mutation].node if slot.mutation is not None else None
    while (operation := operations.get(name)) is not None and operation.is_view and operation.operands:
        name = operation.operands[0]
    return name is not None and name == slot.node


def _metadata(graph: Graph) -> Iterator[Difference]:
    for out in graph.outputs:
        if out.kind == "MetadataMutationAOTOutput":
            yield _with_output("metadata", (), out, (out.index,), (out.source,) if out.source else ())


def _bases(graph: Graph) -> Iterator[Difference]:
    for out in graph.outputs:
        if out.base_of:
            views = [graph.outputs[index] for index in out.base_of]
            places = tuple(dict.fromkeys(view.source for view in views if view.source is not None))
            names = tuple(view.label for view in views)
            yield _with_output("views", names, out, (*out.base_of, out.index), places)


def _with_output(
    kind: Kind, names: tuple[str, ...], out: Output, outputs: tuple[int, ...], places: tuple[Span, ...]
) -> Difference:
    return Difference(
        kind, names, more_outputs=1, outputs=outputs, new_outputs=(out.index,), node=out.node, places=places
    )


def _views(graph: Graph) -> Iterator[Difference]:
    """Yield the outputs that the caller gets as new views: the graph returns another tensor for them.

    The pieces of a tensor subclass are one output. Where only one of the two is a piece, the graph returns the view.
    """
    found: dict[tuple[Kind, str, str], Difference] = {}
    for out in graph.outputs:
        of = graph.inputs[out.alias_of] if out.alias_of is not None else None
        other = graph.outputs[out.view_of] if out.view_of is not None else None
        base = of or other
        if base is None or out.tangent is not None:
            continue
        kind: Kind = "itself" if of is not None and out.node in (of.node, *_new_value(of, graph)) else "view"
        is_whole = _is_piece(out) == _is_piece(base)
        if not is_whole and kind == "view":
            continue
        name, of_name = whole_name(out), whole_name(base) if is_whole else base.label
        before = found.get((kind, name, of_name), Difference(kind, (name,), of_name))
        found[kind, name, of_name] = replace(
            before,
            inputs=(*before.inputs, *((of.index,) if of is not None else ())),
            outputs=(*before.outputs, out.index, *((other.index,) if other is not None else ())),
            places=before.places or ((out.source,) if out.source is not None and kind == "view" else ()),
        )
    yield from found.values()


def _is_piece(slot: Input | Output) -> bool:
    descriptor = slot.as_descriptor()
    return descriptor is not None and bool(piece(descriptor)[0])


def _new_value(slot: Input, graph: Graph) -> tuple[str | None, ...]:
    return (graph.outputs[slot.mutation].node,) if slot.mutation is not None else ()


def _tokens(graph: Graph) -> Iterator[Difference]:
    for slot in graph.inputs:
        descriptor = slot.as_descriptor()
        if descriptor is None or slot.token is None or not piece(descriptor)[1].kind.endswith("TokenAOTInput"):
            continue
        out = graph.outputs[slot.token]
        places = (out.source,) if out.source is not None else ()
        yield Difference("token", (slot.label,), None, 1, 1, inputs=(slot.index,), outputs=(out.index,), places=places)


def _node(outputs: tuple[int, ...], graph: Graph) -> str | None:
    return graph.outputs[outputs[0]].node if len(outputs) == 1 else None
