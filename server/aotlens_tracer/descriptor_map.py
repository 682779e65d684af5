"""The vocabulary of a descriptor map: what one capture of one target says.

Everything here is a frozen dataclass of plain values, and goes to JSON and back without loss (`to_json`, `from_json`).
Spans are 1-based lines and 1-based columns in Unicode code points, the end exclusive; a column is None where Python
does not tell it (Python 3.10, whole-line statements). Paths are absolute. Standard library only.
"""

from __future__ import annotations

import dataclasses
import types
import typing
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

    `origin` is one of option, pinned, recorded, call-site, inferred. `constructor` is None for a function.
    `weights` says whether parameters were fake (shapes only) or had to be allocated for real, and `weights_reason` why.
    """

    origin: str
    recorded_in: str | None = None
    constructor: str | None = None
    arguments: tuple[Argument, ...] = ()
    expression: str | None = None
    source: Span | None = None
    mode: str | None = None
    weights: str = "fake"
    weights_reason: str | None = None


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
    user's expressions whose forward operations read it.
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


@dataclass(frozen=True)
class Output(Slot):
    """An output of the graph. `source` is the line that computed it.

    Pairings are indices: `tangent` the input with this output's incoming gradient; `gradient_of`, `mutation_of` and
    `token` inputs; `alias_of` the input that this output is a view of (or is itself); `base_of` the outputs that are
    views of this intermediate base.
    """

    source: Span | None = None
    tangent: int | None = None
    gradient_of: int | None = None
    mutation_of: int | None = None
    token: int | None = None
    alias_of: int | None = None
    base_of: tuple[int, ...] = ()


@dataclass(frozen=True)
class Saved:
    """A value that the partitioned forward graph keeps for the backward graph.

    `bytes` is elements times element size; None for what is no tensor. `alias_of` names the node whose memory it
    shares (a graph input, or another saved value): then it costs nothing of its own.
    """

    node: str
    kind: str
    bytes: int | None
    alias_of: str | None
    label: str
    dtype: str | None
    shape: tuple[int | str, ...] | None
    source: Span | None = None


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


@dataclass(frozen=True)
class Graph:
    """One captured graph; `capture` is dynamo or direct. `saved` is None when the graph was not partitioned."""

    capture: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    saved: tuple[Saved, ...] | None = None
    subclasses: tuple[Subclass, ...] = ()
    vanished: tuple[VanishedArgument, ...] = ()
    joint: bool = True


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

    `files` are the user's files that were imported for it.
    """

    target: Target
    status: str
    convention: str
    example: Example | None = None
    graphs: tuple[Graph, ...] = ()
    modules: tuple[ModuleInstance, ...] = ()
    graph_breaks: tuple[GraphBreak, ...] = ()
    findings: tuple[Finding, ...] = ()
    failure: Failure | None = None
    seconds: Seconds = Seconds()
    torch: str | None = None
    files: tuple[str, ...] = ()


def to_json(value: typing.Any) -> typing.Any:
    """`value` as what `json.dumps` takes. A field named like a keyword loses its trailing underscore."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name.rstrip("_"): to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(kind: typing.Any, value: typing.Any) -> typing.Any:
    """The value of type `kind` (a dataclass of this module, or an annotation of one of its fields) from its JSON."""
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        known = {f.name: value[f.name.rstrip("_")] for f in dataclasses.fields(kind) if f.name.rstrip("_") in value}
        return kind(**{name: from_json(hints[name], item) for name, item in known.items()})
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return from_json(options[0], value) if len(options) == 1 else value
    if origin is tuple:
        return tuple(from_json(typing.get_args(kind)[0], item) for item in value)
    if origin is dict:
        return {key: _field_from_json(item) for key, item in value.items()}
    return value


def _field_from_json(value: typing.Any) -> typing.Any:
    """A field of a descriptor: a nested descriptor is the only object that occurs there."""
    if isinstance(value, dict) and value.keys() == {"kind", "descriptor", "expression", "fields"}:
        return from_json(Descriptor, value)
    return value


_HINTS: dict[type, dict[str, typing.Any]] = {}


def _hints(kind: type) -> dict[str, typing.Any]:
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return _HINTS[kind]
