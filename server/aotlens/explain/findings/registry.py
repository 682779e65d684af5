"""All kinds of findings by their code, in the order of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import (
    aliased_inputs,
    aliased_outputs,
    argument_without_gradient,
    broken_flatten_protocol,
    buffer_mutation,
    communication_outside_graph,
    cuda_graph_blocker,
    data_replaced,
    dimension_specialized,
    duplicate_definition,
    eager_step_failed,
    example_failed,
    gradient_always_zero,
    gradient_outside_graph,
    gradient_placements,
    graph_break,
    graph_kept_across_calls,
    illegal_descriptor_nesting,
    implicit_redistribution,
    input_mutation,
    lock_changed,
    missing_package,
    parameter_in_no_optimizer,
    parameter_without_gradient,
    partition_failed,
    recompiled,
    tangent_placements,
    tangent_type,
    trace_failed,
    unknown_parameter_name,
    unregistered_parameter,
    unused_suppression,
)
from .kind import Kind

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        module.KIND.code: module.KIND
        for module in (
            parameter_without_gradient,
            parameter_in_no_optimizer,
            argument_without_gradient,
            gradient_always_zero,
            gradient_outside_graph,
            gradient_placements,
            tangent_type,
            tangent_placements,
            eager_step_failed,
            unregistered_parameter,
            graph_break,
            recompiled,
            dimension_specialized,
            cuda_graph_blocker,
            implicit_redistribution,
            communication_outside_graph,
            input_mutation,
            buffer_mutation,
            graph_kept_across_calls,
            data_replaced,
            aliased_inputs,
            aliased_outputs,
            broken_flatten_protocol,
            missing_package,
            duplicate_definition,
            partition_failed,
            example_failed,
            trace_failed,
            unknown_parameter_name,
            illegal_descriptor_nesting,
            unused_suppression,
            lock_changed,
        )
    }
)
