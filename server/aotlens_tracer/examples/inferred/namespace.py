"""The names of values in the user's module, so that an example can be written there."""

from __future__ import annotations

import builtins
import sys
import types
from typing import Any


class Names:
    """The namespace in which an example is evaluated: the target's module, and `torch`."""

    def __init__(self, module: types.ModuleType) -> None:
        import torch

        self.values: dict[str, Any] = {"torch": torch, **vars(module)}
        self._by_id = {id(value): name for name, value in vars(module).items() if isinstance(value, type)}

    def of(self, value: Any) -> str:
        """An expression for a class or function: its name here, else its path from torch, else an import."""
        if id(value) in self._by_id:
            return self._by_id[id(value)]
        qualname = getattr(value, "__qualname__", "")
        outer = qualname.partition(".")[0]
        owner = self.values.get(outer)
        if owner is not None and getattr(owner, "__module__", None) == getattr(value, "__module__", ""):
            return qualname
        if getattr(builtins, qualname, None) is value:
            return qualname
        for path in ("torch.nn", "torch.nn.functional", "torch"):
            if getattr(sys.modules[path], qualname, None) is value:
                return f"{path}.{qualname}"
        return f"__import__('importlib').import_module({value.__module__!r}).{qualname}"
