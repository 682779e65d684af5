"""The messages between server and tracer, and how the tracer is loaded. Standard library only.

A message is one JSON object on one line. The server writes requests to the tracer's original stdin and reads from its
original stdout; the tracer moves both away before any user code can run, so neither prints nor `input()` reach them.

    server -> tracer   {"id": 1, "method": "trace", "params": {...}}      methods: trace, targets, cancel, shutdown
    tracer -> server   {"method": "ready", "params": {...}}               once, first: a Ready, as JSON
                       {"method": "beat"}                                 while it has a request, once a second
                       {"id": 1, "event": "stage", "stage": "import"}     progress of request 1
                       {"id": 1, "result": {...}}                         exactly once for each trace or targets request

A traced child talks to its tracer the same way, but each of its lines is framed with a token that user code cannot
write by accident (`frame`, `Unframer`): whatever else appears on the pipe is dropped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .example_options import World
from .fence import Fence, Gap
from .interpreters import InterpreterProblem, OldPython
from .json_codec import to_json
from .statements import Statement
from .training_steps import StepSource

VERSION = 5
"""The version of the messages, raised with every incompatible change. The handshake refuses any other version."""

MINIMUM_PYTHON = (3, 10)
"""The oldest Python that the tracer runs in."""
MINIMUM_TORCH = (2, 13)
"""The first torch release whose AOTAutograd has the descriptors and capture functions that are used here."""
NEWEST_TESTED_TORCH = (2, 15)
"""The newest torch release that the tracer is tested with."""

LONGEST_MESSAGE = 1 << 27
"""Bytes of a child's message. A longer one is dropped."""
_ROOM = 16
"""How much more deeply than a child's message a message may be nested."""

BEAT_SECONDS = 1.0
"""How often a tracer that has a request says that it does not stand still."""

Convention = Literal["export", "compile"]
CONVENTIONS: tuple[Convention, ...] = ("export", "compile")
"""The calling conventions of a map: that of torch.export, and that of torch.compile."""

PARTITIONERS = ("eager", "default", "min-cut")
"""The choices of values to save for backward: autograd's own, and those of torch's two partitioners.

torch.compile uses the last.
"""

WHOLE = "whole"
"""The stage of a map that is an answer: what is still to come only adds to it."""

SHAPES = "shapes"
"""The stage of a map that has the recorded values of the call, and no graph.

It comes from a process of its own, at any time before the result; a later one of the same trace replaces it.
"""

FOLDED = "folded"
"""The stage of a provisional map, of which some layers were not traced (`DescriptorMap.folded`).

It comes from a process of its own, before the stage joint or not at all. Its fields complete what was sent before for
as long as there is nothing better, and are no part of the answer.
"""

PRIVATE_NAME = "_aotlens_tracer"
"""The module name under which the tracer is loaded, so that an `aotlens_tracer` installed there is never imported."""

_BOOTSTRAP = """\
import sys
if sys.version_info < {oldest!r}: print({too_old!r}.replace('PYTHON', sys.version.split()[0])); sys.exit()
if sys.path and sys.path[0] == '': del sys.path[0]
from importlib.util import spec_from_file_location as spec_of, module_from_spec
spec = spec_of({name!r}, {package!r} + '/__init__.py', submodule_search_locations=[{package!r}])
sys.modules[{name!r}] = module = module_from_spec(spec)
spec.loader.exec_module(module)
from {name}.process.start import main
main(sys.argv[1:])
"""


def bootstrap_command(python: str, *arguments: str) -> list[str]:
    """Return the command that runs this tracer's `process.start.main(arguments)` in the interpreter `python`.

    The interpreter's `sys.path` gets no new entry, and loses the working directory, which `-c` puts there.
    """
    package = str(Path(__file__).resolve().parent.parent)
    too_old = Ready(VERSION, "PYTHON", python, None, OldPython("PYTHON"), fork=False)
    message = json.dumps({"method": "ready", "params": to_json(too_old)})
    code = _BOOTSTRAP.format(name=PRIVATE_NAME, package=package, oldest=MINIMUM_PYTHON, too_old=message)
    return [python, "-u", "-c", code, *arguments]


@dataclass(frozen=True)
class Ready:
    """The tracer's first message.

    `protocol` is `VERSION`, `python` and `torch` are versions (torch None if it cannot be imported), `executable` is
    the interpreter's path. `problem` says why this interpreter cannot trace; None if it can. `fork` says that traces
    run in forked children, `cuda` that torch finds a GPU, and `seconds` how long the import of torch took. `gaps` are
    the parts of the fence that this system cannot hold.
    With `beats`, the tracer says every `BEAT_SECONDS` that it does not stand still, as long as it has a request.
    """

    protocol: int
    python: str
    executable: str
    torch: str | None
    problem: InterpreterProblem | None
    fork: bool
    cuda: bool = False
    seconds: float = 0.0
    gaps: tuple[Gap, ...] = ()
    beats: bool = False


@dataclass(frozen=True)
class Root:
    """Another target, in whose call the traced one may be found, and its candidate examples, the best first."""

    path: str
    qualname: str
    examples: tuple[ExampleSource, ...]


@dataclass(frozen=True)
class Sibling:
    """Another class of a target's file, and the expression with which it was built and called."""

    qualname: str
    expression: str


@dataclass(frozen=True)
class ExampleSource:
    """A candidate example: an expression and its place, 1-based; the place is None for an example without a file.

    `origin` is one of those of `descriptor_map.Example`. `definition_line` is the line of the `class` or `def` below a
    pinned comment, which tells two definitions of one name apart. `prelude` has the statements that a call site depends
    on, in their order. `expression` is empty for a recorded example, whose arguments are found in the call of `root`,
    and for one that is still to be inferred, and with a `step`: the training step of a script, whose example is the
    script's own setup. `served` says that the latest good trace of the target had this example: its failure is then
    a change of the class (`examples.last_good_call`). `tried_with` is as in `Example`, for an
    earlier guess.

    The call passes the arguments `passed` too, with guessed values, and not those that are `left_out`, whatever the
    example says: the user wants to see what runs then.

    `siblings` are other classes of the file that were built before, the latest last: an example to be inferred may be
    built and called as one of them.
    """

    expression: str
    origin: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    definition_line: int | None = None
    prelude: tuple[Statement, ...] = ()
    root: Root | None = None
    step: StepSource | None = None
    served: bool = False
    tried_with: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    siblings: tuple[Sibling, ...] = ()


@dataclass(frozen=True)
class TraceParams:
    """A request to trace one target.

    `examples` are tried in their order, by the rules of `examples.ladder`. `mode` is `train` or `eval`, None for the
    mode that the example sets. `timeout` is in seconds, and `memory` in bytes of resident memory (None: no limit).
    `import_roots` are folders for `sys.path`. Above the folder `outermost` there is nothing that the file belongs to:
    nobody trusts what is there; None if nothing limits it. `definition_lines` are the lines of the target's definitions
    in the file, if it has several. `overlay` has the unsaved texts of files by absolute path.

    `partitioner` is one of `PARTITIONERS`. `memory_budget` is the share of values, 0 to 1, that the min-cut partitioner
    may save; None leaves torch's own configuration. With `compare`, the map has the totals of the other choices too.

    `convention` is one of `CONVENTIONS`. `dynamic` is torch.compile's argument of that name: None lets torch decide.

    `left_out` are names that only code binds which is left out of a notebook, each with the line of that code.

    `world` is the cluster that the target is one rank of, whatever its examples say; None if nobody chose one.
    `default_world` and `project_world` are those of an example that says none, by the user's settings and else by the
    project; None if they name none.

    With `eager`, two training steps are made in eager after the capture.

    With `stages`, the map is sent in parts as they are made, `{"event": "map", "stage": ..., "fields": {...}}`, and
    the result has only the last part (see `Assembled`). The stages are built, `SHAPES`, `FOLDED`, joint and
    `WHOLE`.
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
    outermost: str | None = None
    definition_lines: tuple[int, ...] = ()
    partitioner: str = "min-cut"
    memory_budget: float | None = None
    compare: bool = False
    overlay: dict[str, str] = field(default_factory=dict)
    stages: bool = False
    eager: bool = True
    dynamic: bool | None = None
    world: World | None = None
    default_world: World | None = None
    project_world: World | None = None
    fence: Fence = field(default_factory=Fence)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetsParams:
    """A request to import a file and list the `nn.Module` classes that it defines. Limits as in `TraceParams`."""

    path: str
    timeout: float = 120.0
    memory: int | None = None
    working_directory: str | None = None
    import_roots: tuple[str, ...] = ()
    fence: Fence = field(default_factory=Fence)


_dumps = json.dumps  # as it was before any user code could replace it


class Assembled:
    """Puts together the JSON of a map that is sent in parts."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Add the fields of one part, and return the map's JSON so far.

        The field `partitioned` is a list with further fields for each graph of an earlier part.
        """
        self._fields |= {name: value for name, value in fields.items() if name != "partitioned"}
        partitioned = fields.get("partitioned")
        if partitioned is not None:
            self._fields["graphs"] = [{**graph, **more} for graph, more in zip(self._fields["graphs"], partitioned)]
        return dict(self._fields)


def encode(message: dict[str, Any]) -> bytes:
    """Return one message as one line. ASCII only, so that no encoding can break it."""
    return _dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def frame(token: bytes, message: dict[str, Any]) -> bytes:
    """Return one message of a child: a line of its own that begins with the token."""
    return b"\n" + token + encode(message)


class Lines:
    """Splits a stream of bytes into lines. One with more than `longest` bytes is cut short: it is no message then."""

    def __init__(self, longest: int | None = None) -> None:
        self._parts: list[bytes] = []
        self._longest = longest
        self._length = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends."""
        *complete, rest = data.split(b"\n")
        if complete:
            complete[0] = b"".join((*self._parts, complete[0]))
            self._parts, self._length = [], 0
        if rest and (self._longest is None or self._length <= self._longest):
            self._parts.append(rest)
            self._length += len(rest)
        return complete


class Unframer:
    """Finds the messages in a child's stream, and drops text that user code wrote in between."""

    def __init__(self, token: bytes) -> None:
        self._token = token
        self._lines = Lines(LONGEST_MESSAGE)

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that `data` completes."""
        messages = []
        for line in self._lines.feed(data):
            if line.startswith(self._token):
                message = _read(line[len(self._token) :])
                if isinstance(message, dict):
                    messages.append(message)
        return messages


def _read(text: bytes) -> Any:
    """Return JSON that may be sent on within a few other objects; None if it is nested too deeply, or no JSON."""
    try:
        value = json.loads(b"[" * _ROOM + text + b"]" * _ROOM)
        for _ in range(_ROOM):
            (value,) = value
    except (ValueError, RecursionError):
        return None
    return value


def python_version() -> str:
    """Return this interpreter's version, as in `3.11.7`."""
    return ".".join(map(str, sys.version_info[:3]))
