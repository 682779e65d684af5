"""The exceptions that end a trace."""

from __future__ import annotations

from ..wire.descriptor_map import Failure


class TraceError(Exception):
    """Ends the trace with a failure that is fully described already."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(repr(failure.problem))
        self.failure = failure


class ForwardError(Exception):
    """The user's own call fails without any capture: `__cause__` is the error."""


class BackwardError(Exception):
    """The call succeeds, its backward pass fails: `__cause__` is the error.

    `forward` is the stack, as text, of the operation in the forward pass whose derivative fails, if torch knows it.
    """

    def __init__(self, forward: str | None) -> None:
        super().__init__()
        self.forward = forward


class JointError(Exception):
    """AOTAutograd refuses the graph that Dynamo has made: `__cause__` is the error."""


class CaptureError(Exception):
    """The call cannot be captured, though nothing is wrong with it: by Dynamo for one reason, directly for another.

    The direct reason is None if the call itself already needs the data of a tensor; that error is `__cause__`.
    """

    def __init__(self, dynamo_error: Exception, direct_error: Exception | None = None) -> None:
        super().__init__()
        self.dynamo_error = dynamo_error
        self.direct_error = direct_error
