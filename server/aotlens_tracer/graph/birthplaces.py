"""Birthplaces: the spans that made each parameter, buffer and submodule, recorded while the constructor runs.

The span is that of the innermost call outside torch and the standard library: for the weight of
`self.qkv = nn.Linear(8, 24)` the call `nn.Linear(8, 24)`, whatever torch does below it. Three sources, best first: the
call that created the object, the call or assignment that registered it, the place of the module that holds it (copies
made by `copy.deepcopy` run no constructor). Registrations are seen through torch's global registration hooks, creations
by wrapping `nn.Module.__init__` and `Parameter.__new__` for as long as the recording is entered.

A parameter that another tensor replaces (`quantize_`, `parallelize_module`, a loop that wraps weights) stays where the
first of its name was made, because that line says which layer it belongs to; the line that replaced it is the place
where it was set (`set_at`). The owner's own methods are no such line: they define it. A module that the code of a
package replaces (`convert_to_float8_training`) stays where the first one was made, in the same way.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.nn.modules import module as torch_module

from ..failures import EXAMPLE_FILE, Codebase, is_library
from ..torch_private import CONVERSION_CODE, names_of_buffers, names_of_parameters, own_module, own_tensor
from ..wire.descriptor_map import Span
from .conversions import Conversions
from .stack_traces import call_site, span_of


@dataclass(frozen=True)
class Constructor:
    """The `__init__` that made a module, and its local variables as it began: among them its arguments."""

    code: types.CodeType
    variables: dict[str, Any]


OnCreation = Callable[[Any, "types.FrameType | None"], None]


@dataclass
class _Registered:
    """The objects that a module registers under one name: the first with its place, and the latest.

    `at` is the place of the latest registration, `by_user` the innermost line of the user's code at that moment; both
    None if there is no such line. `is_moved` says that the latest object was registered elsewhere before.
    """

    first: Any
    first_at: Span | None
    latest: Any
    at: Span | None
    by_user: Span | None
    is_moved: bool = False


@dataclass(frozen=True)
class _Creation:
    """The place that created an object, the user's line that led there, and the number of objects before it."""

    at: Span
    by_user: Span | None
    number: int


class Birthplaces:
    """The recorded birthplaces. Objects are kept alive, so that Python does not reuse their ids.

    `conversions` are the calls that gave tensors another type or device later. `codebase` says which lines are the
    user's; without one, all are that belong neither to torch nor to the standard library.
    """

    def __init__(self, codebase: Codebase | None = None) -> None:
        self.conversions = Conversions()
        self._codebase = codebase
        self._created: dict[int, _Creation] = {}
        self._registered: dict[tuple[int, str], _Registered] = {}
        self._swapped: dict[int, Span] = {}
        self._numbers = itertools.count()
        self._owned: set[int] = set()
        self._constructors: dict[int, Constructor] = {}
        self._alive: list[Any] = []
        self._on_creation: OnCreation | None = None
        self._shared: tuple[nn.Module, frozenset[int]] | None = None

    def replace(self, new: Any, old: Any) -> None:
        """Give `new`, which replaces `old`, the birthplace of `old`."""
        self._created.pop(id(new), None)
        if id(old) in self._created:
            self._created[id(new)] = self._created[id(old)]
        self._alive.append(new)

    def of_creation(self, made: Any) -> Span | None:
        """Return the place of the call that created a parameter or module; None if none was recorded."""
        return self._created[id(made)].at if id(made) in self._created else None

    def of_tensor(self, root: nn.Module, fqn: str) -> Span | None:
        """Return the birthplace of the parameter or buffer `fqn` of `root`; None if none was recorded."""
        return self._of_tensor(root, fqn)[0]

    def of_module(self, root: nn.Module, path: str) -> Span | None:
        """Return the birthplace of the submodule at `path` of `root`, or of the nearest one above that has one."""
        return self._of_module(root, path)[0]

    def set_at(self, root: nn.Module, name: str) -> Span | None:
        """Return the user's line that put another object in the place of the first, or moved the first to this name.

        `name` is that of a module, a parameter or a buffer. None if nobody did, or if that line is the birthplace.
        """
        path, _, last = name.rpartition(".")
        try:
            is_module = own_module(root.get_submodule(path), last) is not None
        except AttributeError:
            return None
        made, by = self._of_module(root, name) if is_module else self._of_tensor(root, name)
        return None if made is None or by is None or (by.path, by.line) == (made.path, made.line) else by

    def _of_tensor(self, root: nn.Module, fqn: str) -> tuple[Span | None, Span | None]:
        """Return the birthplace of a tensor, and the place that set it later; each None if there is none."""
        path, _, name = fqn.rpartition(".")
        try:
            owner = root.get_submodule(path)
        except AttributeError:
            return None, None
        tensor = own_tensor(owner, name)
        own = self._created.get(id(tensor)) if tensor is not None else None
        registered = self._registered.get((id(owner), name))
        if registered is None:
            return (own.at, self._swapped.get(id(tensor))) if own is not None else self._of_module(root, path)
        if registered.is_moved and registered.at is not None and id(tensor) in self._shared_in(root):
            return registered.at, None  # this name is one more name of a tensor
        by = registered.by_user if registered.is_moved or registered.first is not registered.latest else None
        if tensor is not registered.latest:  # torch wrote it without any hook
            by = own.by_user if own is not None else by
        lines = [self._created.get(id(each)) for each in (registered.first, registered.latest, tensor)]
        made = min(filter(None, lines), key=lambda each: each.number, default=None)
        if made is None:
            return registered.first_at or self._of_module(root, path)[0], by
        return made.at, by or self._swapped.get(id(tensor))

    def _of_module(self, root: nn.Module, path: str) -> tuple[Span | None, Span | None]:
        """Return the birthplace of a module or of the nearest one above, and the place that set it later."""
        while path:
            parent_path, _, name = path.rpartition(".")
            try:
                module, parent = root.get_submodule(path), root.get_submodule(parent_path)
            except AttributeError:
                return None, None
            own, registered = self._created.get(id(module)), self._registered.get((id(parent), name))
            if registered is not None and registered.first is not module:
                first = self._created.get(id(registered.first))
                if first is not None and own is not None and not self._is_users(own.at.path):
                    return first.at, registered.by_user
            span = own.at if own is not None else registered.at if registered is not None else None
            if span is not None:
                return span, None
            path = parent_path
        return None, None

    def _shared_in(self, root: nn.Module) -> frozenset[int]:
        """Return the tensors that have several names in a tree of modules."""
        if self._shared is None or self._shared[0] is not root:
            named = (*names_of_parameters(root), *names_of_buffers(root))
            counts = Counter(id(tensor) for _, tensor in named)
            self._shared = (root, frozenset(key for key, count in counts.items() if count > 1))
        return self._shared[1]

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
            (torch.utils, "swap_tensors", self._recording_swap),
        ]
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.conversions.recording())
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

    def _recording_swap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def swap(one: Any, other: Any) -> None:
            original(one, other)
            frame = sys._getframe(1)
            if frame.f_code is not CONVERSION_CODE:  # `.to()` and the like: it stays what it is
                for tensor in (one, other):
                    self._alive.append(tensor)
                    if (span := self.users_line(frame)) is not None:
                        self._swapped[id(tensor)] = span

        return swap

    def _create(self, made: Any, frame: types.FrameType | None) -> None:
        if id(made) in self._created:
            return
        if self._on_creation is not None:
            self._on_creation(made, frame)
            self._alive.append(made)
        at = _call_site(frame, made)
        if at is not None:
            span = span_of(at)
            by_user = span if self._is_users(span.path) else self.users_line(at)
            self._created[id(made)] = _Creation(span, by_user, next(self._numbers))
            self._alive.append(made)

    def _on_registration(self, module: nn.Module, name: str, value: Any) -> None:
        if value is None:
            return
        frame = _call_site(sys._getframe(1), module if isinstance(value, nn.Module) else None)
        self._shared = None
        key = (id(module), name)
        span = span_of(frame) if frame is not None else None
        if span is None and not isinstance(value, torch.Tensor):
            return
        before = self._registered.get(key)
        first, first_at = (
            (before.first, before.first_at) if before is not None else (_registered_as(name, module), None)
        )
        if first is None or first is value or (frame is not None and _is_method_of(frame, module)):
            first, first_at = value, span
        is_moved = isinstance(value, torch.Tensor) and id(value) in self._owned
        if before is not None and before.latest is value:
            is_moved = before.is_moved
        by_user = self.users_line(frame) if first is not value or is_moved else None
        self._registered[key] = _Registered(first, first_at, value, span, by_user, is_moved)
        self._alive += (module, first, value)
        if isinstance(value, torch.Tensor):
            self._owned.add(id(value))

    def users_line(self, frame: types.FrameType | None) -> Span | None:
        """Return the innermost expression of the user's own code, from `frame` outwards; None if there is none."""
        while frame is not None:
            if frame.f_code.co_filename == EXAMPLE_FILE:
                return None
            if self._is_users(frame.f_code.co_filename):
                return span_of(frame)
            frame = frame.f_back
        return None

    def _is_users(self, path: str) -> bool:
        if self._codebase is not None:
            return self._codebase.owns(path)
        return not (path.startswith("<") or is_library(path))


def _registered_as(name: str, owner: nn.Module) -> Any:
    """Return the module or tensor that a module registers under a name; None if there is none."""
    found = own_module(owner, name)
    return found if found is not None else own_tensor(owner, name)


def _call_site(frame: types.FrameType | None, made: Any) -> types.FrameType | None:
    """Return the innermost frame outside torch, from `frame` outwards, past the constructors of `made` itself."""
    return call_site(frame, lambda frame: _is_constructor_of(frame, made))


def _is_method_of(frame: types.FrameType, module: nn.Module) -> bool:
    """Whether a frame runs a method of a module, such as its constructor."""
    code = frame.f_code
    if not code.co_varnames or frame.f_locals.get(code.co_varnames[0]) is not module:
        return False
    methods = (vars(kind).get(code.co_name) for kind in type(module).__mro__)
    return any(getattr(method, "__code__", None) is code for method in methods)


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
