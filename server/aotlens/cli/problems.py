"""The solutions that the command line offers if an interpreter cannot trace."""

from __future__ import annotations

from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import AS_REQUESTED, BY_SETTING, Interpreter
from aotlens.session.tracer.problems import remedy

_CHOOSE = "choose another interpreter with --python PYTHON"


def advice(error: TracerUnusable, interpreter: Interpreter) -> str:
    """Name the interpreter, the reason why it was chosen, and how to solve the problem."""
    return advice_for(error.problem, interpreter)


def advice_for(problem: str | None, interpreter: Interpreter) -> str:
    """The same for a problem by its code."""
    known = remedy(problem, interpreter, _CHOOSE) if problem is not None else None
    mend = known or f"run aotlens doctor to learn more, or {_CHOOSE}"
    why = "given with --python" if interpreter.reason in (AS_REQUESTED, BY_SETTING) else interpreter.reason
    return f"interpreter: {interpreter.path} ({why})\nwhat to do: {mend}"
