"""The operations of a call as rows of text, by which two calls of one model are compared.

A row has the operation, its arguments, the form of its results, the state of autograd, and the call chain. Tensors are
named: a parameter or buffer by its name, an argument by its position, a result by a number. So equal rows mean that the
same operations ran on the same tensors, called from the same lines.
"""

from __future__ import annotations

import json
import sys
import types
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..examples.evaluate import BuiltExample
from ..failures import is_library
from ..torch_private import hooks_of_saved_tensors, pytree

_PLAIN = (int, float, str, bool, type(None), torch.dtype, torch.device)
_LETTERS = str.maketrans("0123456789", "abcdefghij")


class CallChains:
    """Names of call chains, the same for all calls that use one object: of the code outside of torch.

    A name is in letters alone, because a chain is not a number of a row that may grow.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[Any, ...], str] = {}
        self._is_library: dict[types.CodeType, bool] = {}

    def name(self, frame: types.FrameType | None) -> str:
        """Return the name of the chain that leads to a frame."""
        chain = []
        while frame is not None:
            code = frame.f_code
            if code not in self._is_library:
                self._is_library[code] = is_library(code.co_filename)
            if not self._is_library[code]:
                chain.append((code, frame.f_lasti))
            frame = frame.f_back
        key = tuple(chain)
        if key not in self._names:
            self._names[key] = str(len(self._names)).translate(_LETTERS)
        return self._names[key]


def rows_of_call(example: BuiltExample, chains: CallChains) -> list[str]:
    """Make the call of a fake example, and return its operations as rows. Raises what the user's code raises."""
    module = example.module
    recorder = _Recorder(module, (example.args, example.kwargs), chains)
    with torch.compiler.set_stance("force_eager"), example.fake(), recorder:
        example.function(*example.args, **example.kwargs)
    return recorder.rows


class _Recorder(TorchFunctionMode):
    def __init__(self, module: nn.Module | None, arguments: Any, chains: CallChains) -> None:
        super().__init__()
        self.rows: list[str] = []
        self._chains = chains
        self._alive: list[Any] = []
        self._names: dict[int, str] = {}
        for position, leaf in enumerate(pytree.tree_leaves(arguments)):
            self._names[id(leaf)] = f"argument {position}"
        if module is not None:
            for name, tensor in (*module.named_parameters(), *module.named_buffers()):
                self._names[id(tensor)] = name

    def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if getattr(function, "__name__", "") == "__get__" and not isinstance(result, torch.Tensor):
            return result  # a size or a type, not a computation
        row = [
            getattr(function, "__qualname__", str(function)),
            self._text(args),
            self._text(kwargs or {}),
            self._text(result),
            [self._form(leaf) for leaf in pytree.tree_leaves(result)],
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            hooks_of_saved_tensors(),
            self._chains.name(sys._getframe(1)),
        ]
        self.rows.append(json.dumps(row))
        return result

    def _text(self, value: Any) -> str:
        if isinstance(value, torch.Tensor):
            name = self._names.get(id(value))
            if name is None:
                name = self._names[id(value)] = f"value {len(self._alive)}"
                self._alive.append(value)  # so that its id stays its own
            return name
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self._text, value))}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{key}: {self._text(item)}' for key, item in value.items())}}}"
        return (
            repr(value) if isinstance(value, (int, float, str, bool, type(None), torch.dtype)) else type(value).__name__
        )

    def _form(self, value: Any) -> str:
        if not isinstance(value, torch.Tensor):
            return ""
        return f"{value.dtype} {list(value.shape)} {value.stride()} {value.device} {value.requires_grad}"
