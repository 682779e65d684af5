"""The truth: torch's metadata of the tensor subclasses of each pinned class of a file, one line of JSON for each.

It also makes the call on real tensors: the types, placements and bytes of the gradients, and the collective operations
that one step of plain SGD runs for each parameter. This script shares no code with aotlens.

    python plain_metadata.py FILE
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from plain import PINNED, build, joint_graph, load
from torch._functorch._aot_autograd import descriptors as described
from torch._functorch._aot_autograd.schemas import OpaqueMeta, SubclassCreationMeta
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.debug import CommDebugMode


def tree(meta: Any, value: Any, descriptor: Any) -> Any:
    """A subclass as torch's metadata has it; for anything else the repr of its descriptor, and its shape."""
    is_input = isinstance(descriptor, described.AOTInput)
    attribute = described.SubclassGetAttrAOTInput if is_input else described.SubclassGetAttrAOTOutput
    if not isinstance(meta, SubclassCreationMeta):
        shape = None if isinstance(meta, OpaqueMeta) else texts(value.shape)
        return {"descriptor": repr(descriptor), "shape": shape}
    return {
        "type": type(value).__name__,
        "shape": texts(meta.outer_size),
        "stride": texts(meta.outer_stride),
        "placements": placements(value),
        "pieces": {
            name: tree(inner, getattr(value, name), attribute(descriptor, name)) for name, inner in meta.attrs.items()
        },
    }


def texts(sizes: Any) -> list[str]:
    return [str(size) for size in sizes]


def placements(value: Any) -> list[str] | None:
    return [repr(each) for each in value.placements] if isinstance(value, DTensor) else None


def wholes(descriptors: Any, metas: Any) -> dict[str, Any]:
    """The trees of the subclasses among some values, by the repr of the descriptor of each."""
    return {
        repr(descriptor): tree(meta, meta.original_subclass, descriptor)
        for descriptor, meta in zip(descriptors, metas)
        if isinstance(meta, SubclassCreationMeta)
    }


def metadata(joint: Any) -> dict[str, Any]:
    state = joint._aot_state
    noted, unpacked = state.fw_metadata, joint._aot_graph_capture.maybe_subclass_meta
    inputs = state.flat_args_descs
    changed = [described.InputMutationAOTOutput(inputs[index]) for index in noted.mutated_inp_runtime_indices]
    outputs = [*changed, *(described.PlainAOTOutput(index) for index in range(len(noted.output_info)))]
    return {
        **wholes(inputs, noted.subclass_inp_meta),
        **wholes(noted.traced_tangents_descs, noted.subclass_tangent_meta),
        **wholes(outputs, noted.subclass_fw_graph_out_meta),
        **wholes([described.GradAOTOutput(each) for each in inputs], unpacked.grad_input_metas),
    }


def in_eager(module: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """The gradients of the parameters on real tensors, and the collectives of a step of SGD; empty if that fails."""
    try:
        outputs = torch.utils._pytree.tree_leaves(module(*args, **kwargs))
        tensors = [each for each in outputs if isinstance(each, torch.Tensor) and each.requires_grad]
        torch.autograd.backward(tensors, [torch.ones_like(each) for each in tensors])
    except Exception:
        return {}
    found = {}
    for name, parameter in module.named_parameters():
        gradient = parameter.grad
        if gradient is None:
            found[name] = None
            continue
        found[name] = {"type": type(gradient).__name__, "placements": placements(gradient)}
        if isinstance(parameter, DTensor) and type(parameter.to_local()) is torch.Tensor:
            found[name]["bytes"] = [parameter.to_local().nbytes, gradient.to_local().nbytes]
            with CommDebugMode() as counted:
                torch.optim.SGD([parameter], 0.1).step()
            found[name]["collectives"] = {
                str(operator).rpartition(".")[2]: count for operator, count in counted.get_comm_counts().items()
            }
    return found


def main() -> None:
    (path,) = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        source = file.read()
    namespace = vars(load(path))
    for match in PINNED.finditer(source):
        torch._dynamo.reset()
        with joint_graph(*build(match["example"], namespace)) as (way, joint):
            answer = {"name": match["name"], "capture": way, "wholes": metadata(joint)}
        answer["eager"] = in_eager(*build(match["example"], namespace))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
