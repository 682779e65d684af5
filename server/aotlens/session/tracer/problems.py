"""The problems of interpreters that cannot trace, and how to solve them."""

from __future__ import annotations

from .interpreter import Interpreter


def remedy(problem: str | None, interpreter: Interpreter, choose: str) -> str | None:
    """Return how to solve a problem of `protocol.Ready`, as an imperative clause; None for any other problem.

    `choose` is the clause that says how to choose another interpreter.
    """
    path = interpreter.path
    if problem == "no-torch":
        return f"install torch there ({path} -m pip install torch), or {choose}"
    if problem == "old-torch":
        return f"upgrade torch there, or {choose}"
    if problem == "other-torch":
        return f"install torch 2.13 to 2.15 there, upgrade aotlens, or {choose}"
    if problem == "broken-torch":
        return f"try it there: {path} -c 'import torch'"
    return None
