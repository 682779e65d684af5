"""What to do about an interpreter that cannot trace."""

from __future__ import annotations

from aotlens.session.tracer.interpreter import Interpreter
from aotlens.session.tracer.process import TracerUnusable


def advice(error: TracerUnusable, interpreter: Interpreter) -> str:
    """Which interpreter it was, why that one, and what mends it."""
    where = f"interpreter: {interpreter.path} ({interpreter.reason})"
    if error.problem == "no-torch":
        mend = f"install torch there ({interpreter.path} -m pip install torch), or choose another with --python PYTHON"
    elif error.problem == "old-torch":
        mend = "upgrade torch there, or choose another interpreter with --python PYTHON"
    elif error.problem == "other-torch":
        mend = "install torch 2.13 to 2.15 there or upgrade aotlens, or choose another interpreter with --python PYTHON"
    elif error.problem == "broken-torch":
        mend = f"try it there: {interpreter.path} -c 'import torch'"
    else:
        mend = "aotlens doctor says more; another interpreter can be chosen with --python PYTHON"
    return f"{where}\nwhat to do: {mend}"
