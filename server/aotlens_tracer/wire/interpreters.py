"""The vocabulary of interpreters that cannot trace. `aotlens.explain.interpreters` makes sentences of these facts.

`InterpreterProblem` is a closed set. A `version` is that of the interpreter or of its torch. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged
from .raised import Raised


@dataclass(frozen=True)
class OldPython(Tagged):
    """The interpreter is older than `protocol.MINIMUM_PYTHON`."""

    version: str


@dataclass(frozen=True)
class NoTorch(Tagged):
    """The interpreter has no torch."""


@dataclass(frozen=True)
class OldTorch(Tagged):
    """The version of torch is older than `protocol.MINIMUM_TORCH`."""

    version: str


@dataclass(frozen=True)
class OtherTorch(Tagged):
    """This version of torch lacks a private name that the tracer imports; `cause` is the error of that import."""

    version: str
    cause: Raised


@dataclass(frozen=True)
class BrokenTorch(Tagged):
    """Torch is installed, and importing it or reading its version fails with `cause`."""

    cause: Raised


InterpreterProblem = OldPython | NoTorch | OldTorch | OtherTorch | BrokenTorch
"""The problems for which an interpreter cannot trace."""
