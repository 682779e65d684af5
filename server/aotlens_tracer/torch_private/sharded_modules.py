"""Modules that talk to other ranks in hooks (`fully_shard`, `replicate`), and what they are without these hooks.

Dynamo leaves the hooks to eager, so no capture takes them (`FSDPState._pre_forward` is under `torch._dynamo.disable`).
What torch.compile captures between them is the module with its gathered parameters, and so is what `gather` leaves.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ..wire.class_names import module_of_type

__all__ = ["Gathered", "class_of", "copies_of_sharded", "gather", "gathered_parameters", "replicated_by_ddp"]

_FSDP = "torch.distributed.fsdp._fully_shard._fsdp_state"
_REPLICATE = "torch.distributed._composable.replicate"
_REPLICATE_BY_FSDP = "torch.distributed._composable.replicate_with_fsdp"
_MAKERS_OF_CLASSES = ("torch.distributed.fsdp._fully_shard.", _REPLICATE)
"""The beginnings of the modules whose functions make a class for each class that they are used on."""


@dataclass(frozen=True)
class Gathered:
    """The parameters that one call of a function shards or replicates.

    `function` is its name. `parameters` are those that it manages, each as the optimizer has it and as `forward` sees
    it; the same twice if it does not change them. `ranks` is the number of ranks over which it does so. `module` is
    the one that it wraps them in; None if it wraps none.
    """

    function: str
    parameters: tuple[tuple[nn.Parameter, nn.Parameter], ...]
    ranks: int
    module: nn.Module | None = None


def gather(root: nn.Module, keep_hooks: bool = False) -> list[Gathered]:
    """Gather the parameters of all modules in a tree, and take the hooks away that would do it in each call.

    The parameters stay gathered. With `keep_hooks`, they do so in spite of the hooks. Empty if there are no such
    modules. It is to be called under the fake mode of the parameters, if they have one.
    """
    found = []
    states = list(_states(root))
    for state, _ in states:
        if _is_fsdp(state) and state._is_root is None:
            state._lazy_init()
    for state, function in states:
        if not _is_fsdp(state):
            found.append(_without_hooks(root, state, function, keep_hooks))
            continue
        pairs, ranks = [], dist.get_world_size()
        for group in state._fsdp_param_groups:
            sizes = "shard_mesh_size" if function == "fully_shard" else "replicate_mesh_size"
            ranks = getattr(group.mesh_info, sizes, ranks)
            group.lazy_init()
            group.unshard()
            group.wait_for_unshard()
            pairs += [(each.sharded_param, each.unsharded_param) for each in group.fsdp_params]
            if keep_hooks:
                group.post_forward_mesh_info = None  # it does not reshard after forward
        if not keep_hooks:
            _without_fsdp_hooks(state)
        found.append(Gathered(function, tuple(pairs), ranks))
    return found


def class_of(module: nn.Module) -> type[nn.Module]:
    """Return the class of a module as the user's code has it.

    `fully_shard` and `replicate` give a module a class of their own, below the user's (`FSDPBlock`).
    """
    kind = type(module)
    if not module_of_type(kind).startswith(_MAKERS_OF_CLASSES):
        return kind
    # The other bases, such as FSDPModule, are no modules.
    return next((each for each in kind.__mro__[1:] if issubclass(each, nn.Module)), kind)


@contextlib.contextmanager
def copies_of_sharded(root: nn.Module) -> Iterator[None]:
    """Let `copy.deepcopy` take modules whose parameters were gathered and whose hooks were taken away.

    The class that `fully_shard` gives a module refuses to be copied, and to be made anew.
    """
    kinds = [(module, type(module)) for module in root.modules() if class_of(module) is not type(module)]
    contract = sys.modules.get("torch.distributed._composable.contract")
    keys = [getattr(contract, name, None) for name in ("STATE_KEY", "REGISTRY_KEY")]  # what manages the module
    kept = [(vars(module), key, vars(module).pop(key)) for module, _ in kinds for key in keys if key in vars(module)]
    for module, _ in kinds:
        module.__class__ = class_of(module)
    try:
        yield
    finally:
        for module, kind in kinds:
            module.__class__ = kind
        for attributes, key, value in kept:
            attributes[key] = value


def replicated_by_ddp(root: nn.Module) -> list[Gathered]:
    """Return the modules of a tree that DistributedDataParallel wraps."""
    wrapped = [module for module in root.modules() if isinstance(module, DistributedDataParallel)]
    return [
        Gathered(
            "DistributedDataParallel",
            tuple((each, each) for each in module.parameters() if each.requires_grad),
            dist.get_world_size(module.process_group),
            module,
        )
        for module in wrapped
    ]


def gathered_parameters(root: nn.Module) -> dict[int, nn.Parameter]:
    """Return the parameters that stand in for those of a tree while it runs, by id, each with the one it stands for."""
    found = {}
    for state, _ in _states(root):
        for group in getattr(state, "_fsdp_param_groups", ()):
            for each in group.fsdp_params:
                if hasattr(each, "_unsharded_param"):
                    found[id(each._unsharded_param)] = each.sharded_param
    return found


def _states(root: nn.Module) -> Iterator[tuple[Any, str]]:
    """Yield what manages modules of a tree, from the outermost inwards, each with the function that made it."""
    composable = sys.modules.get("torch.distributed._composable_state")
    if composable is None or not (_FSDP in sys.modules or _REPLICATE in sys.modules):
        return
    seen = set()
    for module in root.modules():
        for state in (composable._get_module_state(module), _replicate_state(module)):
            if state is None or id(state) in seen:
                continue
            seen.add(id(state))
            if _is_fsdp(state):
                yield state, "replicate" if type(state).__module__ == _REPLICATE_BY_FSDP else "fully_shard"
            elif type(state).__module__ == _REPLICATE:
                yield state, "replicate"


def _replicate_state(module: nn.Module) -> Any:
    """Return what DDP's `replicate` has put on a module; None if it is not replicated."""
    owners = (getattr(hook, "__self__", None) for hook in module._forward_pre_hooks.values())
    return next((owner for owner in owners if type(owner).__module__ == _REPLICATE), None)


def _is_fsdp(state: Any) -> bool:
    fsdp = sys.modules.get(_FSDP)
    return fsdp is not None and isinstance(state, fsdp.FSDPState)


def _without_fsdp_hooks(state: Any) -> None:
    """Take the hooks away, all but what they do to types: mixed precision is part of what is computed."""
    state._pre_forward_hook_handle.remove()
    state._post_forward_hook_handle.remove()
    policy = state._mp_policy
    for module in state._modules:
        if policy.cast_forward_inputs and policy.param_dtype is not None:
            module.register_forward_pre_hook(
                lambda _, args, kwargs: state._cast_forward_inputs(args, kwargs), prepend=True, with_kwargs=True
            )
        if policy.output_dtype is not None:
            module.register_forward_hook(lambda _, args, output: state._cast_output_dtype(output))


def _without_hooks(root: nn.Module, state: Any, function: str, keep_hooks: bool) -> Gathered:
    """Take the hooks away that hand a call to DistributedDataParallel, which changes no parameter.

    Those that stay have done before what they do in the first call alone.
    """
    if keep_hooks and (state._init_args or state._init_kwargs):
        state.lazy_init()
    modules = [module for module in root.modules() if _replicate_state(module) is state]
    parameters = {id(each): each for module in modules for each in module.parameters()}
    for module in modules if not keep_hooks else ():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            for key in [key for key, hook in hooks.items() if getattr(hook, "__self__", None) is state]:
                del hooks[key]
                module._forward_pre_hooks_with_kwargs.pop(key, None)
    return Gathered(function, tuple((each, each) for each in parameters.values()), dist.get_world_size())
