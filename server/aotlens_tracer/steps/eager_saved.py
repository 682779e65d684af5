"""The tensors that autograd saves in the call, without any capture: by hooks, on the example's own tensors."""

from __future__ import annotations

import contextlib
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
from ..torch_private import (
    CALL_CODE,
    TorchDispatchMode,
    is_traceable_wrapper_subclass,
    may_allocate,
    pytree,
    saved_fields,
    storage_key,
)
from ..wire.descriptor_map import Span


@dataclass(frozen=True)
class Made:
    """The call that allocated some memory: its stack, outermost first, and the innermost module around it."""

    stack: tuple[Span, ...]
    module: str | None


@dataclass(frozen=True)
class SavedTensor:
    """A tensor that autograd saved, and the nodes that keep it, each with the name that it has there."""

    tensor: torch.Tensor
    made: Made
    kept_by: tuple[str, ...]


def saved_by_autograd(example: BuiltExample) -> list[SavedTensor]:
    """Return the tensors that the autograd graph of the call's result keeps, in the order in which they were saved.

    Memory from before the call (parameters, arguments, constants) is left out. Makes the call, which may change the
    example's tensors in place. Raises what it raises.
    """
    memory = _Memory(example.module)
    held: list[weakref.ref[_Held]] = []

    def pack(tensor: torch.Tensor) -> _Held:
        parts = [(part.detach(), memory.made[key]) for part, key in _plain(tensor) if key in memory.made]
        # With its history, a result would keep the node that keeps it.
        mine = _Held(tensor.detach(), parts)
        held.append(weakref.ref(mine))
        return mine

    # Compiled code of the user's would save by its own graph.
    with example.fake(), torch.compiler.set_stance("force_eager"):
        with memory, torch.autograd.graph.saved_tensors_hooks(pack, _unpack):
            outputs = example.function(*example.args, **example.kwargs)
        # A tensor that nothing holds any more was freed in the call itself, with a result that was not used.
        alive = [mine for reference in held if (mine := reference()) is not None]
        kept_by = _kept_by(leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor))
    return [SavedTensor(part, made, kept_by.get(id(mine), ())) for mine in alive for part, made in mine.parts]


class _Held:
    """Autograd keeps this in the place of a tensor: the tensor, and the parts of it whose memory the call allocated."""

    def __init__(self, tensor: torch.Tensor, parts: list[tuple[torch.Tensor, Made]]) -> None:
        self.tensor = tensor
        self.parts = parts


def _unpack(held: _Held) -> torch.Tensor:
    return held.tensor


class _Memory(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Notes which call allocated the memory of each storage. A storage that is not in `made` was there before."""

    supports_higher_order_operators = True

    def __init__(self, module: nn.Module | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types
        self.made: dict[int, Made] = {}
        self._names = {id(part): name for name, part in module.named_modules()} if module is not None else {}
        self._spans: dict[tuple[types.CodeType, int], Span] = {}

    def __torch_dispatch__(self, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if may_allocate(func):
            given = {key for _, key in _plain((args, kwargs))}
            made = [key for _, key in _plain(result) if key not in given]
            if made:
                self.made.update(dict.fromkeys(made, self._place()))
        return result

    def _place(self) -> Made:
        """Return the call that is being made."""
        stack, module = [], None
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not saved_by_autograd.__code__:
            code = frame.f_code
            if module is None and code is CALL_CODE:
                module = self._names.get(id(frame.f_locals.get("self")))
            if not (code.co_filename.startswith("<") or is_library(code.co_filename)):
                place = code, frame.f_lasti
                if place not in self._spans:
                    self._spans[place] = span_of(frame)
                stack.append(self._spans[place])
            frame = frame.f_back
        if module is None and self._names:
            module = ""
        return Made(tuple(reversed(stack)), module)


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


def _kept_by(tensors: Iterable[torch.Tensor]) -> dict[int, tuple[str, ...]]:
    """Return the nodes of the autograd graph of some tensors that keep each `_Held`, by its id: `AddmmBackward0.mat1`.

    Tensors that another hook holds (activation checkpointing) are left alone: reading them would compute them again.
    """
    found: dict[int, dict[str, None]] = {}
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
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                pending.append(following)
    return {key: tuple(labels) for key, labels in found.items()}
