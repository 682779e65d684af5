"""Passes over joint graphs."""

import torch
from torch._functorch._aot_autograd import fx_utils
from torch._functorch._aot_autograd.descriptors import BufferAOTInput, GradAOTOutput, TangentAOTInput
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors

from .model import Zoo


def report(stack, arguments):
    graph = aot_export_joint_with_descriptors(stack, Zoo(), arguments).graph_module.graph
    for desc, (output, tangent) in fx_utils.get_plain_output_and_tangent_nodes(graph).items():
        print("out é 😀", desc.idx, output, tangent)
    for node in graph.find_nodes(op="placeholder"):
        desc = node.meta["desc"]
        if isinstance(desc, TangentAOTInput):
            print(desc.output, GradAOTOutput(desc.output))
        elif isinstance(desc, BufferAOTInput):
            print(desc.target, node.target)


def before_autograd(graph):
    return fx_utils.get_param_nodes(graph)


torch._inductor.config.pre_grad_custom_pass = before_autograd
