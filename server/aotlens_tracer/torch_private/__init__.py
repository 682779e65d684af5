"""Every touch of torch's private modules and attributes, split by subject (torch 2.13 to 2.15).

No other file of the tracer names anything private of torch, so that a new torch release is one folder's work
(`tests/unit/test_walls.py`).
"""

from __future__ import annotations

from .bodies import compile_bodies_in_every_stance, operators_of_body
from .checkpoints import checkpoint_of, watching_checkpoints
from .cluster import InCluster, in_cluster
from .collectives import Asked, Spec, arranges, asked_of, collective_of, given_to, noting_collectives, style_at
from .compiled_call import CompiledCall, CompiledCalls, CompiledGraph, Run
from .compiled_code import compiled_code_in_eager, without_compile
from .counters import counting_apart
from .cuda_graphs import OffGraph, off_graph, unsafe_nodes
from .ddp import called_by_ddp, ignored_by_ddp
from .dynamo import (
    TorchDynamoException,
    Unsupported,
    compiling,
    dynamo_capture,
    take_flex_attention_on_cpu,
)
from .fake_calls import FakeCall, FakeCalls, forget_results_of_other_settings, noting_fake_calls, settings_of_results
from .fake_mode import (
    DataDependentOutputException,
    FakeTensor,
    FakeTensorMode,
    deep_copies,
    fake_mode,
    readable_constants,
    truncated_normal,
    unset_fake_temporarily,
)
from .graph_breaks import Break, BreakText, explain_graph_breaks, parts_of, qualified_name
from .guards import DynamoGuard, dynamo_guards
from .joint_graph import KNOWN_TYPES, AOTInput, AOTOutput, Flat, JointCapture, joint_capture
from .layers import Parts, first_children, hooks_of_saved_tensors, parts_of_module
from .marks import Mark, mark, marks_on, noting_marks
from .modules import (
    BATCH_NORMS,
    CALL_CODE,
    CONVERSION_CODE,
    calls_of_modules,
    has_no_forward,
    hooks_of,
    kept_by,
    own_module,
    own_tensor,
    patched_conversions,
    share_state,
)
from .names import (
    COPIES,
    CUSTOM_FUNCTION,
    DERIVATIVES,
    DETACHING,
    ENTERS_INFERENCE,
    EXITS_INFERENCE,
    METADATA,
    NEW_PARAMETER,
    READS_METADATA,
    READS_NUMBERS,
    SETS_GRAD_MODE,
)
from .operations import Schema, schema_of
from .partitioner import configured_memory_budget, partition
from .recompiles import LIMIT_EXCEEDED, Recompile, recompile_limit
from .redistribution import Moved, redistributed
from .refused_marks import Condition, Refusal, refusals, tracked_in
from .sharded_modules import Gathered, gather, gathered_parameters, replicated_by_ddp
from .specialized import is_constraint_violation, specialized_sizes, weaken_marks
from .subclass_metadata import Flattened, Placed, SubclassMetadata, flattened, placed, unwrapped_opaque
from .symbols import SymbolFacts, symbols_of
from .tensors import (
    StorageWeakRef,
    TorchDispatchMode,
    functorch_layers,
    is_foreach,
    is_operator,
    is_traceable_wrapper_subclass,
    may_allocate,
    pytree,
    saved_fields,
    storage_key,
    version_of,
    without_torch_functions,
    written_arguments,
)
from .wrapper_classes import (
    dispatches_itself,
    faked,
    has_result,
    is_of_torch,
    is_opaque,
    noting_dispatch,
    noting_wrappers,
)

__all__ = [
    "BATCH_NORMS",
    "CALL_CODE",
    "CONVERSION_CODE",
    "COPIES",
    "CUSTOM_FUNCTION",
    "DERIVATIVES",
    "DETACHING",
    "ENTERS_INFERENCE",
    "EXITS_INFERENCE",
    "KNOWN_TYPES",
    "LIMIT_EXCEEDED",
    "METADATA",
    "NEW_PARAMETER",
    "READS_METADATA",
    "READS_NUMBERS",
    "SETS_GRAD_MODE",
    "AOTInput",
    "AOTOutput",
    "Asked",
    "Break",
    "BreakText",
    "CompiledCall",
    "CompiledCalls",
    "CompiledGraph",
    "Condition",
    "DataDependentOutputException",
    "DynamoGuard",
    "FakeCall",
    "FakeCalls",
    "FakeTensor",
    "FakeTensorMode",
    "Flat",
    "Flattened",
    "Gathered",
    "InCluster",
    "JointCapture",
    "Mark",
    "Moved",
    "OffGraph",
    "Parts",
    "Placed",
    "Recompile",
    "Refusal",
    "Run",
    "Schema",
    "Spec",
    "StorageWeakRef",
    "SubclassMetadata",
    "SymbolFacts",
    "TorchDispatchMode",
    "TorchDynamoException",
    "Unsupported",
    "arranges",
    "asked_of",
    "called_by_ddp",
    "calls_of_modules",
    "checkpoint_of",
    "collective_of",
    "compile_bodies_in_every_stance",
    "compiled_code_in_eager",
    "compiling",
    "configured_memory_budget",
    "counting_apart",
    "deep_copies",
    "dispatches_itself",
    "dynamo_capture",
    "dynamo_guards",
    "explain_graph_breaks",
    "fake_mode",
    "faked",
    "first_children",
    "flattened",
    "forget_results_of_other_settings",
    "functorch_layers",
    "gather",
    "gathered_parameters",
    "given_to",
    "has_no_forward",
    "has_result",
    "hooks_of",
    "hooks_of_saved_tensors",
    "ignored_by_ddp",
    "in_cluster",
    "is_constraint_violation",
    "is_foreach",
    "is_of_torch",
    "is_opaque",
    "is_operator",
    "is_traceable_wrapper_subclass",
    "joint_capture",
    "kept_by",
    "mark",
    "marks_on",
    "may_allocate",
    "noting_collectives",
    "noting_dispatch",
    "noting_fake_calls",
    "noting_marks",
    "noting_wrappers",
    "off_graph",
    "operators_of_body",
    "own_module",
    "own_tensor",
    "partition",
    "parts_of",
    "parts_of_module",
    "patched_conversions",
    "placed",
    "pytree",
    "qualified_name",
    "readable_constants",
    "recompile_limit",
    "redistributed",
    "refusals",
    "replicated_by_ddp",
    "saved_fields",
    "schema_of",
    "settings_of_results",
    "share_state",
    "specialized_sizes",
    "storage_key",
    "style_at",
    "symbols_of",
    "take_flex_attention_on_cpu",
    "tracked_in",
    "truncated_normal",
    "unsafe_nodes",
    "unset_fake_temporarily",
    "unwrapped_opaque",
    "version_of",
    "watching_checkpoints",
    "weaken_marks",
    "without_compile",
    "without_torch_functions",
    "written_arguments",
]
