"""The messages between server and tracer, and how the tracer is loaded. Standard library only.

A message is one JSON object on one line. The server writes requests to the tracer's original stdin and reads from its
original stdout; the tracer moves both away before any user code can run, so neither prints nor `input()` reach them.

    server -> tracer   {"id": 1, "method": "trace", "params": {...}}      methods: trace, targets, cancel, shutdown
    tracer -> server   {"method": "ready", "params": {...}}               once, first: a Ready, as JSON
                       {"id": 1, "event": "stage", "stage": "import"}     progress of request 1
                       {"id": 1, "result": {...}}                         exactly once for each trace or targets request

A traced child talks to its tracer the same way, but each of its lines is framed with a token that user code cannot
write by accident (`frame`, `Unframer`): whatever else appears on the pipe is dropped.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .problems import TorchProblem

VERSION = 3
"""Raised with every incompatible change of a message; the handshake refuses another version."""

MINIMUM_TORCH = (2, 13)
"""The first torch release whose AOTAutograd has the descriptors and capture functions that are used here."""
NEWEST_TESTED_TORCH = (2, 15)

PARTITIONERS = ("eager", "default", "min-cut")
"""Who says what is saved for backward: autograd itself, or a partitioner of torch's; torch.compile uses the last."""

PRIVATE_NAME = "_aotlens_tracer"
"""The module name under which the tracer is loaded, so that an `aotlens_tracer` installed there is never picked up."""

_BOOTSTRAP = """\
import sys
if sys.version_info < (3, 10): sys.exit('aotlens needs Python 3.10 or newer, this is ' + sys.version.split()[0])
if sys.path and sys.path[0] == '': del sys.path[0]
from importlib.util import spec_from_file_location as spec_of, module_from_spec
spec = spec_of({name!r}, {package!r} + '/__init__.py', submodule_search_locations=[{package!r}])
sys.modules[{name!r}] = module = module_from_spec(spec)
spec.loader.exec_module(module)
from {name}.process.loop import main
main(sys.argv[1:])
"""


def bootstrap_command(python: str, *arguments: str) -> list[str]:
    """The command that runs `process.main(arguments)` of this very tracer in the interpreter `python`.

    Nothing is added to that interpreter's `sys.path`, and the working directory, which `-c` puts there, is taken out.
    """
    package = str(Path(__file__).resolve().parent.parent)
    return [python, "-u", "-c", _BOOTSTRAP.format(name=PRIVATE_NAME, package=package), *arguments]


@dataclass(frozen=True)
class Ready:
    """The tracer's first message.

    `protocol` is `VERSION`, `python` and `torch` are versions (torch None if it cannot be imported), `executable` is
    the interpreter's path. `problem` says why this interpreter cannot trace; None if it can. `fork` says that traces
    run in forked children, `cuda` that torch finds a GPU, and `seconds` how long the import of torch took.
    """

    protocol: int
    python: str
    executable: str
    torch: str | None
    problem: TorchProblem | None
    fork: bool
    cuda: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Statement:
    """A statement that a call site depends on: its text, and where that begins."""

    text: str
    path: str
    line: int
    column: int = 1


@dataclass(frozen=True)
class Root:
    """A target that may contain the one that is traced, and how it is built, best first."""

    path: str
    qualname: str
    examples: tuple[ExampleSource, ...]


@dataclass(frozen=True)
class ExampleSource:
    """A candidate example: an expression and where it stands. `origin` as in `descriptor_map.Example`.

    `definition_line` ties a pinned comment to the `class` or `def` below it, where a file has two of one name.
    `prelude` is what a call site depends on, in its order. A recorded example has no expression but a `root`, in whose
    call the target's arguments are found; one that is still to be inferred has none either.
    """

    expression: str
    origin: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    definition_line: int | None = None
    prelude: tuple[Statement, ...] = ()
    root: Root | None = None


@dataclass(frozen=True)
class TraceParams:
    """A request for a trace: the target, its examples, and limits (seconds, bytes of resident memory).

    `examples` are tried in their order, by the rules of `examples.ladder`.
    `partitioner` says who chooses the values saved for backward, and `memory_budget` what share of them the
    min-cut partitioner may keep (None: as torch is configured; all of it, unless the user's code says otherwise). With
    `compare`, the map has the totals of the other choices too.
    `overlay` has the unsaved texts of files, by absolute path. With `stages`, the map travels in parts as they are
    made, `{"event": "map", "fields": {...}}`, and the result holds what is left (see `Assembled`).
    """

    path: str
    qualname: str
    examples: tuple[ExampleSource, ...]
    mode: str | None = None
    convention: str = "export"
    timeout: float = 120.0
    memory: int | None = None
    working_directory: str | None = None
    import_roots: tuple[str, ...] = ()
    definition_lines: tuple[int, ...] = ()
    partitioner: str = "min-cut"
    memory_budget: float | None = None
    compare: bool = False
    overlay: dict[str, str] = field(default_factory=dict)
    stages: bool = False


@dataclass(frozen=True)
class TargetsParams:
    """Ask which `nn.Module` classes the file defines, by importing it. Limits as in TraceParams."""

    path: str
    timeout: float = 120.0
    memory: int | None = None
    working_directory: str | None = None
    import_roots: tuple[str, ...] = ()


_dumps = json.dumps  # as it was before any user code could replace it


class Assembled:
    """Assembles a map that travels in parts, as JSON."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Add these fields, and return the map's JSON so far. `partitioned` has more fields of each graph."""
        partitioned = fields.pop("partitioned", None)
        self._fields = {**self._fields, **fields}
        if partitioned is not None:
            self._fields["graphs"] = [{**graph, **more} for graph, more in zip(self._fields["graphs"], partitioned)]
        return dict(self._fields)


def encode(message: dict[str, Any]) -> bytes:
    """Return one message as one line. ASCII only, so that no encoding can break it."""
    return _dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def frame(token: bytes, message: dict[str, Any]) -> bytes:
    """Return one message of a child: on a line of its own, behind the token."""
    return b"\n" + token + encode(message)


class Lines:
    """Collects bytes as they arrive and gives back whole lines."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends."""
        *complete, rest = data.split(b"\n")
        if complete:
            complete[0] = b"".join((*self._parts, complete[0]))
            self._parts = []
        if rest:
            self._parts.append(rest)
        return complete


class Unframer:
    """Returns the messages in a child's stream, and drops what user code wrote in between."""

    def __init__(self, token: bytes) -> None:
        self._token = token
        self._lines = Lines()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that `data` completes."""
        messages = []
        for line in self._lines.feed(data):
            if line.startswith(self._token):
                try:
                    messages.append(json.loads(line[len(self._token) :]))
                except ValueError:
                    continue
        return messages


def python_version() -> str:
    """Return this interpreter's version, as in `3.11.7`."""
    return ".".join(map(str, sys.version_info[:3]))
