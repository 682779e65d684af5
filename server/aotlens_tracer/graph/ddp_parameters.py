"""The parameters of a module as DistributedDataParallel counts them."""

from __future__ import annotations

from torch import nn

from ..torch_private import ignored_by_ddp
from ..wire.ddp import DdpParameter
from .birthplaces import Birthplaces


def ddp_parameters(root: nn.Module, birthplaces: Birthplaces) -> tuple[DdpParameter, ...]:
    """Return the parameters that DDP reduces if it wraps `root` as it is now, in DDP's order.

    This is what `_build_params_for_reducer` in torch/nn/parallel/distributed.py does: the parameters of each module, in
    the order of `named_modules()`, that require a gradient and are not ignored; a shared one counts once. For a
    parameter of the root itself, DDP looks up a name that begins with a dot, so none of these is ignored.
    """
    ignored = ignored_by_ddp(root)
    names: dict[int, list[str]] = {}
    for path, module in root.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and f"{path}.{name}" not in ignored:
                names.setdefault(id(parameter), []).append(f"{path}.{name}" if path else name)
    return tuple(DdpParameter(tuple(found), birthplaces.of_tensor(root, found[0])) for found in names.values())
