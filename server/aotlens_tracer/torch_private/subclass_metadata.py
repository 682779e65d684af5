"""AOTAutograd's metadata of tensor subclasses: what it unpacks, of which type, and which types it expects."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch._functorch._aot_autograd import subclass_utils
from torch._functorch._aot_autograd.schemas import PlainTensorMeta, SubclassCreationMeta

from .joint_graph import AOTInput, JointCapture
from .tensors import is_traceable_wrapper_subclass

__all__ = ["Flattened", "Placed", "SubclassMetadata", "flattened", "placed", "unwrapped_opaque"]


@dataclass(frozen=True)
class Flattened:
    """The results of `__tensor_flatten__` of a tensor subclass, as AOTAutograd noted them.

    `value` is the subclass. `parts` has each attribute of the list with its value: a `Flattened` if that is a
    subclass, else the tensor or the opaque object. `context` is the second result, whatever that is.
    """

    value: torch.Tensor
    parts: tuple[tuple[str, Any], ...]
    context: Any


@dataclass(frozen=True)
class Placed:
    """A DTensor's global shape, its mesh (a `DeviceMesh`) and its placements (one for each dimension of the mesh)."""

    mesh: Any
    placements: tuple[Any, ...]


@dataclass(frozen=True)
class SubclassMetadata:
    """The metadata of one joint graph. `Flattened` stands for a subclass, None for a plain value.

    `inputs`, `tangents` and `gradients` have the inputs of the call (after duplicates are removed) by the repr of
    torch's descriptor; `gradients` by that of the input that each is the gradient of. `outputs` has the subclasses
    that the forward part returns, each with the index of its first piece among the outputs of the graph.
    """

    inputs: dict[str, Flattened | None]
    tangents: dict[str, Flattened | None]
    gradients: dict[str, Flattened | None]
    outputs: dict[int, Flattened]

    @classmethod
    def of(cls, joint: JointCapture) -> SubclassMetadata:
        """Read the metadata of a capture. What another version of torch does not have is empty."""
        metadata = joint.state.fw_metadata
        descriptors = joint.state.flat_args_descs
        unpacked = getattr(joint.capture, "maybe_subclass_meta", None)
        outputs = {}
        first = len(metadata.tokens)
        for meta in getattr(metadata, "subclass_fw_graph_out_meta", None) or ():
            if isinstance(meta, SubclassCreationMeta) and (value := _flattened(meta)) is not None:
                outputs[meta.flat_tensor_start_idx + first] = value
        return cls(
            dict(_by_descriptor(descriptors, getattr(metadata, "subclass_inp_meta", None))),
            dict(_by_descriptor(metadata.traced_tangents_descs, getattr(metadata, "subclass_tangent_meta", None))),
            dict(_by_descriptor(descriptors, getattr(unpacked, "grad_input_metas", None))),
            outputs,
        )


def _by_descriptor(
    descriptors: Sequence[AOTInput], metas: Sequence[Any] | None
) -> Iterator[tuple[str, Flattened | None]]:
    for descriptor, meta in zip(descriptors or (), metas or ()):
        if isinstance(meta, SubclassCreationMeta):
            if (value := _flattened(meta)) is not None:
                yield repr(descriptor), value
        elif isinstance(meta, PlainTensorMeta):
            yield repr(descriptor), None


def _flattened(meta: SubclassCreationMeta) -> Flattened | None:
    """Return a subclass that torch noted; None after torch has dropped it, as it does before it runs a graph."""
    value = meta.original_subclass
    if value is None:
        return None
    parts = []
    for name, inner in meta.attrs.items():
        part = _flattened(inner) if isinstance(inner, SubclassCreationMeta) else None
        parts.append((name, part if part is not None else getattr(value, name)))
    return Flattened(value, tuple(parts), meta.meta)


def flattened(value: Any) -> Flattened | None:
    """Flatten a value as AOTAutograd does; None for a value that is no tensor subclass of this kind."""
    if not is_traceable_wrapper_subclass(value):
        return None
    try:
        (meta,) = subclass_utils.create_subclass_meta([value])
    except Exception:  # the class breaks the protocol, or another version of torch has no such function
        return None
    return _flattened(meta) if isinstance(meta, SubclassCreationMeta) else None


def placed(value: Any) -> Placed | None:
    """Return the mesh and the placements of a DTensor; None for any other value. Torch's class is not imported."""
    module = sys.modules.get("torch.distributed.tensor")
    kind = getattr(module, "DTensor", None)
    if not isinstance(kind, type) or not isinstance(value, kind):
        return None
    dtensor: Any = value
    return Placed(unwrapped_opaque(dtensor.device_mesh), tuple(dtensor.placements))


def unwrapped_opaque(value: Any) -> Any:
    """Return the user's own object for the one that takes its place in a trace, such as a mesh or a ScriptObject."""
    return getattr(value, "real_obj", value) if type(value).__name__ == "FakeScriptObject" else value
