"""Recorded examples: an instance of the target, and the arguments it is called with, in the call of another target.

The other target, the root, is built with its own example and called with fake tensors. The call is given up when it
first calls an instance of the wanted class, so that later code changes nothing of the recording, and need not work.
This happens before any capture, because Dynamo would not run it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

from ..failures import problem_of
from ..torch_private import Autocast, autocast_now, class_of, pytree, storage_key
from ..wire.problems import NoOwnExample, NotReached
from .evaluate import BuiltExample


class NotCalled(Exception):
    """The root's call ended, or failed (then `__cause__` is the error), without a call of the wanted class."""

    def __init__(self, problem: NotReached | NoOwnExample) -> None:
        super().__init__(repr(problem))
        self.problem = problem


class _Called(BaseException):
    """Ends the root's call. Not an Exception, so that user code does not handle it."""


def record(root: BuiltExample, wanted: type[nn.Module]) -> BuiltExample:
    """The first call of an instance of `wanted` in the call of `root`, as an example. Raises NotCalled."""
    calls: list[tuple[nn.Module, tuple[Any, ...], dict[str, Any], Autocast | None]] = []

    def on_call(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if module is not root.module:
            calls.append((module, args, kwargs, autocast_now()))
            raise _Called

    failure: BaseException | None = None
    # Compiled code would run unseen, and a gradient's history would tie the arguments to the root.
    with _watching(wanted, on_call), root.fake(), torch.compiler.set_stance("force_eager"):
        try:
            root.function(*root.args, **root.kwargs)
        except _Called:
            pass
        except Exception as error:
            failure = error
        if not calls:
            name = class_of(root.module).__name__ if root.module is not None else None
            raise NotCalled(NotReached(name, problem_of(failure) if failure is not None else None)) from failure
        module, args, kwargs, autocast = calls[0]
        args, kwargs = _on_their_own((args, kwargs))
    return BuiltExample(module, args, kwargs, root.mode, None, autocast=autocast)


@contextlib.contextmanager
def _watching(
    wanted: type[nn.Module], on_call: Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]
) -> Iterator[None]:
    """Call `on_call` whenever an instance of `wanted` is called, also by `module.forward(x)`.

    Instances of a subclass count only if they inherit the `forward` of `wanted`: otherwise it is another model.
    """
    forward = wanted.forward

    def watched(name: str) -> Callable[..., Any]:
        original = getattr(wanted, name)

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if type(module).forward in (forward, vars(wanted).get("forward")):
                on_call(module, args, kwargs)
            return original(module, *args, **kwargs)

        return call

    with patch.multiple(wanted, __call__=watched("__call__"), forward=watched("forward")):
        yield


def _on_their_own(tree: Any) -> Any:
    """The same arguments, detached from the call that they were recorded in.

    They still require gradients if they did, and still share memory with each other if they did.
    """
    leaves, spec = pytree.tree_flatten(tree)
    tensors = {id(leaf): leaf for leaf in leaves if isinstance(leaf, torch.Tensor)}
    storages = [storage_key(tensor) for tensor in tensors.values()]
    copies = {}
    for (identity, tensor), storage in zip(tensors.items(), storages):
        alone = storage is not None and storages.count(storage) == 1 and not isinstance(tensor, nn.Parameter)
        if alone:  # a copy that is no view: Dynamo might refuse a view
            copy = torch.empty_strided(
                tensor.size(), tensor.stride(), dtype=tensor.dtype, layout=tensor.layout, device=tensor.device
            )
        else:
            copy = tensor.detach()
        copies[identity] = copy.requires_grad_(tensor.requires_grad)
    return pytree.tree_unflatten([copies.get(id(leaf), leaf) for leaf in leaves], spec)
