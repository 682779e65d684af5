"""From a captured joint graph to the Graph of a descriptor map: every input and output, named and paired."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from .birthplaces import Birthplaces
from .capture.torch_private import AOTInput, AOTOutput, JointCapture, flat_inputs, is_traceable_wrapper_subclass, storage_key
from .descriptor_map import Descriptor, Graph, Input, Output, Subclass, VanishedArgument
from .labels import argument_labels, output_labels
from .stack_traces import Sources

PIECE_KINDS = ("GetAttr", "Size", "Stride")


def copy_descriptor(descriptor: Any) -> Descriptor | None:
    """A plain copy of one of torch's descriptors, of whatever class; None for None."""
    if descriptor is None:
        return None
    try:
        expression = descriptor.expr()
    except Exception:  # a class of a newer torch may have none
        expression = None
    fields: dict[str, Any] = {}
    names = [field.name for field in dataclasses.fields(descriptor)] if dataclasses.is_dataclass(descriptor) else []
    for name in names:
        value = getattr(descriptor, name)
        if isinstance(value, (AOTInput, AOTOutput)):
            fields[name] = copy_descriptor(value)
        else:
            fields[name] = value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
    return Descriptor(type(descriptor).__name__, repr(descriptor), expression, fields)


class Labels:
    """A name for every descriptor, in the user's words: `batch['mask']`, `grad(ln.weight)`, `x.size(0)`."""

    def __init__(self, arguments: Sequence[str], outputs: Sequence[str]) -> None:
        self._arguments = arguments
        self._outputs = outputs

    def of(self, descriptor: Descriptor) -> str:
        """The label of a descriptor; one of an unknown class is called by its expression or repr."""
        kind, fields = descriptor.kind, descriptor.fields
        if kind in ("ParamAOTInput", "BufferAOTInput"):
            return str(fields["target"])
        if kind == "PlainAOTInput":
            return self._at(self._arguments, fields["idx"], descriptor)
        if kind == "PlainAOTOutput":
            return self._at(self._outputs, fields["idx"], descriptor)
        if kind == "TangentAOTInput":
            return f"tangent({self.of(fields['output'])})"
        if kind == "GradAOTOutput":
            return f"grad({self.of(fields['grad_of'])})"
        if kind == "InputMutationAOTOutput":
            return f"mutated({self.of(fields['mutated_input'])})"
        if kind in ("ViewBaseAOTInput", "SyntheticBaseAOTInput", "IntermediateBaseAOTOutput"):
            return f"base({self.of(fields['base_of'])})"
        if kind.startswith("Subclass") and isinstance(fields.get("base"), Descriptor):
            base = self.of(fields["base"])
            if "attr" in fields:
                return f"{base}.{fields['attr']}"
            return f"{base}.{'size' if 'Size' in kind else 'stride'}({fields['idx']})"
        if kind == "MetadataMutationAOTOutput":
            return f"reshaped({fields['idx']})"
        return (descriptor.expression or descriptor.descriptor).strip("_")

    @staticmethod
    def _at(names: Sequence[str], index: int, descriptor: Descriptor) -> str:
        return names[index] if 0 <= index < len(names) else descriptor.expression or descriptor.descriptor


def piece_path(descriptor: Descriptor) -> tuple[Descriptor, tuple[tuple[str, Any], ...]]:
    """What a subclass piece is ultimately a piece of, and the steps from there: (('attr', 'a'), ('size', 0))."""
    steps: list[tuple[str, Any]] = []
    while descriptor.kind.startswith("Subclass") and isinstance(descriptor.fields.get("base"), Descriptor):
        kind = "attr" if "attr" in descriptor.fields else "size" if "Size" in descriptor.kind else "stride"
        steps.append((kind, descriptor.fields.get("attr", descriptor.fields.get("idx"))))
        descriptor = descriptor.fields["base"]
    return descriptor, tuple(reversed(steps))


@dataclass(frozen=True)
class Named:
    """What the capture alone does not know: the user's call, the module it used, and where its parts were made."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    module: nn.Module | None
    birthplaces: Birthplaces


def describe(joint: JointCapture, capture: str, named: Named, sources: Sources) -> Graph:
    """The graph's inputs and outputs, before it is partitioned."""
    labels = Labels(argument_labels(named.function, named.args, named.kwargs), output_labels(joint.out_spec))
    nodes = list(joint.graph_module.graph.nodes)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    output_node = next(node for node in nodes if node.op == "output")
    returned = list(output_node.args[0])
    returned_descriptors = list(output_node.meta.get("desc") or [None] * len(returned))

    flat = FlatArguments(joint.module, named.args, named.kwargs, labels)
    inputs = [_input(index, node, labels, named, flat) for index, node in enumerate(placeholders)]
    outputs = [
        _output(index, node, descriptor, labels, sources)
        for index, (node, descriptor) in enumerate(zip(returned, returned_descriptors))
    ]
    inputs, outputs = _paired(inputs, outputs)
    inputs = _with_ties(inputs, named.module)
    vanished = flat.vanished(inputs)
    inputs = [
        dataclasses.replace(slot, stands_for=tuple(v.label for v in vanished if v.into == slot.index))
        for slot in inputs
    ]
    return Graph(
        capture,
        tuple(inputs),
        tuple(outputs),
        subclasses=tuple(_subclasses(inputs, outputs, labels, flat)),
        vanished=tuple(vanished),
        joint=joint.needs_autograd,
    )


def _input(index: int, node: torch.fx.Node, labels: Labels, named: Named, flat: FlatArguments) -> Input:
    descriptor = copy_descriptor(node.meta.get("desc"))
    definition = None
    requires_grad = None
    if descriptor is not None:
        root, _ = piece_path(descriptor)
        while "base_of" in root.fields:
            root = root.fields["base_of"]
        if root.kind in ("ParamAOTInput", "BufferAOTInput") and named.module is not None:
            definition = named.birthplaces.of_tensor(named.module, root.fields["target"])
        value = flat.value(root)
        requires_grad = value.requires_grad if isinstance(value, torch.Tensor) else None
    return Input(
        index,
        node.name,
        *_described(descriptor),
        labels.of(descriptor) if descriptor is not None else node.name,
        *tensor_facts(node.meta.get("val")),
        descriptor.fields if descriptor is not None else {},
        definition,
        requires_grad=requires_grad,
        used=bool(node.users),
    )


def _output(index: int, node: Any, torch_descriptor: Any, labels: Labels, sources: Sources) -> Output:
    descriptor = copy_descriptor(torch_descriptor)
    is_node = isinstance(node, torch.fx.Node)
    return Output(
        index,
        node.name if is_node else None,
        *_described(descriptor),
        labels.of(descriptor) if descriptor is not None else "",
        *tensor_facts(node.meta.get("val") if is_node else None),
        descriptor.fields if descriptor is not None else {},
        sources.of_node(node) if is_node and node.op != "placeholder" else None,
    )


def _described(descriptor: Descriptor | None) -> tuple[str | None, str | None, str | None]:
    if descriptor is None:
        return None, None, None
    return descriptor.kind, descriptor.descriptor, descriptor.expression


def tensor_facts(value: Any) -> tuple[str | None, tuple[int | str, ...] | None]:
    """dtype and shape of a tensor, a symbolic size as its expression; (None, None) for anything else."""
    if not isinstance(value, torch.Tensor):
        return None, None
    shape = tuple(size if type(size) is int else str(size) for size in value.shape)
    return str(value.dtype).removeprefix("torch."), shape


def _paired(inputs: list[Input], outputs: list[Output]) -> tuple[list[Input], list[Output]]:
    """Tie gradients, tangents, mutations, tokens and bases to what they belong to, by their descriptors."""
    by_input: dict[tuple[str, tuple[Any, ...]], int] = {}
    by_output: dict[tuple[str, tuple[Any, ...]], int] = {}
    for slot in inputs:
        if (descriptor := slot.as_descriptor()) is not None:
            root, steps = piece_path(descriptor)
            by_input.setdefault((root.descriptor, steps), slot.index)
    for out in outputs:
        if (descriptor := out.as_descriptor()) is not None:
            root, steps = piece_path(descriptor)
            by_output.setdefault((root.descriptor, steps), out.index)

    into: dict[int, dict[str, int]] = {slot.index: {} for slot in inputs}
    outof: dict[int, dict[str, Any]] = {out.index: {} for out in outputs}

    # A derived output (gradient, mutation) and the input it is about agree in the steps into a subclass, if any.
    for (field, forward_name, backward_name, kind) in (
        ("grad_of", "gradient", "gradient_of", "GradAOTOutput"),
        ("mutated_input", "mutation", "mutation_of", "InputMutationAOTOutput"),
    ):
        derived = _derived(outputs, field, kind)
        for slot in inputs:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, steps = piece_path(descriptor)
            about = derived.get(root.descriptor, {})
            index = about.get(steps, about.get(()) if steps and steps[-1][0] == "attr" else None)
            if index is not None:
                into[slot.index][forward_name] = index
                outof[index].setdefault(backward_name, slot.index)
    tangents = _derived(inputs, "output", "TangentAOTInput")
    for out in outputs:
        if (descriptor := out.as_descriptor()) is None:
            continue
        root, steps = piece_path(descriptor)
        about = tangents.get(root.descriptor, {})
        index = about.get(steps, about.get(()) if steps and steps[-1][0] == "attr" else None)
        if index is not None:
            outof[out.index]["tangent"] = index
            into[index].setdefault("tangent_of", out.index)
        if root.kind == "IntermediateBaseAOTOutput":
            first = by_output.get((root.fields["base_of"].descriptor, ()))
            outof[out.index]["base_of"] = () if first is None else (first,)
        if root.kind in ("ForwardTokenAOTOutput", "BackwardTokenAOTOutput"):
            index = by_input.get((root.descriptor.replace("AOTOutput", "AOTInput"), ()))
            if index is not None:
                outof[out.index]["token"] = index
                into[index]["token"] = out.index
    return (
        [dataclasses.replace(slot, **into[slot.index]) for slot in inputs],
        [dataclasses.replace(out, **outof[out.index]) for out in outputs],
    )


def _derived(
    slots: Sequence[Input] | Sequence[Output], field: str, kind: str
) -> dict[str, dict[tuple[Any, ...], int]]:
    """Of the slots of a derived kind: what each is about, and there by which steps into a subclass."""
    found: dict[str, dict[tuple[Any, ...], int]] = {}
    for slot in slots:
        if (descriptor := slot.as_descriptor()) is None:
            continue
        root, steps = piece_path(descriptor)
        if root.kind == kind:
            found.setdefault(root.fields[field].descriptor, {}).setdefault(steps, slot.index)
    return found


def _with_ties(inputs: list[Input], module: nn.Module | None) -> list[Input]:
    """Name, on each parameter, the other names under which the module holds the very same one."""
    if module is None:
        return inputs
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    tied = {name: tuple(other for other in group if other != name) for group in names.values() for name in group}
    return [
        dataclasses.replace(slot, tied_to=tied.get(slot.fields["target"], ()))
        if slot.kind == "ParamAOTInput"
        else slot
        for slot in inputs
    ]


class FlatArguments:
    """The tensors behind the flat calling convention, before AOTAutograd removed duplicates and made bases."""

    def __init__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], labels: Labels) -> None:
        self._labels = labels
        self._values: dict[str, Any] = {}
        self._descriptors: list[Descriptor] = []
        for torch_descriptor, value in flat_inputs(module, args, kwargs):
            if (descriptor := copy_descriptor(torch_descriptor)) is not None:
                self._descriptors.append(descriptor)
                self._values[descriptor.descriptor] = value

    def value(self, descriptor: Descriptor) -> Any:
        """The value that a Param, Buffer or Plain descriptor describes, or None."""
        return self._values.get(descriptor.descriptor)

    def vanished(self, inputs: list[Input]) -> list[VanishedArgument]:
        """The tensors that have no input: duplicates of another, or views that were replaced by their base."""
        present: set[str] = set()
        bases: list[tuple[Input, Any]] = []
        for slot in inputs:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, _ = piece_path(descriptor)
            present.add(root.descriptor)
            if "base_of" in root.fields:
                bases.append((slot, self.value(root.fields["base_of"])))
        found = []
        for descriptor in self._descriptors:
            value = self.value(descriptor)
            if descriptor.descriptor in present or not isinstance(value, torch.Tensor):
                continue
            into, reason = self._replacement(value, inputs, bases)
            expression = descriptor.expression or descriptor.descriptor
            found.append(VanishedArgument(self._labels.of(descriptor), expression, into, reason))
        return found

    def _replacement(
        self, value: torch.Tensor, inputs: list[Input], bases: list[tuple[Input, Any]]
    ) -> tuple[int | None, str]:
        for slot in inputs:
            descriptor = slot.as_descriptor()
            if descriptor is not None and self.value(piece_path(descriptor)[0]) is value:
                return slot.index, "deduplication"
        key = storage_key(value)
        for slot, base_of in bases:
            if base_of is value or key is not None and key == storage_key(base_of):
                return slot.index, "base"
        return None, "unknown"


def _subclasses(
    inputs: list[Input], outputs: list[Output], labels: Labels, flat: FlatArguments
) -> list[Subclass]:
    """Each tensor subclass that was unpacked, with all its pieces."""
    groups: dict[str, tuple[Descriptor, list[int], list[int]]] = {}
    for slots, position in ((inputs, 1), (outputs, 2)):
        for slot in slots:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, steps = piece_path(descriptor)
            if steps:
                groups.setdefault(root.descriptor, (root, [], []))[position].append(slot.index)
    return [
        Subclass(labels.of(root), _subclass_type(flat.value(root)), tuple(ins), tuple(outs))
        for root, ins, outs in groups.values()
    ]


def _subclass_type(value: Any) -> str:
    return type(value).__name__ if value is not None and is_traceable_wrapper_subclass(value) else "tensor subclass"
