"""The state of a tracer, as an editor shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .interpreter import Interpreter
from .problems import remedy

State = Literal["stopped", "starting", "ready", "busy", "unusable", "restarting", "gone"]

_CHOOSE = "choose another interpreter with aotlens.interpreter"


@dataclass(frozen=True)
class TracerStatus:
    """The state of a tracer.

    `torch` and `python` are versions, None until they are known. `problem` and `message` say why it cannot trace, or
    how it ended; None if nothing is wrong. `problem` is a code of `code_of`, or died, protocol, no-interpreter.
    """

    state: State
    interpreter: Interpreter
    torch: str | None = None
    python: str | None = None
    message: str | None = None
    problem: str | None = None

    @property
    def hint(self) -> str | None:
        """The action that solves the problem, as an imperative clause; None if there is no problem."""
        if self.state == "gone":
            return "trace a target by hand, or restart the tracer"
        if self.state != "unusable" or self.problem is None:
            return None
        return remedy(self.problem, self.interpreter, _CHOOSE) or _CHOOSE
