"""The vocabulary of one captured graph: its inputs and outputs, and what it saves for backward.

Its operations, and the bodies that some of them run, are in `operations`.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from .collectives import Collective
from .compiled import Compiled, DynamoSource
from .json_codec import OrPlain
from .operations import Body, Operation, StackFrame
from .places import Span
from .problems import Problem
from .subclasses import Mesh, Subclass
from .symbols import Symbol

FieldValue = Annotated[Any, OrPlain(lambda: Descriptor)]
"""The value of a descriptor's field: a nested Descriptor, or a plain value."""


@dataclass(frozen=True)
class Descriptor:
    """A copy of one of torch's `AOTInput` or `AOTOutput` objects (`torch/_functorch/_aot_autograd/descriptors.py`).

    `kind` is the name of its class, `descriptor` its repr, `expression` the result of its `expr()`, None if that fails.
    `fields` are its dataclass fields by name; a field that holds a descriptor holds a nested Descriptor here.
    """

    kind: str
    descriptor: str
    expression: str | None
    fields: dict[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Slot:
    """One input or output of the graph.

    `index` counts from 0, inputs and outputs apart. `node` is the name of the graph's node; None for an output that no
    node computes. `kind`, `descriptor`, `expression` and `fields` are those of the slot's Descriptor; None (`fields`
    empty) if torch attached none. `label` is the user's name for the slot. `shape` holds ints, and strings for symbolic
    sizes; `dtype` and `shape` are None if the slot is not a tensor.
    """

    index: int
    node: str | None
    kind: str | None
    descriptor: str | None
    expression: str | None
    label: str
    dtype: str | None
    shape: tuple[int | str, ...] | None
    fields: dict[str, FieldValue] = field(default_factory=dict)

    def as_descriptor(self) -> Descriptor | None:
        """Return the descriptor of the slot; None if torch attached none."""
        if self.kind is None or self.descriptor is None:
            return None
        return Descriptor(self.kind, self.descriptor, self.expression, self.fields)


@dataclass(frozen=True)
class Input(Slot):
    """A placeholder of the graph.

    `definition` is the place that created the parameter or buffer, and `set_at` the user's later line that put another
    tensor in the place of the first (`quantize_`); None if there is none. `requires_grad` and `used` (something in the
    graph reads the input, or the same tensor under another name) are None if they are not known. `tied_to` has the
    other names of the same parameter, or of an argument the other arguments that are the same tensor, and `stands_for`
    the names of arguments that have no input because this one replaces them. `reads` are the user's expressions whose
    forward operations read the input, `changed_at` those that change it in place. `dynamo` is the place from which
    Dynamo takes the input; None in the export convention, where the descriptor itself says it, and for tangents.
    `is_written` says that the graph itself writes a new value into the input (`copy_`), as torch.compile does if it
    may: then there is no output with the new value. `is_unchanged` says that the output with the new value is the input
    itself: other pieces of the same subclass change. `symbol` is the text that a symbolic number has in shapes,
    `s77`; None for a tensor. `mesh` is the mesh of devices that the input is, None for any other.

    The other fields are indices into `Graph.outputs`, None if there is no such output:

    * `gradient`: the slot for the gradient of this input; its `node` is None if no gradient is computed.
    * `gradient_pieces`: all slots of a gradient that is a tensor subclass while the input is not; `gradient` is the
      first of them. Otherwise empty.
    * `mutation`: the new value of an input that is changed in place.
    * `tangent_of`: for a tangent, the output whose incoming gradient it is.
    * `token`: for an effect token, the output that returns it.
    """

    definition: Span | None = None
    gradient: int | None = None
    mutation: int | None = None
    tangent_of: int | None = None
    token: int | None = None
    stands_for: tuple[str, ...] = ()
    tied_to: tuple[str, ...] = ()
    requires_grad: bool | None = None
    used: bool | None = None
    reads: tuple[Span, ...] = ()
    changed_at: tuple[Span, ...] = ()
    gradient_pieces: tuple[int, ...] = ()
    dynamo: DynamoSource | None = None
    is_written: bool = False
    symbol: str | None = None
    set_at: Span | None = None
    is_unchanged: bool = False
    mesh: Mesh | None = None


@dataclass(frozen=True)
class Output(Slot):
    """An output of the graph.

    `source` is the expression that computed it. `requires_grad` is known for values that `forward` returns, None for
    others. `is_internal` says that the call does not return the value: the code after the graph takes it, to go on
    after a graph break or to set an attribute. `symbol` is the text that a symbolic number has in shapes, `s77*8`; None
    for a tensor.

    The other fields are indices, None if there is no such slot. Indices into `Graph.inputs`:

    * `tangent`: the incoming gradient of this output.
    * `gradient_of`, `mutation_of`: the input whose gradient or new value this is.
    * `token`: for an effect token, the input that it came from.
    * `alias_of`: the input that this output is, or is a view of.

    Indices into `Graph.outputs`:

    * `view_of`: the output that this one is a view of.
    * `base_of`: for an intermediate base, the outputs that are views of it; empty for other outputs.
    """

    source: Span | None = None
    tangent: int | None = None
    gradient_of: int | None = None
    mutation_of: int | None = None
    token: int | None = None
    alias_of: int | None = None
    base_of: tuple[int, ...] = ()
    requires_grad: bool | None = None
    view_of: int | None = None
    is_internal: bool = False
    symbol: str | None = None


@dataclass(frozen=True)
class Saved:
    """A value that is kept for backward: by the partitioned forward graph, or in eager by autograd.

    `node` is its name in the graph; None in eager. `bytes` is the number of elements times the element size, where
    elements that `expand` repeats count once. `bytes`, `dtype` and `shape` are None if the value is not a tensor.
    `alias_of` is the node whose memory the value shares (a graph input or another saved value), so that it costs
    nothing of its own; None if it has its own memory.

    `label` is the text of the expression that computed the value, `source` its place, and `frame` the index of its
    innermost frame in `Graph.frames`; for a saved argument of a call they are those of the argument. `module` is the
    name of the innermost module that computed it (empty for the root, None if unknown).

    `read_by` says why the value is saved: the names of the backward operations that read it. In eager they are the
    autograd nodes that keep it, each with the attribute that holds it there (`AddmmBackward0.mat1`).

    `storage` is the number of the storage that the value lies in, and `storage_bytes` the size of that storage, which
    is kept alive as a whole; values with the same number share it. None if the value is a node of a graph: the compiler
    decides how it lies in memory. `symbol` is the text that a symbolic number has in shapes; None for a tensor.
    """

    node: str | None
    kind: str
    bytes: int | None
    alias_of: str | None
    label: str
    dtype: str | None
    shape: tuple[int | str, ...] | None
    source: Span | None = None
    frame: int | None = None
    read_by: tuple[str, ...] = ()
    module: str | None = None
    storage: int | None = None
    storage_bytes: int | None = None
    symbol: str | None = None


@dataclass(frozen=True)
class TakenView:
    """An expression that takes a part out of a larger tensor without copying it.

    `label` is its text and `source` its place. `is_inside` says that it is a call that does so in a library.
    """

    label: str
    source: Span | None
    is_inside: bool


@dataclass(frozen=True)
class HeldStorage:
    """A storage that autograd keeps alive in eager as a whole, although it needs a part of it only.

    `label` is the text of the expression that allocated it and `source` its place. `bytes` is its size, `needed` what
    the saved values have of it. `views` are the expressions that took these values out of it, empty if unknown.
    `returned` says that the result of the call keeps it alive too.
    """

    label: str
    source: Span | None
    bytes: int
    needed: int
    views: tuple[TakenView, ...]
    returned: bool


@dataclass(frozen=True)
class EagerMemory:
    """The memory that the call allocates in eager and that is still there after it, while the result is kept.

    `on` says whether the tensors were real or fake. `saved` are the bytes of the elements that autograd saves, `held`
    those of the storages that are kept alive for them, `returned` those of the other storages of the result. The
    process grows by `held + returned` and by what the code keeps elsewhere. `partly` are the storages that are held and
    not needed as a whole, the largest surplus first.
    """

    on: str
    saved: int
    held: int
    returned: int
    partly: tuple[HeldStorage, ...] = ()


@dataclass(frozen=True)
class SavedTotal:
    """The total of the values that one partitioner, at one memory budget, saves for backward.

    `bytes` and `values` count values with memory of their own. `recomputed` is the number of forward operations that
    run again in the backward pass. `held` are the bytes of the storages that are kept alive for these values; it is
    known in eager only. `problem` says why these numbers are None; it is None if they are known.
    """

    partitioner: str
    memory_budget: float | None
    bytes: int | None = None
    values: int | None = None
    recomputed: int | None = None
    problem: Problem | None = None
    held: int | None = None


@dataclass(frozen=True)
class VanishedArgument:
    """A tensor argument without an input of its own.

    `into` is the index of the input that replaces it, None if that is unknown. `reason` is `deduplication` (the same
    tensor was passed twice), `base` (it shares memory with an argument that is changed in place) or `unknown`.
    """

    label: str
    expression: str
    into: int | None
    reason: str


@dataclass(frozen=True)
class Partition:
    """The forward and the backward graph that torch's partitioner made of the joint graph.

    `forward` and `backward` are indices of operations, in the order of each graph. They index the joint graph's
    operations followed by `operations`, which are those that the partitioner added or changed. An operation in both
    graphs is computed again in the backward pass. `bodies` are those that are not the joint graph's. `returns` are
    the nodes that the backward graph returns: the last outputs of the joint graph, None for an output that is None.
    `returns` itself is None if it is not known.
    """

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    operations: tuple[Operation, ...] = ()
    returns: tuple[str | None, ...] | None = None
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True)
class Graph:
    """One captured graph.

    `capture` is `dynamo` or `direct` (AOTAutograd alone). `joint` is False for a graph without a backward part.
    `subclasses` are the tensor subclasses that were unpacked, `vanished` the arguments without an input of their own.
    `operations` are in the order of the graph, and `frames` has each frame of their call chains once. `bodies` are the
    graphs that higher-order operations run, each before those inside it.

    `partitioner` chose `saved` and `partition`: `eager` (autograd itself, without a partition), `default` or `min-cut`.
    `memory_budget` is the budget that min-cut had, None for the others. `eager_on` says whether eager ran on `real` or
    `fake` tensors. `saved`, `partition` and `partitioner` are None if they are not known. `compared` has the totals of
    every choice; it is empty if the request did not ask for them. `eager_memory` is what the call leaves in memory in
    eager, whatever the partitioner; None if that was not measured.

    `only_in_graph` and `only_in_eager` are the indices of the inputs whose gradient one of both has, and the other has
    not: the graph, and the user's own backward pass in eager. They are empty if the two agree, or were not compared.

    `collectives` are the collective operations, in the order of the graph. `symbols` are those in its shapes.

    `devices` are the types of the devices that its tensors are on (`cpu`, `cuda`), sorted: each has kernels of its own,
    which save other values. Empty if they are not known.

    `compiled` says what torch.compile made the graph of; None in the export convention.
    """

    capture: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    saved: tuple[Saved, ...] | None = None
    subclasses: tuple[Subclass, ...] = ()
    vanished: tuple[VanishedArgument, ...] = ()
    joint: bool = True
    frames: tuple[StackFrame, ...] = ()
    operations: tuple[Operation, ...] = ()
    partition: Partition | None = None
    partitioner: str | None = None
    memory_budget: float | None = None
    eager_on: str | None = None
    compared: tuple[SavedTotal, ...] = ()
    bodies: tuple[Body, ...] = ()
    only_in_graph: tuple[int, ...] = ()
    only_in_eager: tuple[int, ...] = ()
    eager_memory: EagerMemory | None = None
    compiled: Compiled | None = None
    collectives: tuple[Collective, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    devices: tuple[str, ...] = ()
