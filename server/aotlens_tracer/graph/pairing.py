"""Pair gradients, tangents, mutations, tokens and bases with their slots, by the descriptors alone.

A tensor subclass has one slot for each piece. A gradient need not have the structure of its input: the gradient of a
plain bias may be a subclass, and the gradient of a subclass may be plain. Whole values and pieces are therefore
paired by one rule (`_matching`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ..torch_private import JointCapture, names_of_parameters, storage_key
from ..wire.descriptor_map import Input, Output, Slot
from ..wire.input_roles import fqns_of, owner_of, role_of, whole_label
from .descriptors import copy_descriptor, piece_path
from .flat_arguments import FlatArguments

Steps = tuple[tuple[str, Any], ...]
"""The way from a whole value to a piece of it: (('attr', 'a'), ('size', 0)). Empty for the whole value."""


def paired(inputs: list[Input], outputs: list[Output]) -> tuple[list[Input], list[Output]]:
    """Return the slots with the indices of their gradients, tangents, mutations and tokens."""
    into: dict[int, dict[str, Any]] = {slot.index: {} for slot in inputs}
    out_of: dict[int, dict[str, Any]] = {out.index: {} for out in outputs}
    _pair_derived(outputs, "grad_of", "GradAOTOutput", inputs, into, out_of, ("gradient", "gradient_of"))
    _pair_derived(outputs, "mutated_input", "InputMutationAOTOutput", inputs, into, out_of, ("mutation", "mutation_of"))
    _pair_derived(inputs, "output", "TangentAOTInput", outputs, out_of, into, ("tangent", "tangent_of"))
    for changes in into.values():
        gradients = changes.pop("gradient_all", ())
        changes.pop("mutation_all", None)
        if len(gradients) > 1:
            changes["gradient_pieces"] = gradients
    for changes in out_of.values():
        changes.pop("tangent_all", None)
    for slot in inputs:
        mutation = into[slot.index].get("mutation")
        # Meshes and sizes are pieces too: no operation changes one in place.
        if mutation is not None and _is_piece(slot) and (outputs[mutation].node == slot.node or slot.dtype is None):
            into[slot.index]["is_unchanged"] = True
    _pair_tokens(inputs, outputs, into, out_of)
    return (
        [dataclasses.replace(slot, **into[slot.index]) for slot in inputs],
        [dataclasses.replace(out, **out_of[out.index]) for out in outputs],
    )


def _is_piece(slot: Slot) -> bool:
    descriptor = slot.as_descriptor()
    return descriptor is not None and bool(piece_path(descriptor)[1])


def _pair_derived(
    derived: Sequence[Slot],
    field: str,
    kind: str,
    originals: Sequence[Slot],
    of_originals: dict[int, dict[str, Any]],
    of_derived: dict[int, dict[str, Any]],
    names: tuple[str, str],
) -> None:
    """Pair slots of a derived kind (gradients, say) with the slots that they are about, in both directions."""
    forward, backward = names
    about = _by_root(derived, field, kind)
    known: dict[str, dict[Steps, int]] = {}
    for slot in originals:
        descriptor = slot.as_descriptor()
        if descriptor is None:
            continue
        root, steps = piece_path(descriptor)
        if root.descriptor not in about:
            continue
        known.setdefault(root.descriptor, {}).setdefault(steps, slot.index)
        if matching := _matching(about[root.descriptor], steps):
            of_originals[slot.index] |= {forward: matching[0], f"{forward}_all": matching}
    for name, pieces in known.items():
        for steps, index in about[name].items():
            if matching := _matching(pieces, steps):
                of_derived[index].setdefault(backward, matching[0])


def _matching(known: Mapping[Steps, int], steps: Steps) -> tuple[int, ...]:
    """Return the slots among `known`, all of one value, that belong to the value or piece at `steps`.

    That is the same piece; else the pieces that it is made of; else the closest whole that it is a piece of. If two
    values are made of pieces in different ways, all pieces of one belong to each piece of the other. A size or stride
    belongs to the same size or stride only, else to the value that it is a size of.
    """
    if steps in known:
        return (known[steps],)
    is_tensor = all(kind == "attr" for kind, _ in steps)
    if not is_tensor:
        whole = [known[steps[:length]] for length in range(len(steps) - 1, -1, -1) if steps[:length] in known]
        return tuple(whole[:1])
    tensors = {path: index for path, index in known.items() if all(kind == "attr" for kind, _ in path)}
    below = tuple(index for path, index in tensors.items() if path[: len(steps)] == steps)
    if below:
        return below
    above = max((path for path in tensors if steps[: len(path)] == path), key=len, default=None)
    return (tensors[above],) if above is not None else tuple(tensors.values())


def _by_root(slots: Sequence[Slot], field: str, kind: str) -> dict[str, dict[Steps, int]]:
    """Return the slots of a derived kind: by the descriptor that each is about, and there by the steps to its piece."""
    found: dict[str, dict[Steps, int]] = {}
    for slot in slots:
        if (descriptor := slot.as_descriptor()) is None:
            continue
        root, steps = piece_path(descriptor)
        if root.kind == kind:
            found.setdefault(root.fields[field].descriptor, {}).setdefault(steps, slot.index)
    return found


def _pair_tokens(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    into: dict[int, dict[str, Any]],
    out_of: dict[int, dict[str, Any]],
) -> None:
    by_descriptor = {slot.descriptor: slot.index for slot in reversed(inputs) if slot.descriptor is not None}
    for out in outputs:
        if out.kind in ("ForwardTokenAOTOutput", "BackwardTokenAOTOutput") and out.descriptor is not None:
            index = by_descriptor.get(out.descriptor.replace("AOTOutput", "AOTInput"))
            if index is not None:
                out_of[out.index]["token"] = index
                into[index]["token"] = out.index


def with_ties(inputs: list[Input], module: nn.Module | None, flat: FlatArguments) -> list[Input]:
    """Return the inputs, each parameter with the other names under which the module holds the very same one.

    Likewise each argument with the others that are the very same tensor. The pieces of a tensor subclass have the names
    of the whole. The graph may read a parameter through the input of one name only: it is then used under all of them.
    """
    tensors: dict[tuple[str, int], dict[str, None]] = {}
    if module is not None:
        for name, parameter in names_of_parameters(module):
            tensors.setdefault(("parameter", id(parameter)), {})[name] = None
    for slot in inputs:
        descriptor = slot.as_descriptor()
        value = flat.value(owner_of(descriptor)) if descriptor is not None else None
        if value is not None and role_of(slot) == "argument":
            tensors.setdefault(("argument", id(value)), {})[whole_label(slot)] = None
    groups = {(role, name): tuple(names) for (role, _), names in tensors.items() for name in names}

    def named(slot: Input) -> tuple[tuple[str, ...], str, Steps]:
        role, descriptor = role_of(slot), slot.as_descriptor()
        name = whole_label(slot) if role == "argument" else next(iter(fqns_of(slot)), "")
        steps = piece_path(descriptor)[1] if descriptor is not None else ()
        return groups.get((role, name), ()), name, steps

    used = {(group, steps) for slot in inputs if slot.used for group, _, steps in [named(slot)] if group}
    result = []
    for slot in inputs:
        group, name, steps = named(slot)
        others = tuple(other for other in group if other != name)
        result.append(dataclasses.replace(slot, tied_to=others, used=slot.used or (group, steps) in used))
    return result


def with_aliases(inputs: list[Input], outputs: list[Output], joint: JointCapture) -> list[Output]:
    """Mark the outputs that require a gradient, and those that are views: of an input, an output, a returned base.

    AOTAutograd notes views of whole tensors. That an output is a piece of an input or output, the graph says.
    """
    by_input = _pieces(inputs)
    returned: dict[int, dict[Steps, int]] = {}
    bases: dict[str, dict[Steps, int]] = {}
    for out in outputs:
        if (descriptor := out.as_descriptor()) is not None:
            root, steps = piece_path(descriptor)
            if root.kind == "PlainAOTOutput":
                returned.setdefault(root.fields["idx"], {})[steps] = out.index
            elif root.kind == "IntermediateBaseAOTOutput":
                bases.setdefault(root.descriptor, {})[steps] = out.index
    changes: dict[int, dict[str, Any]] = {out.index: {} for out in outputs}

    def note(position: int, name: str, of: Mapping[Steps, int]) -> None:
        for steps, index in returned.get(position, {}).items():
            if matching := _matching(of, steps):
                changes[index][name] = matching[0]

    for position, requires_grad in enumerate(joint.outputs_requiring_gradients()):
        for index in returned.get(position, {}).values():
            changes[index]["requires_grad"] = requires_grad
    for position, torch_descriptor in joint.views_of_inputs().items():
        of = copy_descriptor(torch_descriptor)
        note(position, "alias_of", by_input.get(of.descriptor, {}) if of is not None else {})
    for position, other in joint.views_of_outputs().items():
        note(position, "view_of", returned.get(other, {}))
    in_order = list(bases.values())
    for number, positions in joint.views_of_intermediates().items():
        for steps, index in (in_order[number] if number < len(in_order) else {}).items():
            views = [_matching(returned[position], steps) for position in positions if position in returned]
            changes[index]["base_of"] = tuple(view[0] for view in views if view)
    for index, change in _views_of_pieces(inputs, outputs, returned, joint).items():
        if changes[index].keys().isdisjoint(("alias_of", "view_of")):
            changes[index] |= change
    return [dataclasses.replace(out, **changes[out.index]) for out in outputs]


def _views_of_pieces(
    inputs: Sequence[Input], outputs: Sequence[Output], returned: Mapping[int, Mapping[Steps, int]], joint: JointCapture
) -> dict[int, dict[str, int]]:
    """Return the outputs that are views of an input or of an earlier output, where one of the two is a piece."""
    whole = {index: position for position, pieces in returned.items() for index in pieces.values()}
    if not any(map(_is_piece, (*inputs, *(outputs[index] for index in whole)))):
        return {}
    values = ((node.name, node.meta.get("val")) for node in joint.graph_module.graph.nodes)
    memory = {name: storage_key(value) for name, value in values if isinstance(value, torch.Tensor)}
    found: dict[int, dict[str, int]] = {}
    for index, position in sorted(whole.items()):
        out = outputs[index]
        key = memory.get(out.node or "")
        if key is None:
            continue
        before = [outputs[other] for other in sorted(whole) if other < index and whole[other] != position]
        for name, slots in (("alias_of", inputs), ("view_of", before)):
            for slot in slots:
                mutation = slot.mutation if isinstance(slot, Input) else None
                nodes = (slot.node, outputs[mutation].node if mutation is not None else None)
                is_same = out.node in nodes or memory.get(slot.node or "") == key
                if is_same and (_is_piece(slot) or _is_piece(out)):
                    found.setdefault(index, {name: slot.index})
    return found


def _pieces(slots: Sequence[Slot]) -> dict[str, dict[Steps, int]]:
    """Return the slots by the descriptor of the whole value, and there by the steps to the piece that each is."""
    found: dict[str, dict[Steps, int]] = {}
    for slot in slots:
        if (descriptor := slot.as_descriptor()) is not None:
            root, steps = piece_path(descriptor)
            found.setdefault(root.descriptor, {}).setdefault(steps, slot.index)
    return found
