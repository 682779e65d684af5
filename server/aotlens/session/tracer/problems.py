"""The problems of interpreters that cannot trace, and how to solve them."""

from __future__ import annotations

import sys

from aotlens.explain.interpreters import SUPPORTED_TORCH
from aotlens_tracer.wire.interpreters import BrokenTorch, InterpreterProblem, NoTorch, OldPython, OldTorch, OtherTorch

from .interpreter import Interpreter

_CODES: dict[type[InterpreterProblem], str] = {
    OldPython: "old-python",
    NoTorch: "no-torch",
    OldTorch: "old-torch",
    OtherTorch: "other-torch",
    BrokenTorch: "broken-torch",
}


def code_of(problem: InterpreterProblem) -> str:
    """Return the code by which clients know a problem: old-python, no-torch, old-torch, other-torch or broken-torch."""
    return _CODES[type(problem)]


def remedy(problem: str | None, interpreter: Interpreter, choose: str) -> str | None:
    """Return how to solve the problem with a code of `code_of`, as an imperative clause; None for any other problem.

    `choose` is the clause that says how to choose another interpreter.
    """
    path = interpreter.path
    if problem == "no-torch" and path == sys.executable:  # nothing better was found: uvx and pipx run aotlens like this
        project = "activate the environment of your project, or keep it beside the code as .venv"
        return f"{project}; or {choose}; or install torch beside aotlens ({path} -m pip install torch)"
    if problem == "no-torch":
        return f"install torch there ({path} -m pip install torch), or {choose}"
    if problem == "old-torch":
        return f"upgrade torch there, or {choose}"
    if problem == "other-torch":
        return f"install torch {SUPPORTED_TORCH} there, upgrade aotlens, or {choose}"
    if problem == "broken-torch":
        return f"try it there: {path} -c 'import torch'"
    return None
