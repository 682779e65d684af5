"""The vocabulary of problems: what went wrong, as facts. `aotlens.explain.failures` makes sentences of them.

`Problem` is a closed set. An exception's own text is kept to the letter; everything else is a name, a number or a
place. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .data_reads import DataDependentSize as DataDependentSize
from .data_reads import ReadsData as ReadsData
from .endless_values import ContainsItself as ContainsItself
from .fence import FenceDenied as FenceDenied
from .json_codec import Tagged
from .many_processes import ManyProcesses as ManyProcesses
from .no_values import NoValueFound as NoValueFound
from .option_faults import MarkedUnbacked as MarkedUnbacked
from .option_faults import WrongOption as WrongOption
from .places import Expression
from .raised import Raised as Raised
from .recomputed import OtherState as OtherState
from .recomputed import OtherTensor as OtherTensor
from .recomputed import RecomputedOtherwise as RecomputedOtherwise
from .removed_modules import RemovedItself as RemovedItself
from .subclass_faults import BrokenProtocol as BrokenProtocol

GivenUpBy = Literal["dynamo", "internal", "aotautograd"]
"""Who gives up a capture."""

# --- problems: exceptions


@dataclass(frozen=True)
class CalledExit(Tagged):
    """The code called `sys.exit`; `code` is the repr of its argument, None without one."""

    code: str | None


@dataclass(frozen=True)
class Interrupted(Tagged):
    """The code raised KeyboardInterrupt."""


@dataclass(frozen=True)
class NoMemory(Tagged):
    """A MemoryError; `text` is its own text, often empty."""

    text: str


@dataclass(frozen=True)
class SideEffect(Tagged):
    """Code that was found, not given, writes the file `path`, or does what the audit event `event` stands for."""

    path: str | None = None
    event: str | None = None


@dataclass(frozen=True)
class TookTooLong(Tagged):
    """Code that was found or inferred runs longer than so many seconds; None if it is the whole search that ends."""

    seconds: float | None


# --- problems: the call and its graph


@dataclass(frozen=True)
class BackwardFails(Tagged):
    """The call succeeds and its backward pass fails."""

    problem: Problem


@dataclass(frozen=True)
class NoFakeImplementation(Tagged):
    """An operator runs on real tensors alone: nobody registered an implementation that knows shapes only."""

    operator: str


@dataclass(frozen=True)
class DerivativeNeedsData(Tagged):
    """The derivative of an operation depends on the values of a tensor, so that it can be run but not captured.

    `derivative` is autograd's name for it (`EmbeddingBackward0`), None if that is not known; `operation` is torch's
    text for the operator that needs the values.
    """

    derivative: str | None
    operation: str


@dataclass(frozen=True)
class Overwritten(Tagged):
    """A value that a derivative needs is changed in place after it was saved; `problem` is torch's own error.

    `needed` is the expression whose derivative needs the value, None if unknown. `by` are the statements that change it
    before it is needed, in the order in which they run.
    """

    problem: Problem
    needed: Expression | None
    by: tuple[Expression, ...]


@dataclass(frozen=True)
class NotCaptured(Tagged):
    """Neither Dynamo nor AOTAutograd alone can capture the call.

    `dynamo` is torch's own text for what goes wrong with Dynamo, and `by` who gives up there (see `GraphBreak`).
    """

    dynamo: str
    direct: Problem
    by: GivenUpBy = "dynamo"


@dataclass(frozen=True)
class NothingCompiled(Tagged):
    """The call succeeds, and torch.compile makes no graph of it: it has no operation, or all is left to eager."""


@dataclass(frozen=True)
class ReadsDataInTraining(Tagged):
    """The call reads values in training, and was traced in evaluation instead."""

    problem: Problem


@dataclass(frozen=True)
class NotReached(Tagged):
    """A recording saw no call of the target in the call of `root` (None: a function); `cause` ended that call."""

    root: str | None
    cause: Problem | None = None


@dataclass(frozen=True)
class NoOwnExample(Tagged):
    """The target `root`, in which the example should be recorded, has none of its own."""

    root: str


# --- problems: the target


@dataclass(frozen=True)
class NoSuchTarget(Tagged):
    """The file defines no class or function of that name."""

    qualname: str


@dataclass(frozen=True)
class GoneAfterImport(Tagged):
    """The file defines the target, but it does not exist once the file is imported."""

    qualname: str


@dataclass(frozen=True)
class NotAModule(Tagged):
    """The target is a class, but not an nn.Module."""

    qualname: str


@dataclass(frozen=True)
class NotCallable(Tagged):
    """The target is neither a class nor a function, but of another type."""

    qualname: str
    type: str


# --- problems: the example


@dataclass(frozen=True)
class NoExample(Tagged):
    """Nothing says how to build and call the target."""

    qualname: str


@dataclass(frozen=True)
class NoExampleWorks(Tagged):
    """None of the examples that were found works; `last` is why the last one does not."""

    qualname: str
    last: Problem


@dataclass(frozen=True)
class NotAnExpression(Tagged):
    """The example is not a Python expression; `error` is Python's own message, `code` the line that it is about."""

    error: str
    code: str | None


@dataclass(frozen=True)
class EmptyExample(Tagged):
    """The example has no text."""


@dataclass(frozen=True)
class NotACall(Tagged):
    """The example is Python, but not a call."""

    code: str | None


@dataclass(frozen=True)
class OnlyBuilds(Tagged):
    """The example builds the class `built` and does not call it."""

    built: str
    code: str | None


@dataclass(frozen=True)
class CalleeNotCallable(Tagged):
    """The example calls `expression`, the value of which is not callable. `type` is that value's type."""

    expression: str
    type: str


@dataclass(frozen=True)
class StatementNotPython(Tagged):
    """A statement that the example depends on is not Python: Python's own message, and the statement's first line.

    `path` is its file; None if that is not known.
    """

    error: str
    line: int
    path: str | None = None


@dataclass(frozen=True)
class CallsMissingPackage(Tagged):
    """The code calls `name`, which is imported from a package that is not installed."""

    name: str
    package: str


@dataclass(frozen=True)
class CallsNoModule(Tagged):
    """The example calls something that is not a module, though the target is a class. `type` is that thing's type."""

    type: str
    expression: str


@dataclass(frozen=True)
class BuildsAnother(Tagged):
    """The example builds a module of the class `built`, in which there is no instance of the target."""

    built: str
    qualname: str
    expression: str


@dataclass(frozen=True)
class NoForward(Tagged):
    """The class defines no `forward`."""

    qualname: str


@dataclass(frozen=True)
class SearchEnded(Tagged):
    """The search for an example of the class ran out of time before anything ran."""

    qualname: str


@dataclass(frozen=True)
class NothingInferred(Tagged):
    """The search found no example: it tried `tried`, the nearest fails with `nearest`. `missing` is what it needs."""

    tried: int
    nearest: Problem
    missing: str | None = None


# --- problems: a child that gave no answer. `real` says why real tensors were in use then, None if fake ones were.


@dataclass(frozen=True)
class TimeLimit(Tagged):
    """Still running after so many seconds."""

    seconds: float
    real: Problem | None = None


@dataclass(frozen=True)
class MemoryLimit(Tagged):
    """More than so many bytes of memory in use, or with `in_files` of the disk, which has the same limit."""

    bytes: int
    real: Problem | None = None
    in_files: bool = False


@dataclass(frozen=True)
class ProcessEnded(Tagged):
    """The process ended without an answer.

    `status` is its exit status, `signal` the signal that ended it; `by_os_exit`: the code called `os._exit`.
    """

    status: int | None = None
    signal: str | None = None
    by_os_exit: bool = False
    real: Problem | None = None


@dataclass(frozen=True)
class Bug(Tagged):
    """A mistake of ours: the last line of its traceback."""

    error: str
    real: Problem | None = None


@dataclass(frozen=True)
class Stated(Tagged):
    """A problem that the server itself met and put into words: the tracer cannot start, the file cannot be parsed."""

    text: str


Problem = (
    Raised
    | ReadsData
    | DataDependentSize
    | CalledExit
    | Interrupted
    | NoMemory
    | SideEffect
    | FenceDenied
    | TookTooLong
    | BackwardFails
    | DerivativeNeedsData
    | NoFakeImplementation
    | Overwritten
    | RecomputedOtherwise
    | BrokenProtocol
    | NotCaptured
    | NothingCompiled
    | ReadsDataInTraining
    | NotReached
    | NoOwnExample
    | NoSuchTarget
    | GoneAfterImport
    | NotAModule
    | NotCallable
    | NoExample
    | NoExampleWorks
    | NotAnExpression
    | EmptyExample
    | NotACall
    | OnlyBuilds
    | CalleeNotCallable
    | StatementNotPython
    | WrongOption
    | MarkedUnbacked
    | CallsMissingPackage
    | CallsNoModule
    | BuildsAnother
    | NoForward
    | SearchEnded
    | NothingInferred
    | NoValueFound
    | TimeLimit
    | MemoryLimit
    | ManyProcesses
    | ProcessEnded
    | Bug
    | ContainsItself
    | RemovedItself
    | Stated
)
"""All problems that can end or limit a trace."""
