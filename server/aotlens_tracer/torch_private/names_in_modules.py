"""All names of the modules, parameters and buffers of a module, as torch lists them with `remove_duplicate=False`.

Torch's own lists never end for a module that contains itself, such as a child that keeps its parent as an attribute.
Eager and torch.compile run such a module, so here each of its modules has its first name alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

__all__ = ["contains_itself", "names_of_buffers", "names_of_modules", "names_of_parameters", "names_that_end"]


def names_of_modules(root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the root, then every submodule, by each of its names."""
    found: Iterator[tuple[str, nn.Module]] = root.named_modules(remove_duplicate=contains_itself(root))
    return found


def names_of_parameters(root: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every parameter by each of its names."""
    if not contains_itself(root):
        return root.named_parameters(remove_duplicate=False)
    return ((name, value) for path, module in names_of_modules(root) for name, value in _own(path, module._parameters))


def names_of_buffers(root: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every buffer by each of its names."""
    if not contains_itself(root):
        return root.named_buffers(remove_duplicate=False)
    return ((name, value) for path, module in names_of_modules(root) for name, value in _own(path, module._buffers))


@contextlib.contextmanager
def names_that_end(root: nn.Module) -> Iterator[None]:
    """Let torch's own lists of names end for a module that contains itself: AOTAutograd takes one with all names."""
    if not contains_itself(root):
        yield
        return
    original = nn.Module.named_modules

    def named(module: nn.Module, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Any:
        return original(module, memo, prefix)

    with patch.object(nn.Module, "named_modules", named):
        yield


def contains_itself(root: nn.Module) -> bool:
    """Whether a module in the tree is reached from itself. Each module is looked at once."""
    around: set[int] = set()
    done: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        module, is_left = waiting.pop()
        if is_left:
            around.discard(id(module))
            done.add(id(module))
        elif id(module) in around:
            return True
        elif id(module) not in done:
            around.add(id(module))
            waiting.append((module, True))
            waiting += [(child, False) for child in module._modules.values() if isinstance(child, nn.Module)]
    return False


def _own(path: str, tensors: Mapping[str, torch.Tensor | None]) -> Iterator[tuple[str, torch.Tensor]]:
    for name, value in tensors.items():
        if value is not None:
            yield f"{path}.{name}" if path else name, value
