"""Which gradient, tangent, mutation, token and base belong to which slot; read off the descriptors alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import nn

from ..torch_private import JointCapture
from ..wire.descriptor_map import Input, Output
from .descriptors import copy_descriptor, piece_path

Steps = tuple[tuple[str, Any], ...]


def paired(inputs: list[Input], outputs: list[Output]) -> tuple[list[Input], list[Output]]:
    """Tie gradients, tangents, mutations, tokens and bases to what they belong to, by their descriptors."""
    by_input: dict[tuple[str, Steps], int] = {}
    for slot in inputs:
        if (descriptor := slot.as_descriptor()) is not None:
            root, steps = piece_path(descriptor)
            by_input.setdefault((root.descriptor, steps), slot.index)

    into: dict[int, dict[str, int]] = {slot.index: {} for slot in inputs}
    outof: dict[int, dict[str, Any]] = {out.index: {} for out in outputs}

    # A derived output (gradient, mutation) and the input it is about agree in the steps into a subclass, if any.
    for field, forward_name, backward_name, kind in (
        ("grad_of", "gradient", "gradient_of", "GradAOTOutput"),
        ("mutated_input", "mutation", "mutation_of", "InputMutationAOTOutput"),
    ):
        derived = _derived(outputs, field, kind)
        for slot in inputs:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, steps = piece_path(descriptor)
            index = _matching(derived.get(root.descriptor, {}), steps)
            if index is not None:
                into[slot.index][forward_name] = index
                outof[index].setdefault(backward_name, slot.index)
    tangents = _derived(inputs, "output", "TangentAOTInput")
    for out in outputs:
        if (descriptor := out.as_descriptor()) is None:
            continue
        root, steps = piece_path(descriptor)
        index = _matching(tangents.get(root.descriptor, {}), steps)
        if index is not None:
            outof[out.index]["tangent"] = index
            into[index].setdefault("tangent_of", out.index)
        if root.kind in ("ForwardTokenAOTOutput", "BackwardTokenAOTOutput"):
            index = by_input.get((root.descriptor.replace("AOTOutput", "AOTInput"), ()))
            if index is not None:
                outof[out.index]["token"] = index
                into[index]["token"] = out.index
    return (
        [dataclasses.replace(slot, **into[slot.index]) for slot in inputs],
        [dataclasses.replace(out, **outof[out.index]) for out in outputs],
    )


def _matching(about: dict[Steps, int], steps: Steps) -> int | None:
    """The slot for the same piece; for a piece that is a tensor also the whole, where it was not unpacked."""
    if steps in about:
        return about[steps]
    return about.get(()) if steps and steps[-1][0] == "attr" else None


def _derived(slots: Sequence[Input] | Sequence[Output], field: str, kind: str) -> dict[str, dict[Steps, int]]:
    """Of the slots of a derived kind: what each is about, and there by which steps into a subclass."""
    found: dict[str, dict[Steps, int]] = {}
    for slot in slots:
        if (descriptor := slot.as_descriptor()) is None:
            continue
        root, steps = piece_path(descriptor)
        if root.kind == kind:
            found.setdefault(root.fields[field].descriptor, {}).setdefault(steps, slot.index)
    return found


def with_ties(inputs: list[Input], module: nn.Module | None) -> list[Input]:
    """Name, on each parameter, the other names under which the module holds the very same one."""
    if module is None:
        return inputs
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    tied = {name: tuple(other for other in group if other != name) for group in names.values() for name in group}
    return [
        dataclasses.replace(slot, tied_to=tied.get(slot.fields["target"], ())) if slot.kind == "ParamAOTInput" else slot
        for slot in inputs
    ]


def with_aliases(inputs: list[Input], outputs: list[Output], joint: JointCapture) -> list[Output]:
    """Mark the outputs that are views: of an input, of another output, of an intermediate that the graph returns too.

    And those that require a gradient.
    """
    by_input: dict[str, int] = {}
    for slot in inputs:
        if (descriptor := slot.as_descriptor()) is not None:
            by_input.setdefault(piece_path(descriptor)[0].descriptor, slot.index)
    plain = {out.fields["idx"]: out.index for out in outputs if out.kind == "PlainAOTOutput"}
    bases = [out.index for out in outputs if out.kind == "IntermediateBaseAOTOutput"]
    changes: dict[int, dict[str, Any]] = {out.index: {} for out in outputs}
    for position, requires_grad in enumerate(joint.outputs_requiring_gradients()):
        if position in plain:
            changes[plain[position]]["requires_grad"] = requires_grad
    for position, torch_descriptor in joint.views_of_inputs().items():
        of = copy_descriptor(torch_descriptor)
        if position in plain and of is not None and of.descriptor in by_input:
            changes[plain[position]]["alias_of"] = by_input[of.descriptor]
    for position, other in joint.views_of_outputs().items():
        if position in plain and other in plain:
            changes[plain[position]]["view_of"] = plain[other]
    for number, positions in joint.views_of_intermediates().items():
        if number < len(bases):
            changes[bases[number]]["base_of"] = tuple(plain[position] for position in positions if position in plain)
    return [dataclasses.replace(out, **changes[out.index]) for out in outputs]
