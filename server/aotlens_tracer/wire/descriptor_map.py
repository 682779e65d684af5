"""The vocabulary of a descriptor map: what one capture of one target says.

Everything here is a frozen dataclass of plain values, and goes to JSON and back without loss (`to_json`, `from_json`).
Spans are 1-based lines and 1-based columns in Unicode code points, the end exclusive; a column is None where Python
does not tell it (Python 3.10, whole-line statements). Paths are absolute. Standard library only.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field

SCHEMA = "aotlens.trace/1"


@dataclass(frozen=True)
class Span:
    """A stretch of a source file."""

    path: str
    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


@dataclass(frozen=True)
class Target:
    """What is traced: a class or function of a file. `line` is that of its `class` or `def`; None where not found."""

    path: str
    qualname: str
    line: int | None = None


@dataclass(frozen=True)
class Argument:
    """One argument of the traced call, as its user would name it, with its value in brief (`f32[2, 16, 64]`)."""

    name: str
    value: str


@dataclass(frozen=True)
class Example:
    """How the target was built and called, and where that knowledge came from.

    `origin` is one of option, pinned, recorded, call-site, inferred. A recorded one was found in the call of another
    target, `recorded_in` (`/path/model.py::Net`), whose own example is of `recorded_origin`. `constructor` is None for
    a function. `pin` is one expression that builds and calls the same from scratch, where there is one. `candidate` is
    the place of the example among those that the request offered. `weights` says whether parameters were fake (shapes
    only) or had to be allocated for real, and `weights_reason` why.
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
    weights_reason: str | None = None
    pin: str | None = None
    candidate: int | None = None


@dataclass(frozen=True)
class Attempt:
    """An example that was tried and passed over, and why. Its fields are those of `Example`."""

    origin: str
    reason: str
    expression: str | None = None
    source: Span | None = None
    recorded_in: str | None = None


@dataclass(frozen=True)
class Descriptor:
    """A copy of one of torch's `AOTInput` or `AOTOutput` objects.

    `descriptor` is torch's own repr, `expression` its `.expr()`, `fields` its dataclass fields by name: a nested
    Descriptor, or a plain value.
    """

    kind: str
    descriptor: str
    expression: str | None
    fields: dict[str, typing.Any] = field(default_factory=dict)


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
    fields: dict[str, typing.Any] = field(default_factory=dict)

    def as_descriptor(self) -> Descriptor | None:
        """The slot's descriptor by itself, or None where torch attached none."""
        if self.kind is None or self.descriptor is None:
            return None
        return Descriptor(self.kind, self.descriptor, self.expression, self.fields)


@dataclass(frozen=True)
class Input(Slot):
    """A placeholder of the graph.

    Pairings are indices into `Graph.outputs`: `gradient` the slot with this input's gradient (also where no gradient
    exists and its node is null), `mutation` the new value of a mutated input, `tangent_of` the output whose incoming
    gradient this tangent is, `token` the effect token's other end. `stands_for` names the arguments that vanished from
    the signature because this input replaces them; `tied_to` the other names of the same parameter. `reads` are the
    user's expressions whose forward operations read it, `changed_at` those that change it in place.
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


@dataclass(frozen=True)
class Output(Slot):
    """An output of the graph. `source` is the line that computed it; `requires_grad` is told of what forward returns.

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
    """What one choice keeps for backward: bytes, and values with memory of their own.

    `recomputed` operations run again in the backward pass. `problem` is why nothing is known of it.
    """

    partitioner: str
    memory_budget: float | None
    bytes: int | None = None
    values: int | None = None
    recomputed: int | None = None
    problem: str | None = None


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
    """A tensor argument without an input of its own. `into` is the input that replaces it, where that is known.

    `reason` is deduplication (the same tensor came twice), base (it shares memory with a mutated argument) or unknown.
    """

    label: str
    expression: str
    into: int | None
    reason: str


class Row:
    """A value of which a map has thousands: between the processes it is a list of its fields, in their order."""


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
    root); None where torch tells neither, as in a direct capture. `forward` is, for an operation of the backward part,
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
    """One captured graph; `capture` is dynamo or direct. `saved` is None where nothing is known of it.

    `partitioner` is whose `saved` and `partition` are: eager (what autograd saves; no partition), default or min-cut,
    that one at a `memory_budget`; eager is seen on real or on fake tensors, `eager_on`. `compared` has the totals of
    all choices, where they were asked for. `frames` are the frames of all operations, each once.
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


@dataclass(frozen=True)
class ModuleInstance:
    """A module of the traced module tree: its name (empty for the root), its class, and where it was made.

    `class_path` and `class_line` say where the class is defined; the line is None for a class outside its file's text.
    """

    name: str
    type: str
    class_path: str | None
    class_line: int | None
    definition: Span | None = None


@dataclass(frozen=True)
class GraphBreak:
    """A place where Dynamo could not go on, and why."""

    reason: str
    path: str | None = None
    line: int | None = None
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Related:
    """A place that explains a finding."""

    message: str
    path: str
    line: int
    column: int | None = None


@dataclass(frozen=True)
class Finding:
    """Something worth telling the user. `severity` is error, warning, information or hint.

    `name` is the parameter, buffer or argument that it is about, as it stands in the message, and `output` the output
    of the graph that the message names.
    """

    code: str
    severity: str
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    name: str | None = None
    output: int | None = None
    related: tuple[Related, ...] = ()


@dataclass(frozen=True)
class Frame:
    """One frame of the user's traceback."""

    path: str
    line: int
    function: str
    code: str | None = None


@dataclass(frozen=True)
class Failure:
    """Why a target was not traced.

    `stage` is target, syntax, import, example, forward or capture; `reason` error, timeout, memory or crash.
    `frames` is the user's part of the traceback, outermost first; `traceback` all of it.
    """

    stage: str
    reason: str
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    frames: tuple[Frame, ...] = ()
    traceback: str | None = None


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of each phase of a trace."""

    import_: float = 0.0
    example: float = 0.0
    capture: float = 0.0
    describe: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class DescriptorMap:
    """All that is known of one target after one capture. Immutable: a new trace makes a new map.

    `attempts` are the examples that were passed over, `files` the user's files that were imported for it.
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


def to_json(value: typing.Any, rows: bool = True) -> typing.Any:
    """`value` as what `json.dumps` takes. A field named like a keyword loses its trailing underscore.

    Without `rows`, a Row is an object like any other.
    """
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item, rows) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item, rows) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        if rows and isinstance(value, Row):
            return [to_json(getattr(value, f.name)) for f in fields]
        return {f.name.rstrip("_"): to_json(getattr(value, f.name), rows) for f in fields}
    return value


def from_json(kind: typing.Any, value: typing.Any) -> typing.Any:
    """The value of type `kind` (a dataclass of this module, or an annotation of one of its fields) from its JSON."""
    read = _reader(kind)
    return value if read is None or value is None else read(value)


@functools.cache
def _reader(kind: typing.Any) -> Callable[[typing.Any], typing.Any] | None:
    """What makes a value of type `kind` of its JSON, where that is not None; None where it is the same in JSON."""
    if dataclasses.is_dataclass(kind):
        return functools.partial(_dataclass_from_json, kind)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return _reader(options[0]) if len(options) == 1 else None
    if origin is tuple:
        read = _reader(typing.get_args(kind)[0])
        return tuple if read is None else lambda items: tuple(None if item is None else read(item) for item in items)
    if origin is dict:
        return lambda items: {key: _field_from_json(item) for key, item in items.items()}
    return None


def _dataclass_from_json(kind: typing.Any, value: typing.Any) -> typing.Any:
    readers = _readers(kind)
    if isinstance(value, list):
        named = dict(zip(readers, value))
    else:
        named = {name: value[name.rstrip("_")] for name in readers if name.rstrip("_") in value}
    for name, read in readers.items():
        if read is not None and named.get(name) is not None:
            named[name] = read(named[name])
    return kind(**named)


@functools.cache
def _readers(kind: type) -> dict[str, Callable[[typing.Any], typing.Any] | None]:
    """The reader of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {f.name: _reader(hints[f.name]) for f in dataclasses.fields(kind)}


def _field_from_json(value: typing.Any) -> typing.Any:
    """A field of a descriptor: a nested descriptor is the only object that occurs there."""
    if isinstance(value, dict) and value.keys() == {"kind", "descriptor", "expression", "fields"}:
        return from_json(Descriptor, value)
    return value
