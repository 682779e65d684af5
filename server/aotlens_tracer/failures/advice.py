"""From an exception to Advice: what the user can do about it, if we know."""

from __future__ import annotations

import os
import sys
import traceback

from ..wire.advice import Advice, InstallPackage, Known, NamesInExample, SamePackageElsewhere
from ..wire.operands import FailedOperation
from ..wire.problems import DerivativeNeedsData, Problem
from .codebase import EXAMPLE_FILE, Codebase
from .problems import chain, text_of

_BY_TYPE = {
    "DataDependentOutputException": "data-dependent",
    "DynamicOutputShapeException": "data-dependent-size",
    "FakeTensorDeviceMismatchError": "several-devices",
}
_BY_TEXT = {
    "modified by an inplace operation": "changed-in-place",
    "returned an invalid gradient": "wrong-gradient-shape",
    "support for cuda": "needs-cuda",
    "CUDA enabled": "needs-cuda",
    "NVIDIA driver": "needs-cuda",
    "CUDA GPU": "needs-cuda",
}
"""Parts of torch's own messages."""


def advice_for(error: BaseException, stage: str, codebase: Codebase) -> Advice | None:
    """Return what can be done about an exception of `stage`, about its first cause rather than about what wraps it."""
    found = (_advice(part, stage, codebase) for part in reversed(list(chain(error))))
    return next((advice for advice in found if advice is not None), None)


def advice_for_operation(operation: FailedOperation, problem: Problem) -> Advice | None:
    """Return what can be done about a problem of an operation, if the operation and its operands prove the cause."""
    if isinstance(problem, DerivativeNeedsData):
        # torch: embedding_sparse_backward selects the rows that are not `padding_idx`, a number that depends on data.
        is_embedding = operation.name == "torch.nn.functional.embedding"
        return Known("sparse-padding") if is_embedding and problem.operation.startswith("aten.nonzero") else None
    return None


def _advice(error: BaseException, stage: str, codebase: Codebase) -> Advice | None:
    if (code := _BY_TYPE.get(type(error).__name__)) is not None:
        return Known(code)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _about_a_missing_module(error.name)
    if isinstance(error, SystemExit) and stage == "import":
        return Known("runs-at-import")
    if isinstance(error, NameError) and stage == "example" and _is_of_the_example(error):
        return NamesInExample(os.path.basename(codebase.target))
    if isinstance(error, EOFError):
        return Known("reads-input")
    if isinstance(error, MemoryError):
        return Known("no-memory")
    if isinstance(error, SyntaxError) and _is_about_an_encoding(error):
        return Known("save-as-utf8")
    text = text_of(error)
    return next((Known(code) for part, code in _BY_TEXT.items() if part in text), None)


def _about_a_missing_module(name: str) -> Advice:
    package, _, rest = name.partition(".")
    folder = next(iter(getattr(sys.modules.get(package), "__path__", ())), None)
    if rest and folder is not None:
        return SamePackageElsewhere(package, folder)
    return InstallPackage(package, sys.executable)


def _is_about_an_encoding(error: SyntaxError) -> bool:
    message = f"{type(error).__name__}: {error.msg}"
    return "codec can't decode" in message or "encoding" in message


def _is_of_the_example(error: BaseException) -> bool:
    """Whether the example's own expression raised the error, not the code that it calls."""
    entries = traceback.extract_tb(error.__traceback__)
    return bool(entries) and entries[-1].filename == EXAMPLE_FILE
