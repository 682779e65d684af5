"""Birthplaces: the spans that made each parameter, buffer and submodule, recorded while the constructor runs.

The span is that of the innermost call outside torch and the standard library: for the weight of
`self.qkv = nn.Linear(8, 24)` the call `nn.Linear(8, 24)`, whatever torch does below it. Three sources, best first: the
call that created the object, the call or assignment that registered it, the place of the module that holds it (copies
made by `copy.deepcopy` run no constructor). Registrations are seen through torch's global registration hooks, creations
by wrapping `nn.Module.__init__` and `Parameter.__new__` for as long as the recording is entered.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.nn.modules import module as torch_module

from ..failures import EXAMPLE_FILE, is_library
from ..torch_private import own_tensor
from ..wire.descriptor_map import Span
from .stack_traces import span_of


@dataclass(frozen=True)
class Constructor:
    """The `__init__` that made a module, and its local variables as it began: among them its arguments."""

    code: types.CodeType
    variables: dict[str, Any]


OnCreation = Callable[[Any, "types.FrameType | None"], None]


class Birthplaces:
    """The recorded birthplaces. Objects are kept alive, so that Python does not reuse their ids."""

    def __init__(self) -> None:
        self._created: dict[int, Span] = {}
        self._registered: dict[tuple[int, str], Span] = {}
        self._owned: set[int] = set()
        self._tied: set[tuple[int, str]] = set()
        self._constructors: dict[int, Constructor] = {}
        self._alive: list[Any] = []
        self._on_creation: OnCreation | None = None

    def replace(self, new: Any, old: Any) -> None:
        """Give `new`, which replaces `old`, the birthplace of `old`."""
        self._created.pop(id(new), None)
        if id(old) in self._created:
            self._created[id(new)] = self._created[id(old)]
        self._alive.append(new)

    def of_creation(self, made: Any) -> Span | None:
        """Return the place of the call that created a parameter or module; None if none was recorded."""
        return self._created.get(id(made))

    def of_tensor(self, root: nn.Module, fqn: str) -> Span | None:
        """Return the birthplace of the parameter or buffer `fqn` of `root`; None if none was recorded."""
        path, _, name = fqn.rpartition(".")
        try:
            owner = root.get_submodule(path)
        except AttributeError:
            return None
        key = (id(owner), name)
        if key in self._tied:
            return self._registered[key]
        tensor = own_tensor(owner, name)
        created = self._created.get(id(tensor)) if tensor is not None else None
        return created or self._registered.get(key) or self.of_module(root, path)

    def of_module(self, root: nn.Module, path: str) -> Span | None:
        """Return the birthplace of the submodule at `path` of `root`, or of the nearest one above that has one."""
        while path:
            parent_path, _, name = path.rpartition(".")
            try:
                module, parent = root.get_submodule(path), root.get_submodule(parent_path)
            except AttributeError:
                return None
            span = self._created.get(id(module)) or self._registered.get((id(parent), name))
            if span is not None:
                return span
            path = parent_path
        return None

    def constructor_of(self, module: nn.Module) -> Constructor | None:
        """Return the constructor that made a module; None for a copy, and for a class that has none of its own."""
        return self._constructors.get(id(module))

    @contextlib.contextmanager
    def recording(self, on_creation: OnCreation | None = None) -> Iterator[None]:
        """Record everything that is made while this is entered; `on_creation` gets it too, with the maker's frame."""
        self._on_creation = on_creation
        hooks = [
            torch_module.register_module_parameter_registration_hook(self._on_registration),
            torch_module.register_module_buffer_registration_hook(self._on_registration),
            torch_module.register_module_module_registration_hook(self._on_registration),
        ]
        wrapped = [
            (nn.Module, "__init__", self._recording_init),
            (nn.Parameter, "__new__", self._recording_result),
            (nn.Buffer, "__new__", self._recording_result),
            (nn.UninitializedParameter, "__new__", self._recording_result),
            # A fake parameter is copied as the tensor that it is, without Parameter.__new__.
            (torch.Tensor, "__deepcopy__", self._recording_result),
        ]
        with contextlib.ExitStack() as stack:
            for hook in hooks:
                stack.callback(hook.remove)
            for owner, name, wrapper in wrapped:
                stack.enter_context(patch.object(owner, name, wrapper(getattr(owner, name))))
            yield

    def _recording_init(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def init(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            frame = sys._getframe(1)
            self._create(module, frame)
            constructor = _outermost_constructor(frame, module)
            if constructor is not None and id(module) not in self._constructors:
                self._constructors[id(module)] = Constructor(constructor.f_code, dict(constructor.f_locals))
                self._alive.append(module)
            original(module, *args, **kwargs)

        return init

    def _recording_result(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            made = original(*args, **kwargs)
            # Parameter(t) returns t itself if t is of a custom tensor class: the first place counts.
            if isinstance(made, (nn.Parameter, nn.Buffer)):
                self._create(made, sys._getframe(1))
            return made

        return make

    def _create(self, made: Any, frame: types.FrameType | None) -> None:
        if id(made) in self._created:
            return
        if self._on_creation is not None:
            self._on_creation(made, frame)
            self._alive.append(made)
        span = _call_site(frame, made)
        if span is not None:
            self._created[id(made)] = span
            self._alive.append(made)

    def _on_registration(self, module: nn.Module, name: str, value: Any) -> None:
        if value is None:
            return
        span = _call_site(sys._getframe(1), module if isinstance(value, nn.Module) else None)
        if span is None:
            return
        key = (id(module), name)
        self._registered[key] = span
        self._alive.append(module)
        if isinstance(value, torch.Tensor):
            if id(value) in self._owned:
                self._tied.add(key)
            else:
                self._tied.discard(key)
            self._owned.add(id(value))
            self._alive.append(value)


def _call_site(frame: types.FrameType | None, made: Any) -> Span | None:
    """Return the innermost call outside torch, from `frame` outwards, past the constructors of `made` itself."""
    while frame is not None:
        path = frame.f_code.co_filename
        if path == EXAMPLE_FILE:
            return None
        if not (path.startswith("<") or is_library(path) or _is_constructor_of(frame, made)):
            return span_of(frame)
        frame = frame.f_back
    return None


def _outermost_constructor(frame: types.FrameType | None, made: nn.Module) -> types.FrameType | None:
    """Return the first that was called of the constructors of `made` that call one another (`super().__init__`)."""
    found = None
    while frame is not None and _is_constructor_of(frame, made):
        found, frame = frame, frame.f_back
    return found


def _is_constructor_of(frame: types.FrameType, made: Any) -> bool:
    code = frame.f_code
    if code.co_name != "__init__" or not isinstance(made, nn.Module) or not code.co_varnames:
        return False
    return frame.f_locals.get(code.co_varnames[0]) is made
