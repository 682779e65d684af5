"""The vocabulary of one captured graph: its inputs and outputs, its operations, and what it saves for backward.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from .json_codec import OrPlain, Row
from .places import Span
from .problems import Problem

FieldValue = Annotated[Any, OrPlain(lambda: Descriptor)]
"""The value of a descriptor's field: a nested Descriptor, or a plain value."""


@dataclass(frozen=True)
class Descriptor:
    """A copy of one of torch's `AOTInput` or `AOTOutput` objects.

    `descriptor` is torch's own repr, `expression` its `.expr()`, `fields` its dataclass fields by name: a nested
    Descriptor, or a plain value.
    """

    kind: str
    descriptor: str
    expression: str | None
    fields: dict[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Slot:
    """One input or output of the graph. Without a descriptor (`kind` is None), torch attached none.

    `shape` holds ints, and strings for symbolic sizes; None (with `dtype`) for what is no tensor.
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

    Pairings are indices into `Graph.outputs`: `gradient` the slot with this input's gradient (also where no gradient
    exists and its node is null; of a gradient in pieces the first one, and `gradient_pieces` all), `mutation` the new
    value of a mutated input, `tangent_of` the output whose incoming gradient this tangent is, `token` the effect
    token's other end. `stands_for` names the arguments that vanished from the signature because this input replaces
    them; `tied_to` the other names of the same parameter. `reads` are the user's expressions whose forward operations
    read it, `changed_at` those that change it in place.
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


@dataclass(frozen=True)
class Output(Slot):
    """An output of the graph. `source` is the line that computed it; `requires_grad` is known for what forward returns.

    Pairings are indices: `tangent` the input with this output's incoming gradient; `gradient_of`, `mutation_of` and
    `token` inputs; `alias_of` the input that this output is a view of (or is itself), `view_of` the output; `base_of`
    the outputs that are views of this intermediate base.
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


@dataclass(frozen=True)
class Saved:
    """A value that is kept for backward: by the partitioned forward graph, or in eager by autograd.

    `bytes` is elements times element size (what `expand` repeats counts once); None for what is no tensor. `alias_of`
    names the node whose memory it shares (a graph input, or another saved value): then it costs nothing of its own.
    `label` is the expression that computed it, and `frame` that expression's innermost frame; of what a call saves of
    its arguments, that of the argument. `module` is the innermost module that computed it (empty for the root).
    `read_by` says why it is saved: the operations of the backward graph that read it, by name; in eager, where there is
    no `node`, each autograd node that keeps it, with the name that it has there (`AddmmBackward0.mat1`).
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


@dataclass(frozen=True)
class SavedTotal:
    """The total that one choice keeps for backward: bytes, and values with memory of their own.

    `recomputed` operations run again in the backward pass. `problem` is why nothing is known; None if all is.
    """

    partitioner: str
    memory_budget: float | None
    bytes: int | None = None
    values: int | None = None
    recomputed: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Subclass:
    """A tensor subclass that AOTAutograd unpacked: its name, its type if known, and its pieces (indices of slots).

    `flatten` is where its type's `__tensor_flatten__` says what the pieces are.
    """

    label: str
    type: str | None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    flatten: Span | None = None


@dataclass(frozen=True)
class VanishedArgument:
    """A tensor argument without an input of its own. `into` is the input that replaces it, None if that is unknown.

    `reason` is deduplication (the same tensor came twice), base (it shares memory with a mutated argument) or unknown.
    """

    label: str
    expression: str
    into: int | None
    reason: str


@dataclass(frozen=True)
class StackFrame(Row):
    """One frame of a call chain, which ends in an operation; `caller` is the index of the frame that called this one.

    `package` is the folder of the installed package that it is in, None for the user's own code. Frames of torch and of
    the standard library are left out.
    """

    span: Span
    caller: int | None
    package: str | None


@dataclass(frozen=True)
class Operation(Row):
    """A node of the graph that is neither an input nor the output.

    `op` is what it calls (`aten.mm.default`), `arguments` with what, in the names of nodes. `operands` are the nodes
    among them. `dtype` and `shape` are None for what is no tensor (several, a symbolic size). `frame` is the index of
    the innermost frame of its call chain, and `module` the name of the innermost module that called it (empty for the
    root); None if torch reports neither, as in a direct capture. `forward` is, for an operation of the backward part,
    the operation of whose derivative it is a part; None for a sum of the gradients of a value that is used twice.
    `is_view` says that it computes nothing: its result shares the memory of an operand.
    """

    name: str
    op: str
    arguments: str
    operands: tuple[str, ...]
    backward: bool
    dtype: str | None
    shape: tuple[int | str, ...] | None
    frame: int | None = None
    module: str | None = None
    forward: str | None = None
    is_view: bool = False


@dataclass(frozen=True)
class Partition:
    """The forward and the backward graph that torch's partitioner made: indices of operations, in their order.

    An index counts through the operations of the joint graph, and goes on in `operations`: those that the partitioner
    added or changed (it merges what is computed twice). An operation in both graphs is computed again in the second.
    `returns` are the nodes of the backward graph's outputs, which are the last ones of the joint graph.
    """

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    operations: tuple[Operation, ...] = ()
    returns: tuple[str | None, ...] | None = None


@dataclass(frozen=True)
class Graph:
    """One captured graph; `capture` is dynamo or direct. `saved` is None if nothing is known of it.

    `partitioner` is whose `saved` and `partition` are: eager (what autograd saves; no partition), default or min-cut,
    that one at a `memory_budget`; eager is seen on real or on fake tensors, `eager_on`. `compared` has the totals of
    all choices, if they were requested. `frames` are the frames of all operations, each once.
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
