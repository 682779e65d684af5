"""The tensors that the call leaves in memory, without any capture: those that autograd saves, and those returned.

Hooks record what autograd saves, on the example's own tensors.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..failures import is_library
from ..graph.stack_traces import span_of
from ..graph.tensors import tensor_bytes
from ..torch_private import (
    CALL_CODE,
    StorageWeakRef,
    TorchDispatchMode,
    is_traceable_wrapper_subclass,
    may_allocate,
    pytree,
    saved_fields,
    storage_key,
)
from ..wire.descriptor_map import Span

_TRANSPARENT = (
    __file__,
    *(
        os.path.join("torch", *path)
        for path in (("_tensor.py",), ("functional.py",), ("_compile.py",), ("_dynamo", "eval_frame.py"))
    ),
)
"""Files whose functions are operators themselves, such as `Tensor.split`, or lie between an operator and this file."""

Geometry = tuple[str, ...]
"""The place of a tensor in its storage: offset, shape and strides as text, so that symbolic ones can be compared."""


@dataclass(frozen=True)
class Made:
    """The call that made a tensor: its stack, outermost first, and the innermost module around it.

    `is_inside` says that the operator was called inside of the innermost expression, by a library.
    """

    stack: tuple[Span, ...]
    module: str | None
    is_inside: bool


Part = tuple[torch.Tensor, Made, "Made | None"]
"""A plain tensor, the call that allocated its memory, and the one that took it out of a larger tensor, if any."""


@dataclass(frozen=True)
class SavedTensor:
    """A tensor that autograd saved, and the nodes that keep it, each with the name that it has there.

    `taken` is the call that took the tensor, or what it is a view of, out of a larger one: `h[:, -1]`. None if nothing
    did.
    """

    tensor: torch.Tensor
    made: Made
    taken: Made | None
    kept_by: tuple[str, ...]


@dataclass(frozen=True)
class Left:
    """The tensors that a call leaves in memory: those saved, in order, and those returned.

    Memory from before the call (parameters, arguments, constants) is left out.
    """

    saved: list[SavedTensor]
    returned: list[torch.Tensor]


def left_in_memory(example: BuiltExample) -> Left:
    """Return the tensors that the call leaves in memory while its result is there.

    Makes the call, which may change the example's tensors in place. Raises what it raises.
    """
    memory = _Memory(example.module)
    held: list[weakref.ref[_Held]] = []

    def pack(tensor: torch.Tensor) -> _Held:
        # With its history, a result would keep the node that keeps it.
        mine = _Held(tensor.detach(), memory.parts(tensor))
        held.append(weakref.ref(mine))
        return mine

    # Compiled code of the user's would save by its own graph.
    with example.fake(), torch.compiler.set_stance("force_eager"):
        with memory, torch.autograd.graph.saved_tensors_hooks(pack, _unpack):
            outputs = example.function(*example.args, **example.kwargs)
        # A tensor that nothing holds any more was freed in the call itself, with a result that was not used.
        alive = [mine for reference in held if (mine := reference()) is not None]
        results = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]
        kept_by, others = _kept_by(results, memory)
    saved = [SavedTensor(*part, kept_by.get(id(mine), ())) for mine in alive for part in mine.parts]
    return Left(saved + others, [tensor for tensor, _, _ in memory.parts(results)])


class _Held:
    """Autograd keeps this in the place of a tensor: the tensor, and the parts of it whose memory the call allocated."""

    def __init__(self, tensor: torch.Tensor, parts: list[Part]) -> None:
        self.tensor = tensor
        self.parts = parts


def _unpack(held: _Held) -> torch.Tensor:
    return held.tensor


class _Memory(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Notes which call allocated the memory of each storage, and which ones took tensors out of larger ones.

    A storage that is not in `made` was there before.
    """

    supports_higher_order_operators = True

    def __init__(self, module: nn.Module | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types
        self.made: dict[int, Made] = {}
        self._taken: dict[int, dict[Geometry, Made]] = {}
        # While a storage has a reference, no other one gets its key.
        self._references: list[StorageWeakRef] = []
        self._names = {id(part): name for name, part in module.named_modules()} if module is not None else {}
        self._spans: dict[tuple[types.CodeType, int], Span] = {}

    def __torch_dispatch__(self, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = dict(_keyed((args, kwargs)))
        results = list(_plain(result))
        if may_allocate(func) and (made := [(part, key) for part, key in results if key not in given]):
            self.made.update(dict.fromkeys((key for _, key in made), self._place()))
            self._references += [
                StorageWeakRef(part.untyped_storage())  # type: ignore[no-untyped-call]  # torch has no types
                for part, _ in made
            ]
        for part, key in results:
            if key in given and key in self.made:
                self._note_view(part, given[key], key)
        return result

    def parts(self, value: Any) -> list[Part]:
        """Return the tensors in a value whose memory the call allocated."""
        return [
            (part.detach(), self.made[key], self._taken.get(key, {}).get(_geometry(part)))
            for part, key in _plain(value)
            if key in self.made
        ]

    def _note_view(self, view: torch.Tensor, of: torch.Tensor, key: int) -> None:
        taken = self._taken.setdefault(key, {})
        if (tensor_bytes(view) or 0) < (tensor_bytes(of) or 0):
            taken[_geometry(view)] = self._place()
        elif (before := taken.get(_geometry(of))) is not None:
            taken[_geometry(view)] = before

    def _place(self) -> Made:
        """Return the call that is being made."""
        stack, module, is_inside = [], None, False
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not left_in_memory.__code__:
            code = frame.f_code
            if module is None and code is CALL_CODE:
                module = self._names.get(id(frame.f_locals.get("self")))
            if not (code.co_filename.startswith("<") or is_library(code.co_filename)):
                place = code, frame.f_lasti
                if place not in self._spans:
                    self._spans[place] = span_of(frame)
                stack.append(self._spans[place])
            elif not stack and not code.co_filename.endswith(_TRANSPARENT):
                is_inside = True
            frame = frame.f_back
        if module is None and self._names:
            module = ""
        return Made(tuple(reversed(stack)), module, is_inside)


def _plain(value: Any) -> Iterator[tuple[torch.Tensor, int]]:
    """Yield the tensors in a value that have memory, those in subclasses too, each with the key of its storage."""
    for leaf in pytree.tree_leaves(value):
        if not isinstance(leaf, torch.Tensor):
            continue
        if is_traceable_wrapper_subclass(leaf):
            names, _ = leaf.__tensor_flatten__()
            yield from _plain([getattr(leaf, name) for name in names])
        elif (key := storage_key(leaf)) is not None:
            yield leaf, key


def _keyed(value: Any) -> Iterator[tuple[int, torch.Tensor]]:
    return ((key, part) for part, key in _plain(value))


def _geometry(tensor: torch.Tensor) -> Geometry:
    return tuple(map(str, (tensor.storage_offset(), tensor.shape, tensor.stride())))


def _kept_by(tensors: Iterable[torch.Tensor], memory: _Memory) -> tuple[dict[int, tuple[str, ...]], list[SavedTensor]]:
    """Return the nodes of the autograd graph of some tensors that keep each `_Held`, by its id: `AddmmBackward0.mat1`.

    With it come tensors that are kept without our hook: by a hook of the user's, or as an attribute of a custom
    function's `ctx`. Nothing is unpacked: activation checkpointing would compute it again.
    """
    found: dict[int, dict[str, None]] = {}
    others: list[SavedTensor] = []
    pending = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    seen = set(pending)
    while pending:
        node = pending.pop()
        for name, label in saved_fields(type(node)).items():
            saved: Any = ()
            with contextlib.suppress(Exception):  # of a function that saved nothing there
                saved = getattr(node, name)
            for item in saved if isinstance(saved, (list, tuple)) else (saved,):
                if getattr(item, "unpack_hook", None) is _unpack:
                    found.setdefault(id(item.data), {})[f"{node.name()}.{label}"] = None
                elif getattr(item, "unpack_hook", None) is not None:
                    others += [SavedTensor(*part, (f"{node.name()}.{label}",)) for part in memory.parts(item.data)]
        for name, value in getattr(node, "__dict__", {}).items():
            others += [SavedTensor(*part, (f"{node.name()}.{name}",)) for part in memory.parts(value)]
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                pending.append(following)
    return {key: tuple(labels) for key, labels in found.items()}, others
