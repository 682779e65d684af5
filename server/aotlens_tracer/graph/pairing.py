"""Pair gradients, tangents, mutations, tokens and bases with their slots, by the descriptors alone.

A tensor subclass has one slot for each piece. A gradient need not have the structure of its input: the gradient of a
plain bias may be a subclass, and the gradient of a subclass may be plain. Whole values and pieces are therefore
paired by one rule (`_matching`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from ..torch_private import JointCapture
from ..wire.descriptor_map import Input, Output, Slot
from ..wire.input_roles import fqns_of
from .descriptors import copy_descriptor, piece_path

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
    _pair_tokens(inputs, outputs, into, out_of)
    return (
        [dataclasses.replace(slot, **into[slot.index]) for slot in inputs],
        [dataclasses.replace(out, **out_of[out.index]) for out in outputs],
    )


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


def with_ties(inputs: list[Input], module: nn.Module | None) -> list[Input]:
    """Return the inputs, each parameter with the other names under which the module holds the very same one.

    The pieces of a parameter that is a tensor subclass have the names of the whole parameter. The graph may read a
    parameter through the input of one name only: it is then used under all of its names.
    """
    if module is None:
        return inputs
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    groups = {name: tuple(group) for group in names.values() for name in group}

    def named(slot: Input) -> tuple[str, Steps]:
        descriptor = slot.as_descriptor()
        steps = piece_path(descriptor)[1] if descriptor is not None else ()
        return next(iter(fqns_of(slot)), ""), steps

    used = {(groups[name], steps) for slot in inputs for name, steps in [named(slot)] if slot.used and name in groups}
    result = []
    for slot in inputs:
        name, steps = named(slot)
        group = groups.get(name, ())
        others = tuple(other for other in group if other != name)
        result.append(dataclasses.replace(slot, tied_to=others, used=slot.used or (group, steps) in used))
    return result


def with_aliases(inputs: list[Input], outputs: list[Output], joint: JointCapture) -> list[Output]:
    """Mark the outputs that require a gradient, and those that are views: of an input, an output, a returned base."""
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
    return [dataclasses.replace(out, **changes[out.index]) for out in outputs]


def _pieces(slots: Sequence[Slot]) -> dict[str, dict[Steps, int]]:
    """Return the slots by the descriptor of the whole value, and there by the steps to the piece that each is."""
    found: dict[str, dict[Steps, int]] = {}
    for slot in slots:
        if (descriptor := slot.as_descriptor()) is not None:
            root, steps = piece_path(descriptor)
            found.setdefault(root.descriptor, {}).setdefault(steps, slot.index)
    return found
