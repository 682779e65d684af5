"""Private parts of DistributedDataParallel."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.parallel import distributed as ddp


def ignored_by_ddp(module: nn.Module) -> frozenset[str]:
    """Return the names that DDP is told to ignore when it wraps a module.

    They are those of `DistributedDataParallel._set_params_and_buffers_to_ignore_for_model`.
    """
    names = vars(module).get("_ddp_params_and_buffers_to_ignore", ())  # a `__getattr__` may answer anything
    return frozenset(names)


def called_by_ddp(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the module that DDP calls with the arguments that it is given; any other callable as it is."""
    while isinstance(function, DistributedDataParallel):
        function = function.module
    return function


@contextlib.contextmanager
def ddp_without_reduction() -> Iterator[None]:
    """Let DDP on a fake process group make the call of its module and no more.

    Its reducer copies gradients to buckets by their data, which fake tensors lack, and takes the results of a
    collective, which a fake group does not give (torch/csrc/distributed/c10d/reducer.cpp). What it does to gradients is
    to average them, so that the call and its gradients are the same without it.
    """
    with contextlib.ExitStack() as stack:
        for owner, name, wrapper in (
            (ddp, "_verify_param_shape_across_processes", _unless_fake),
            (ddp, "_sync_module_states", _unless_fake_in_name),
            (dist, "_register_comm_hook", _unless_absent),
            (dist, "_register_builtin_comm_hook", _unless_absent),
            (DistributedDataParallel, "_ddp_init_helper", _without_reducer),
            (DistributedDataParallel, "_pre_forward", _as_given),
            (DistributedDataParallel, "_post_forward", _result_as_given),
            (DistributedDataParallel, "forward", _plain_forward),
        ):
            original = getattr(owner, name, None)
            if original is not None:
                stack.enter_context(patch.object(owner, name, wrapper(original)))
        yield


class _Nothing:
    """Stands in for a reducer and its logger: every method does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def _is_fake(group: Any) -> bool:
    try:
        return dist.get_backend(group) == "fake"
    except (RuntimeError, ValueError):
        return False


def _unless_fake(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(process_group: Any, *args: Any, **kwargs: Any) -> Any:
        return None if _is_fake(process_group) else original(process_group, *args, **kwargs)

    return call


def _unless_fake_in_name(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return None if _is_fake(kwargs.get("process_group")) else original(*args, **kwargs)

    return call


def _unless_absent(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(reducer: Any, *args: Any, **kwargs: Any) -> Any:
        return None if isinstance(reducer, _Nothing) else original(reducer, *args, **kwargs)

    return call


def _without_reducer(original: Callable[..., Any]) -> Callable[..., Any]:
    def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
        if _is_fake(self.process_group):
            self.reducer = self.logger = _Nothing()
        else:
            original(self, *args, **kwargs)

    return initialize


def _as_given(original: Callable[..., Any]) -> Callable[..., Any]:
    def pre_forward(self: Any, *inputs: Any, **kwargs: Any) -> Any:
        return (inputs, kwargs) if isinstance(self.reducer, _Nothing) else original(self, *inputs, **kwargs)

    return pre_forward


def _result_as_given(original: Callable[..., Any]) -> Callable[..., Any]:
    def post_forward(self: Any, output: Any) -> Any:
        return output if isinstance(self.reducer, _Nothing) else original(self, output)

    return post_forward


def _plain_forward(original: Callable[..., Any]) -> Callable[..., Any]:
    def forward(self: Any, *inputs: Any, **kwargs: Any) -> Any:
        return (
            self.module(*inputs, **kwargs) if isinstance(self.reducer, _Nothing) else original(self, *inputs, **kwargs)
        )

    return forward
