"""Passes over the joint graph of the decoder of this folder, for both calling conventions.

`python docs/examples/passes.py` prints what they find.
"""

import contextlib

import torch
from decoder import Decoder
from torch import fx
from torch._dynamo.backends.common import aot_autograd
from torch._functorch._aot_autograd.descriptors import GradAOTOutput, ParamAOTInput, PlainAOTInput
from torch._functorch._aot_autograd.fx_utils import (
    get_named_buffer_nodes,
    get_param_and_grad_nodes,
    get_plain_input_and_grad_nodes,
)
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors, make_boxed_func
from torch._functorch.partitioners import min_cut_rematerialization_partition


def without_gradient(graph: fx.Graph) -> list[str]:
    """The parameters that get no gradient."""
    found = []
    for desc, (param, grad) in get_param_and_grad_nodes(graph).items():
        if grad is None:
            found.append(f"{desc.target} ({param})")
    return found


def gradients(graph: fx.Graph) -> dict[str, str]:
    """The node that computes the gradient of each parameter, read from the descriptors of the output."""
    found = {}
    (output,) = graph.find_nodes(op="output")
    for node, desc in zip(output.args[0], output.meta["desc"]):
        if isinstance(desc, GradAOTOutput) and isinstance(desc.grad_of, ParamAOTInput) and node is not None:
            found[desc.grad_of.target] = node.name
    return found


def exported(model: torch.nn.Module, *args: torch.Tensor) -> None:
    """The export convention: parameters have names."""
    with contextlib.ExitStack() as stack:
        joint = aot_export_joint_with_descriptors(stack, model, args)
        graph = joint.graph_module.graph
        print("without gradient:", *without_gradient(graph))
        print("buffers:", *get_named_buffer_nodes(graph))
        print("gradients:", len(gradients(graph)))


def count_inputs(joint: fx.GraphModule, inputs: list[torch.Tensor], **options: object) -> object:
    """The convention of torch.compile: everything is a plain input, in the order of its first use."""
    plain = get_plain_input_and_grad_nodes(joint.graph)
    named = get_param_and_grad_nodes(joint.graph)
    print("plain inputs:", len(plain), "of them with a gradient:", sum(grad is not None for _, grad in plain.values()))
    print("parameters:", len(named))
    for node in joint.graph.find_nodes(op="placeholder"):
        match node.meta["desc"]:
            case PlainAOTInput(idx=0):
                print("first used:", node)
    return min_cut_rematerialization_partition(joint, inputs, **options)


def compiled(model: torch.nn.Module, *args: torch.Tensor) -> None:
    """Compile with a partitioner of our own."""
    backend = aot_autograd(fw_compiler=lambda graph, inputs: make_boxed_func(graph), partition_fn=count_inputs)
    torch.compile(model, backend=backend)(*args)["loss"].backward()


if __name__ == "__main__":
    ids, labels = torch.randint(100, (2, 8)), torch.randint(100, (2, 8))
    exported(Decoder(vocab=100, width=16, heads=2, layers=2), ids, labels)
    compiled(Decoder(vocab=100, width=16, heads=2, layers=2), ids, labels)
