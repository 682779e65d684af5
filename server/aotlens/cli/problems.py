"""The solutions that the command line offers if an interpreter cannot trace."""

from __future__ import annotations

from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import Interpreter
from aotlens.session.tracer.problems import remedy

_CHOOSE = "choose another interpreter with --python PYTHON"


def advice(error: TracerUnusable, interpreter: Interpreter) -> str:
    """Name the interpreter, the reason why it was chosen, and how to solve the problem."""
    mend = remedy(error.problem, interpreter, _CHOOSE) or f"run aotlens doctor to learn more, or {_CHOOSE}"
    return f"interpreter: {interpreter.path} ({interpreter.reason})\nwhat to do: {mend}"
