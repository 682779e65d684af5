"""The vocabulary of a descriptor map: everything that one capture of one target says.

Everything here is a frozen dataclass of plain values, and goes to JSON and back without loss (`json_codec`).
Spans are 1-based lines and 1-based columns in Unicode code points, the end exclusive; a column is None if Python does
not report it (Python 3.10, whole-line statements). Paths are absolute. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .failures import Failure
from .findings import Finding
from .graphs import (
    Descriptor,
    Graph,
    Input,
    Operation,
    Output,
    Partition,
    Saved,
    SavedTotal,
    Slot,
    StackFrame,
    Subclass,
    VanishedArgument,
)
from .places import Frame, Span
from .problems import GivenUpBy, Problem

__all__ = [
    "SCHEMA",
    "Argument",
    "Attempt",
    "Descriptor",
    "DescriptorMap",
    "Example",
    "Failure",
    "Finding",
    "Frame",
    "Graph",
    "GraphBreak",
    "Input",
    "ModuleInstance",
    "Operation",
    "Output",
    "Partition",
    "Problem",
    "Saved",
    "SavedTotal",
    "Seconds",
    "Slot",
    "Span",
    "StackFrame",
    "Subclass",
    "Target",
    "VanishedArgument",
]

SCHEMA = "aotlens.trace/1"


@dataclass(frozen=True)
class Target:
    """The traced class or function of a file. `line` is that of its `class` or `def`; None if it was not found."""

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
    a function. `pin` is one expression that builds and calls the same from scratch, or None. `candidate` is
    the place of the example among those that the request offered. `weights` says whether parameters were fake (shapes
    only) or had to be allocated for real, and `weights_reason` why fake ones would not do. `rule` is the repair rule
    that proposed an inferred example; None for a first guess.
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
    """A place where capture could not go on, and why.

    `reason` is torch's own text. `by` says who gives up: dynamo (it refuses the code), internal (an error in Dynamo) or
    aotautograd (it refuses the graph that Dynamo made).
    """

    reason: str
    path: str | None = None
    line: int | None = None
    hints: tuple[str, ...] = ()
    by: GivenUpBy = "dynamo"


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
