"""The exceptions that end a trace."""

from __future__ import annotations

from ..wire.descriptor_map import Failure
from ..wire.operands import FailedOperation
from ..wire.problems import ContainsItself, Raised
from .in_place import ChangedInPlace
from .recomputed import RecomputedAt


class TraceError(Exception):
    """Ends the trace with a failure that is fully described already.

    `is_of_the_class` says that the class cannot be built, whatever it is given.
    """

    def __init__(self, failure: Failure, *, is_of_the_class: bool = False) -> None:
        super().__init__(repr(failure.problem))
        self.failure = failure
        self.is_of_the_class = is_of_the_class


class CallError(Exception):
    """The example's call failed, or its capture did.

    `operation` is the operation to blame, and `eager` what that raises on real tensors (see `eager.Blamed`); both None
    until somebody looks for them. `changed` is what was changed in place, and `recomputed` the checkpoint that computes
    other values again, if one of them is the reason and is known.
    `is_of_the_class` says that the call of a guessed example fails, and that any other call of the class does too.
    """

    operation: FailedOperation | None = None
    eager: Raised | None = None
    changed: ChangedInPlace | None = None
    recomputed: RecomputedAt | None = None
    is_of_the_class: bool = False


class ForwardError(CallError):
    """The user's own call fails without any capture: `__cause__` is the error."""


class BackwardError(CallError):
    """The call succeeds, its backward pass fails: `__cause__` is the error.

    `forward` is the stack, as text, of the operation in the forward pass whose derivative fails, and `derivative` is
    autograd's name for that derivative (`EmbeddingBackward0`); both None if torch does not know them.
    """

    def __init__(self, forward: str | None, derivative: str | None = None) -> None:
        super().__init__()
        self.forward = forward
        self.derivative = derivative


class EndlessValue(Exception):
    """The call takes or returns a value that contains itself, which torch goes through without end."""

    def __init__(self, problem: ContainsItself) -> None:
        super().__init__(repr(problem))
        self.problem = problem


class JointError(Exception):
    """AOTAutograd refuses the graph that Dynamo has made: `__cause__` is the error."""


class CaptureError(CallError):
    """The call cannot be captured, though nothing is wrong with it: by Dynamo for one reason, directly for another.

    The direct reason is None if the call itself already needs the data of a tensor; that error is `__cause__`.
    `backward` says that the backward pass needs them.
    """

    def __init__(
        self,
        dynamo_error: Exception,
        direct_error: Exception | None = None,
        backward: BackwardError | None = None,
    ) -> None:
        super().__init__()
        self.dynamo_error = dynamo_error
        self.direct_error = direct_error
        self.backward = backward


def is_of_the_class(error: BaseException) -> bool:
    """Whether an error ends each call of the traced class, so that no other example is tried."""
    return isinstance(error, (TraceError, CallError)) and error.is_of_the_class
