"""From an exception to Advice: what the user can do about it, if we know."""

from __future__ import annotations

import dis
import importlib.util
import os
import re
import sys
import traceback

from ..wire.advice import Advice, InstallPackage, Known, NamesInExample, PlantedModule, SamePackageElsewhere
from ..wire.operands import FailedOperation
from ..wire.problems import DerivativeNeedsData, Problem, Raised, ReadsData
from .clusters import cluster_for
from .codebase import EXAMPLE_FILE, Codebase, is_library
from .problems import chain, is_of_parser, operator_without_fake, text_of
from .refused_modules import refused_place

_BY_TEXT = {
    "modified by an inplace operation": "changed-in-place",
    "leaf Variable that requires grad is being used in an in-place operation": "leaf-changed-in-place",
    "is the output of a function that returns multiple views": "one-of-several-views",
    "returned an invalid gradient": "wrong-gradient-shape",
    "Torch not compiled with CUDA enabled": "needs-cuda",
    "Found no NVIDIA driver": "needs-cuda",
    "No CUDA GPUs are available": "needs-cuda",
    "torch.compile with Inductor and CUDA support": "needs-cuda",
    "on the same device": "several-devices",
    "is not on the expected device": "several-devices",
    "ANY output aliasing (even for regular tensors)": "subclass-results-alias",
    "Encountered duplicate inputs that are mutated in the graph, but at least one": "subclass-arguments-alias",
    "Encountered aliased inputs that are mutated in the graph, but at least one": "subclass-arguments-alias",
    "Metadata mutations are currently not allowed on tensor subclasses": "subclass-reshaped",
    "Expected SubclassSymbolicContext or None": "subclass-gradient-kept",
    "aten._nested_sum_backward": "jagged-reduction",
    "Attempted to wrap strided NestedTensor": "jagged-layout",
    "SymIntArrayRef expected to contain only concrete integers": "jagged-reduction",
    "No viable backend for scaled_dot_product_attention was found": "jagged-attention",
    "Attempt to trace forbidden callable <function mark_dynamic": "mark-before",
    "Attempt to trace forbidden callable <function maybe_mark_dynamic": "mark-before",
    "Attempt to trace forbidden callable <function mark_unbacked": "mark-before",
}
"""Parts of torch's own messages. They prove nothing in a message of the user's own (see `raised_by_a_statement`)."""
_REQUIRES = re.compile(r"^[Rr]equires `?(\w+)`?(?=$|[\s,.=<>~!])")
"""The beginning of the message of packages that check for another one: `Requires mslk >= 1.0.0`."""
_GONE_FROM_PYTHON = (
    "asynchat",
    "asyncore",
    "cgi",
    "crypt",
    "distutils",
    "imp",
    "imghdr",
    "pipes",
    "smtpd",
    "telnetlib",
)
"""Modules that later versions of Python lack, and that no package brings."""
_LEAVES_OUT_ELEMENTS = ("aten.nonzero", "aten.masked_select", "aten.index")
_ASKS_FOR_A_TRUTH = (
    "torch.Tensor.__bool__",
    "torch.equal",
    "torch.is_nonzero",
    "torch.Tensor.is_nonzero",
    "torch.Tensor.equal",
)


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
    if isinstance(problem, ReadsData):
        return _about_reading(operation)
    devices = {operand.device.partition(":")[0] for operand in operation.operands if operand.device is not None}
    if len(devices) > 1 and any(operand.role == "attribute" for operand in operation.operands):
        return Known("attribute-not-moved")
    if len(devices) > 1 and "meta" in devices:
        return Known("meta-device")
    if isinstance(problem, Raised) and "must be Tensor, not tuple" in problem.text:
        made = [operand.layer for operand in operation.operands if operand.dtype is None and operand.layer is not None]
        return Known("unpack-result") if made else None
    return _about_text(problem.text) if isinstance(problem, Raised) and operation.name is not None else None


def _about_reading(operation: FailedOperation) -> Advice | None:
    """Return advice about a value that is read, which is no help where a package's own code reads it."""
    if operation.through is not None:
        return Known("validate-args") if operation.through.startswith("torch.distributions.") else None
    return Known("data-dependent" if operation.name in _ASKS_FOR_A_TRUTH else "reads-value")


def _advice(error: BaseException, stage: str, codebase: Codebase) -> Advice | None:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _about_a_missing_module(error.name)
    if isinstance(error, ImportError) and (missing := _REQUIRES.search(text_of(error))) is not None:
        is_missing = missing[1] not in sys.modules and importlib.util.find_spec(missing[1]) is None
        return InstallPackage(missing[1], sys.executable) if is_missing else None
    if isinstance(error, SystemExit) and stage == "import":
        return Known("runs-at-import")
    if isinstance(error, NameError) and stage == "example" and _is_of_the_example(error):
        return NamesInExample(os.path.basename(codebase.target))
    if isinstance(error, SyntaxError):
        return _about_syntax(error)
    if raised_by_a_statement(error):
        return None
    kind, text = type(error).__name__, text_of(error)
    if kind == "DataDependentOutputException":
        return Known("reads-value")
    if (operator := operator_without_fake(error)) is not None:
        if operator.startswith("aten._nested_"):
            return Known("jagged-attention-traced")
        return None if operator.startswith("aten.") else Known("register-fake")
    if kind == "DynamicOutputShapeException":
        return _about_a_size(text)
    if (cluster := cluster_for(error)) is not None:
        return cluster
    if isinstance(error, EOFError):  # `input()`; an empty pickle has another text
        return Known("reads-input") if text == "EOF when reading a line" else None
    if isinstance(error, MemoryError):
        return None if is_of_parser(error) else Known("no-memory")
    return _about_text(text)


def advice_for_refusal(text: str) -> Known | None:
    """Return what can be done where Dynamo or AOTAutograd refuses a call with this message; None if that is unknown."""
    return _about_text(text)


def _about_text(text: str) -> Known | None:
    return next((Known(code) for part, code in _BY_TEXT.items() if part in text), None)


def raised_by_a_statement(error: BaseException) -> bool:
    """Whether a `raise` or an `assert` outside torch and the standard library raised an error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or is_library(traceback.tb_frame.f_code.co_filename):
        return False
    return dis.opname[traceback.tb_frame.f_code.co_code[traceback.tb_lasti]] == "RAISE_VARARGS"


def _about_a_size(operation: str) -> Advice | None:
    if operation.startswith("aten._pack_padded_sequence"):
        return Known("packed-sequence")
    return Known("data-dependent-size") if operation.startswith(_LEAVES_OUT_ELEMENTS) else None


def _about_a_missing_module(name: str) -> Advice | None:
    if (place := refused_place(name)) is not None:
        return PlantedModule(name, place)
    package, _, rest = name.partition(".")
    folder = next(iter(getattr(sys.modules.get(package), "__path__", ())), None)
    if rest and folder is not None:
        return SamePackageElsewhere(package, folder)
    if package in sys.stdlib_module_names or package in _GONE_FROM_PYTHON:
        return None
    return InstallPackage(package, sys.executable)


def _about_syntax(error: SyntaxError) -> Advice | None:
    """Return advice about a file that is not in the encoding that it declares, or UTF-8."""
    message = str(error.msg)
    if "unicodeescape" in message:  # "(unicode error) 'unicodeescape' codec can't decode": it is about a string
        return Known("raw-string")
    texts = ("codec can't decode", "Non-UTF-8 code", "unknown encoding", "encoding problem")
    return Known("save-as-utf8") if any(text in message for text in texts) else None


def _is_of_the_example(error: BaseException) -> bool:
    """Whether the example's own expression raised the error, not the code that it calls."""
    entries = traceback.extract_tb(error.__traceback__)
    return bool(entries) and entries[-1].filename == EXAMPLE_FILE
