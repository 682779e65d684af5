"""A cluster without a cluster: torch's `fake` process group, and meshes of devices that are never fake themselves.

The group has the size and the rank that it is given, and no other process: its collectives return at once, with results
of the right shape and wrong values (torch/testing/_internal/distributed/fake_pg.py, torch 2.13 to 2.15).
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import random
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
import torch.distributed as dist
from torch.utils._python_dispatch import _disable_current_modes

from ..wire.example_options import World
from .ddp import ddp_without_reduction
from .fake_mode import FakeTensor, unset_fake_temporarily

__all__ = ["InCluster", "in_cluster"]

_MAKES_MESHES = ("__init__", "__getitem__", "_flatten", "_unflatten", "_concatenate", "from_group", "__setstate__")
"""The methods of DeviceMesh that compute with the tensor of ranks."""
_FAKE = "fake"


class InCluster:
    """The cluster of the code that runs: the one that was chosen, and what the code itself has made.

    An example is built several times, in one process. If building it makes a process group, each build does.
    """

    def __init__(self, chosen: World | None) -> None:
        self.chosen = chosen
        self._build = 0
        self._joined_in = 0

    def begin_build(self) -> None:
        """Note that an example is about to be built, once more if it was already."""
        self._build += 1

    def joins(self) -> None:
        """Note that the code itself makes a process group."""
        self._joined_in = self._build

    @property
    def is_joined_anew(self) -> bool:
        """Whether the code wants a process group that another build of the example has made already."""
        return self._is_fake() and 0 < self._joined_in < self._build

    @property
    def world(self) -> World | None:
        """The fake cluster in which the code runs; None without one. The names of a mesh are those that were chosen."""
        if not self._is_fake():
            return None
        size, rank = dist.get_world_size(), dist.get_rank()
        mesh = self.chosen.mesh if self.chosen is not None and self.chosen.size == size else ()
        return World(size, rank, mesh)

    def _is_fake(self) -> bool:
        return dist.is_available() and dist.is_initialized() and dist.get_backend() == _FAKE

    def mesh(self) -> Any:
        """Return a mesh of the dimensions that were chosen, on the CPU; None if none were."""
        if self.chosen is None or not self.chosen.mesh:
            return None
        names, sizes = zip(*self.chosen.mesh, strict=True)
        from torch.distributed.device_mesh import init_device_mesh

        return init_device_mesh("cpu", sizes, mesh_dim_names=names)

    def change(self, world: World | None) -> None:
        """Go to another cluster: that of another example. Meshes that exist stay as they are."""
        if world == self.chosen:
            return
        self.chosen = world
        _leave()
        if world is not None:
            _join(world)


@contextlib.contextmanager
def in_cluster(world: World | None) -> Iterator[InCluster]:
    """Run code as one rank of a cluster; without a `world`, only as far as the code itself asks for one.

    A process group that the code wants is the fake one: with a `world` that one, whatever the code says, else one of
    the size that the code gives, if that is above 1, because no other process would ever join it. Meshes are made
    outside fake modes: their ranks are numbers that DTensor reads.
    """
    if not dist.is_available():
        yield InCluster(None)
        return
    cluster = InCluster(world)
    with contextlib.ExitStack() as stack:
        _keep_meshes_real(stack)
        _take_over(stack, cluster)
        _choose_no_device(stack, cluster)
        stack.enter_context(ddp_without_reduction())
        _number_collectives_apart(stack)
        stack.enter_context(patch.dict(os.environ))
        if world is not None:
            _join(world)
        try:
            yield cluster
        finally:
            _leave()


def _number_collectives_apart(stack: contextlib.ExitStack) -> None:
    """Let collectives on fake tensors take their numbers from elsewhere than the random numbers of the user's code."""
    with contextlib.suppress(ImportError):
        from torch.distributed import _meta_registrations

        if getattr(_meta_registrations, "random", None) is random:
            stack.enter_context(patch.object(_meta_registrations, "random", random.Random(0)))


def _join(world: World) -> None:
    """Become a rank of a fake process group, with the environment that torchrun gives it on one machine."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    numbers = {"RANK": world.rank, "WORLD_SIZE": world.size, "ROLE_RANK": world.rank, "ROLE_WORLD_SIZE": world.size}
    numbers |= {"LOCAL_RANK": world.rank, "LOCAL_WORLD_SIZE": world.size, "GROUP_RANK": 0, "GROUP_WORLD_SIZE": 1}
    os.environ.update({name: str(number) for name, number in numbers.items()})
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT="29500")
    _original_init(_FAKE, store=FakeStore(), rank=world.rank, world_size=world.size)


def _leave() -> None:
    if dist.is_initialized() and dist.get_backend() == _FAKE:
        dist.destroy_process_group()


_original_init: Callable[..., None] = dist.init_process_group


def _take_over(stack: contextlib.ExitStack, cluster: InCluster) -> None:
    """Let the code's own `init_process_group` make a fake process group, or do nothing if there is one already."""
    signature = inspect.signature(_original_init)

    @functools.wraps(_original_init)
    def init(*args: Any, **kwargs: Any) -> None:
        if dist.is_initialized() and (cluster.chosen is not None or cluster.is_joined_anew):
            return
        world = cluster.chosen or _wanted(signature, args, kwargs)
        if world is not None and not dist.is_initialized():
            _join(world)
        else:  # torch's error, if it was initialized twice
            _original_init(*args, **kwargs)
        cluster.joins()

    from torch.distributed import device_mesh, distributed_c10d

    for module in (dist, distributed_c10d, device_mesh):
        if getattr(module, "init_process_group", None) is _original_init:
            stack.enter_context(patch.object(module, "init_process_group", init))


def _choose_no_device(stack: contextlib.ExitStack, cluster: InCluster) -> None:
    """Let a rank choose its GPU, and pin memory for it, where there is none: a fake cluster needs none."""
    original, pin_memory = torch.cuda.set_device, torch.Tensor.pin_memory
    if torch.cuda.is_available():
        return

    @functools.wraps(original)
    def set_device(device: Any) -> None:
        if cluster.chosen is None and cluster.world is None:
            original(device)

    @functools.wraps(pin_memory)
    def pin(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self if cluster.world is not None else pin_memory(self, *args, **kwargs)

    stack.enter_context(patch.object(torch.cuda, "set_device", set_device))
    stack.enter_context(patch.object(torch.Tensor, "pin_memory", pin))


def _wanted(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> World | None:
    """Return the cluster that a call of `init_process_group` wants; None if torch itself is to see to that call."""
    try:
        given = signature.bind(*args, **kwargs).arguments
        size = int(given.get("world_size", -1))
        size = size if size > 0 else int(os.environ.get("WORLD_SIZE", -1))
        rank = int(given.get("rank", -1))
        rank = rank if rank >= 0 else int(os.environ.get("RANK", -1))
    except (TypeError, ValueError):
        return None
    if given.get("backend") == _FAKE or size < 2 or not 0 <= rank < size:
        return None
    return World(size, rank)


def _keep_meshes_real(stack: contextlib.ExitStack) -> None:
    """Let meshes be made, cut and read outside fake modes; those for CUDA on the CPU where there is no CUDA."""
    from torch.distributed import device_mesh

    mesh: Any = getattr(device_mesh, "DeviceMesh", None)
    if mesh is None:
        return
    for name in _MAKES_MESHES:
        found = inspect.getattr_static(mesh, name, None)
        if isinstance(found, staticmethod):
            stack.enter_context(patch.object(mesh, name, staticmethod(_outside(found.__func__))))
        elif inspect.isfunction(found):
            wrapped = _with_real_ranks(found) if name == "__init__" else found
            stack.enter_context(patch.object(mesh, name, _outside(wrapped)))
    ranks = inspect.getattr_static(mesh, "mesh", None)
    if isinstance(ranks, property) and ranks.fget is not None:
        stack.enter_context(patch.object(mesh, "mesh", property(_outside(ranks.fget))))
    _keep_shards_known(stack)


def _keep_shards_known(stack: contextlib.ExitStack) -> None:
    """Let DTensor find the indices of a strided shard outside all modes: it reads them from a tensor.

    A fake tensor has none, so that dimensions that are sharded on two mesh dimensions could not be joined (torch 2.13).
    Within a run, torch remembers what it found in eager.
    """
    from torch.distributed.tensor import placement_types

    strided: Any = getattr(placement_types, "_StridedShard", None)
    for name in ("_local_shard_size_and_offset", "local_shard_size_and_offset"):
        found = inspect.getattr_static(strided, name, None)
        if isinstance(found, staticmethod):
            stack.enter_context(patch.object(strided, name, staticmethod(_without_modes(found.__func__))))
        elif inspect.isfunction(found):
            stack.enter_context(patch.object(strided, name, _without_modes(found)))


def _without_modes(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def known(*args: Any, **kwargs: Any) -> Any:
        with _disable_current_modes():
            return original(*args, **kwargs)

    return known


def _with_real_ranks(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give the constructor of a mesh the ranks that a fake tensor stands for, and a device that exists here.

    `init_device_mesh` makes the numbers of all ranks, in their order, by `torch.arange` (torch 2.13 to 2.15). A mesh
    that the code itself makes of a tensor has values if that was made from numbers (`readable_constants`).
    """

    @functools.wraps(original)
    def initialize(self: Any, device_type: str, mesh: Any = None, **kwargs: Any) -> Any:
        if device_type == "cuda" and not torch.cuda.is_available():
            device_type = "cpu"
        if isinstance(mesh, FakeTensor):
            mesh = mesh.constant if mesh.constant is not None else mesh.tolist()
        ranks = kwargs.get("_rank_map")
        if isinstance(ranks, FakeTensor):
            kwargs["_rank_map"] = torch.arange(ranks.numel(), dtype=torch.int)
        return original(self, device_type, mesh, **kwargs)

    return initialize


def _outside(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def outside(*args: Any, **kwargs: Any) -> Any:
        with unset_fake_temporarily():
            return original(*args, **kwargs)

    return outside
