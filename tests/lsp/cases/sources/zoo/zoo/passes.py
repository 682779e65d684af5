"""Passes over joint graphs."""

import torch
from torch._functorch._aot_autograd import fx_utils
from torch._functorch._aot_autograd.descriptors import BufferAOTInput, GradAOTOutput, TangentAOTInput

buffers = fx_utils.get_named_buffer_nodes


def report(graph):
    for desc, (output, tangent) in fx_utils.get_plain_output_and_tangent_nodes(graph).items():
        print("out é 😀", desc.idx, output, tangent)
    for node in graph.find_nodes(op="placeholder"):
        desc = node.meta["desc"]
        if isinstance(desc, TangentAOTInput):
            print(desc.output, GradAOTOutput(desc.output))
        elif isinstance(desc, BufferAOTInput):
            print(desc.target, node.target)


def in_compile(graph):
    return fx_utils.get_param_nodes(graph)


torch._inductor.config.joint_custom_post_pass = in_compile
