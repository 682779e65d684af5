"""The vocabulary of a descriptor map: all facts that one capture of one target yields.

All classes are frozen dataclasses of plain values, and go to JSON and back without loss (`json_codec`). Lines and
columns count from 1, columns in Unicode code points, and the end of a span is exclusive. A column is None if Python
does not report it (Python 3.10, statements of whole lines). Paths are absolute. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .collectives import Collective
from .compiled import Compiled, DynamoSource, Guard
from .ddp import DdpParameter
from .eager_run import EagerRun
from .example_options import DynamicSize, ExampleOptions, World
from .failures import Failure
from .findings import Finding
from .graph_breaks import GraphBreak
from .graphs import (
    Descriptor,
    EagerMemory,
    Graph,
    HeldStorage,
    Input,
    Output,
    Partition,
    Saved,
    SavedTotal,
    Slot,
    TakenView,
    VanishedArgument,
)
from .operations import Body, BodyCall, BodyInput, Operation, StackFrame
from .places import Frame, Span
from .problems import Problem
from .subclasses import Expected, Mesh, Piece, Placement, Sharding, Subclass, Transfer
from .symbols import Symbol
from .training_steps import Optimizer, OptimizerGroup, StepModel, TrainingStep
from .values import FoldedLayers, Values

__all__ = [
    "SCHEMA",
    "Argument",
    "Attempt",
    "Body",
    "BodyCall",
    "BodyInput",
    "Collective",
    "Compiled",
    "DdpParameter",
    "Descriptor",
    "DescriptorMap",
    "DynamicSize",
    "DynamoSource",
    "EagerMemory",
    "EagerRun",
    "Example",
    "ExampleOptions",
    "Expected",
    "Failure",
    "Finding",
    "FoldedLayers",
    "Frame",
    "Graph",
    "GraphBreak",
    "Guard",
    "HeldStorage",
    "Input",
    "Mesh",
    "ModuleInstance",
    "Operation",
    "Optimizer",
    "OptimizerGroup",
    "Output",
    "Partition",
    "Piece",
    "Placement",
    "Problem",
    "Saved",
    "SavedTotal",
    "Seconds",
    "Sharding",
    "Slot",
    "Span",
    "StackFrame",
    "StateTensor",
    "StepModel",
    "Subclass",
    "Symbol",
    "TakenView",
    "Target",
    "TrainingStep",
    "Transfer",
    "Values",
    "VanishedArgument",
    "World",
]

SCHEMA = "aotlens.trace/1"


@dataclass(frozen=True)
class Target:
    """The traced class or function of a file. `line` is the line of its `class` or `def`; None if it was not found."""

    path: str
    qualname: str
    line: int | None = None


@dataclass(frozen=True)
class Argument:
    """One argument of the traced call: the user's name for it, and its value in brief (`f32[2, 16, 64]`)."""

    name: str
    value: str


@dataclass(frozen=True)
class Example:
    """The way in which the target was built and called.

    `origin` is one of option, pinned, recorded, call-site and inferred. A recorded example was found in the call of
    another target, `recorded_in` (`/path/model.py::Net`), whose own example has the origin `recorded_origin`.

    `constructor` is the expression of the module or method that was called, None for a plain function, and `arguments`
    are those of the call.
    `expression` is the example's text and `source` its place; both are None if it has none. `pin` is one expression
    that builds and calls the same from scratch, None if there is no such expression. `candidate` is the index of the
    example in `TraceParams.examples`, and `rule` the repair rule that proposed an inferred example, None for a first
    guess. `as_for` is another class of the file, if an inferred example has the values that served for that.

    `mode` is `train` or `eval`, None for a function. `weights` is `fake` if parameters had shapes only, and `real` if
    they had to be allocated; `weights_reason` then says why. `options` are the cluster and the dynamic sizes that the
    call had.

    `tried_with` are optional arguments that a guess passes because they lead to a loss (`targets`). `passed` and
    `left_out` are those that the user chose to be passed, or left out, whatever the example says.
    """

    origin: str
    recorded_in: str | None = None
    recorded_origin: str | None = None
    constructor: str | None = None
    arguments: tuple[Argument, ...] = ()
    expression: str | None = None
    source: Span | None = None
    mode: str | None = None
    weights: str = "fake"
    weights_reason: Problem | None = None
    pin: str | None = None
    candidate: int | None = None
    rule: str | None = None
    options: ExampleOptions = field(default_factory=ExampleOptions)
    tried_with: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    as_for: str | None = None


@dataclass(frozen=True)
class Attempt:
    """An example that was tried and passed over, and why. Its fields are those of `Example`.

    `rule` is the repair rule that proposed an inferred example; None for the first guess. Without an `expression`, the
    rule itself failed, for the `reason`.
    """

    origin: str
    reason: Problem
    expression: str | None = None
    source: Span | None = None
    recorded_in: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class ModuleInstance:
    """A module of the traced module tree.

    `name` is its name in the tree, empty for the root, and `type` the name of its class. `class_path` and `class_line`
    are the place of the class; the path is None if the class has no file, the line if it belongs to a library or the
    file's text does not show it.
    `definition` is the place that created the module, None if unknown. `set_at` is the user's later line with which the
    code of a package replaced the module that was made there; None if there is none.
    """

    name: str
    type: str
    class_path: str | None
    class_line: int | None
    definition: Span | None = None
    set_at: Span | None = None


@dataclass(frozen=True)
class StateTensor:
    """A parameter or buffer of the module that was built: known before any call, and if the call fails.

    `name` is its FQN, `kind` is `parameter` or `buffer`, and `dtype` torch's name. `definition` is its birthplace, None
    if it is not known, and `set_at` the user's later line that put another tensor in the place of the first.
    `other_names` are the names of ties. `type` is the name of the class of a tensor subclass, None for a plain tensor;
    `bytes` are then those of the tensors in it, on the traced rank, and `sharding` is that of a DTensor, whose `shape`
    is that of the whole tensor on all ranks.
    """

    name: str
    kind: str
    dtype: str
    shape: tuple[int | str, ...]
    device: str
    requires_grad: bool
    definition: Span | None = None
    other_names: tuple[str, ...] = ()
    set_at: Span | None = None
    type: str | None = None
    bytes: int | None = None
    sharding: Sharding | None = None


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of each phase of a trace."""

    import_: float = 0.0
    example: float = 0.0
    capture: float = 0.0
    describe: float = 0.0
    total: float = 0.0
    eager: float = 0.0


@dataclass(frozen=True)
class DescriptorMap:
    """All that is known about one target after one capture. Immutable: a new trace makes a new map.

    `status` is `traced` or `failed`; `failure` is None unless the trace failed. `convention` is the calling convention:
    `export` (one graph of the whole call, parameters first) or `compile` (what torch.compile runs: a graph between two
    graph breaks, inputs in the order of their first use). `example` is None if there was none to try. `attempts` are
    the examples that were passed over, `modules` the module tree, `files` the user's files that were imported, and
    `torch` the version of torch. `libraries` are the files of installed packages that were imported too, of torch only
    the one with its version. `eager_run` is None if no steps were made in eager.

    `ddp_parameters` are the parameters in the order in which DDP counts them: an index in its errors is one into this.
    Empty for a plain function.

    `state` are the module's parameters and buffers, and `values` what the call computed, expression by expression; None
    before it was made. Both are there also if the trace failed. `folded` is not empty in a provisional map: only some
    of many equal layers were traced, and an exact map follows. `step` is the training step of a script that was traced,
    else None. `autocast_of_cuda` says that the code entered an autocast for CUDA without CUDA: its tensors are those of
    the CPU, in the types that they have on CUDA.
    """

    target: Target
    status: str
    convention: str
    example: Example | None = None
    graphs: tuple[Graph, ...] = ()
    modules: tuple[ModuleInstance, ...] = ()
    graph_breaks: tuple[GraphBreak, ...] = ()
    findings: tuple[Finding, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None
    seconds: Seconds = Seconds()
    torch: str | None = None
    files: tuple[str, ...] = ()
    eager_run: EagerRun | None = None
    ddp_parameters: tuple[DdpParameter, ...] = ()
    state: tuple[StateTensor, ...] = ()
    values: Values | None = None
    folded: tuple[FoldedLayers, ...] = ()
    libraries: tuple[str, ...] = ()
    step: TrainingStep | None = None
    autocast_of_cuda: bool = False
