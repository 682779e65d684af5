"""Interpreters that cannot trace, in words."""

from __future__ import annotations

from aotlens_tracer.wire.interpreters import BrokenTorch, InterpreterProblem, NoTorch, OldPython, OldTorch, OtherTorch
from aotlens_tracer.wire.protocol import MINIMUM_PYTHON, MINIMUM_TORCH, NEWEST_TESTED_TORCH

from .exceptions import raised


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


SUPPORTED_TORCH = f"{_dotted(MINIMUM_TORCH)} to {_dotted(NEWEST_TESTED_TORCH)}"
"""The versions of torch that aotlens works with: `2.13 to 2.15`."""


def why_unusable(problem: InterpreterProblem) -> str:
    """Return why an interpreter cannot trace, as a clause."""
    match problem:
        case OldPython(version):
            return f"Python {version} is too old: aotlens needs {_dotted(MINIMUM_PYTHON)} or newer"
        case NoTorch():
            return "torch is not installed in this interpreter"
        case OldTorch(version):
            return f"torch {version} is too old: aotlens needs {_dotted(MINIMUM_TORCH)} or newer"
        case OtherTorch(version, cause):
            return f"aotlens works with torch {SUPPORTED_TORCH}, and not with {version} ({raised(cause)})"
        case BrokenTorch(cause):
            return f"torch cannot be imported: {raised(cause)}"
