"""Which described calls of operators the tracer makes: it runs no user code, and a child may describe what it likes.

Nothing that a child says is looked up by its name but in the tables here: torch's own operators that take and return
tensors, and torch's types. Sizes are bounded, so that no call takes long or needs memory.
"""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

import torch

_SHAPE = 2
"""The place of the shape in the description of a tensor."""
_LONGEST_LIST = 1_000
"""Items of a list in a described call."""
_LONGEST_TEXT = 32
"""Characters of an argument that is a text, such as the `approximate` of `gelu`."""
_LARGEST = 1 << 44
"""The largest number in the description of a tensor: a size, a stride, bytes."""
_MOST_PIECES = 1 << 10
"""The largest size and number in a call that returns a list of tensors: it makes no more of them than that."""
_NAMESPACES = ("aten::", "prims::")
_COMPOSITE = frozenset(
    (
        *("conv1d", "conv2d", "conv3d", "expand_as", "flatten", "linear", "log_softmax", "matmul", "reshape"),
        *("softmax", "std", "std_mean", "to", "type_as", "var", "var_mean", "where"),
    )
)
"""Operators that call others, and that models use without autograd. Some of those that are not here call many."""
_REFUSED = frozenset(("from_file",))
"""Operators that do more than compute."""
_RETURNED = frozenset(("Tensor", "Optional[Tensor]", "List[Tensor]", "int", "float", "bool", "number"))
_TAKEN = re.compile(r"(Optional\[)?(List\[)?(Optional\[)?(Tensor|int|float|bool|number|str|Device|Generator)\]?\]?\]?")
_DEVICE = re.compile(r"[a-z]{2,12}(:\d{1,3})?")
_KINDS: dict[str, type] = {"dtype": torch.dtype, "layout": torch.layout, "memory_format": torch.memory_format}


class NotPlain(Exception):
    """A value has no description, or a description no value."""


def name_of_constant(value: object) -> tuple[str, str] | None:
    """Return the kind and name of one of torch's types (`dtype`, `float32`); None for anything else."""
    for kind, cls in _KINDS.items():
        if isinstance(value, cls):
            return kind, str(value).removeprefix("torch.")
    return None


def constant(kind: object, name: object) -> Any:
    """Return one of torch's types by its kind and name. Raises NotPlain."""
    try:
        return _constants()[kind, name]
    except (KeyError, TypeError):
        raise NotPlain from None


def device(name: object) -> torch.device:
    """Return a device. Fake tensors of a GPU that is there would take it into use. Raises NotPlain, RuntimeError."""
    if not isinstance(name, str) or not _DEVICE.fullmatch(name):
        raise NotPlain
    found = torch.device(name)
    if found.type not in ("cpu", "meta") and torch.accelerator.is_available():
        raise NotPlain
    return found


def operator(name: object) -> torch._ops.OpOverload:
    """Return an operator that may be called with described arguments. Raises NotPlain."""
    if not isinstance(name, str) or name not in _names():
        raise NotPlain
    return _operator(name)


def check_arguments(called: torch._ops.OpOverload, arguments: object) -> None:
    """Raise NotPlain unless all numbers, texts and lists in described arguments are small enough for an operator."""
    returns_many = any(str(result.type) == "List[Tensor]" for result in called._schema.returns)
    _check(arguments, _MOST_PIECES if returns_many else sys.maxsize, depth=5)


def _check(value: object, largest: int, depth: int) -> None:
    if isinstance(value, (list, dict)):
        if len(value) > _LONGEST_LIST or not depth:
            raise NotPlain
        is_tensor = isinstance(value, list) and value[:1] == ["tensor"]
        for place, item in enumerate(value.values() if isinstance(value, dict) else value):
            # the strides and the storage of a tensor make no more pieces
            of_tensor = min(largest, _LARGEST) if place == _SHAPE else _LARGEST
            _check(item, of_tensor if is_tensor else largest, depth - 1)
    elif isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            raise NotPlain
    elif isinstance(value, int) and abs(value) > largest:
        raise NotPlain


@functools.cache
def _names() -> frozenset[str]:
    """Return the names of all operators of torch's dispatcher: those of TorchScript alone, which do more, are not."""
    names: list[str] = torch._C._dispatch_get_all_op_names()
    return frozenset(name for name in names if name.startswith(_NAMESPACES))


@functools.lru_cache(4096)
def _operator(name: str) -> torch._ops.OpOverload:
    namespace, _, whole = name.partition("::")
    base, _, overload = whole.partition(".")
    packet = getattr(torch.ops.aten if namespace == "aten" else torch.ops.prims, base, None)
    if not isinstance(packet, torch._ops.OpOverloadPacket) or base in _REFUSED:
        raise NotPlain
    called = getattr(packet, overload or "default", None)
    if (
        not isinstance(called, torch._ops.OpOverload)
        or str(called._schema).partition("(")[0] != name
        or not _is_learnable(called, base)
    ):
        raise NotPlain
    return called


def _is_learnable(called: torch._ops.OpOverload, base: str) -> bool:
    returned = [str(result.type) for result in called._schema.returns]
    if not any("Tensor" in kind for kind in returned) or not _RETURNED.issuperset(returned):
        return False
    if not all(_TAKEN.fullmatch(str(argument.type)) for argument in called._schema.arguments):
        return False
    is_composite = called.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd)
    return not is_composite or base in _COMPOSITE


@functools.cache
def _constants() -> dict[Any, Any]:
    """Return torch's types by kind and name, the second also as `str` gives it (`channels_last`)."""
    named = ((name_of_constant(value), value) for value in vars(torch).values())
    return {name: value for name, value in named if name is not None}
