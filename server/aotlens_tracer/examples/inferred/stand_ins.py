"""Stand-ins for packages that are not installed, so that a file that imports one can be imported.

A stand-in can be named, subclassed and built, also as a submodule of a model. Calling one raises an error that names
the missing package: a graph with something else in its place would not be the user's.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from ...failures.refused_modules import refused_place
from ...wire import problems as facts

MOST = 8
"""The most packages that one file may have stand-ins for."""
_OPERATIONS = (
    "__getitem__", "__iter__", "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__",
    "__truediv__", "__matmul__", "__rmatmul__", "__neg__", "__float__", "__int__",
)  # fmt: skip
"""The operations of a function's result: a stand-in for a function looks like an object that was built."""
_T = TypeVar("_T")


class MissingPackage(ModuleNotFoundError):
    """Code called `called`, which a stand-in for `package` replaces."""

    def __init__(self, called: str, package: str) -> None:
        super().__init__(called, name=package)
        self.problem = facts.CallsMissingPackage(called, package)


def importing(load: Callable[[], _T]) -> tuple[_T, dict[str, BaseException]]:
    """The result of `load`, and the missing packages, each with the error of its import.

    A package that is imported under `try` stays missing, and so does one that was refused. Raises what `load` raises if
    no package is missing.
    """
    stood_in: dict[str, BaseException] = {}
    while True:
        try:
            return load(), stood_in
        except ModuleNotFoundError as error:
            name = (error.name or "").partition(".")[0]
            if not name or name in stood_in or len(stood_in) == MOST or _is_there(name):
                raise
            stood_in[name] = error
            sys.meta_path.append(_Finder(name))


def _is_there(name: str) -> bool:
    try:
        return name in sys.modules or refused_place(name) is not None or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return True


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one package, and everything that is imported from it."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self._package and not name.startswith(self._package + "."):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class MissingAttribute(AttributeError):
    """An attribute, or an operation, of what a stand-in made: the missing package would have it."""

    def __init__(self, called: str, package: str) -> None:
        super().__init__(called)
        self.problem = facts.CallsMissingPackage(called, package)


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _class(self.__name__, name)
        setattr(self, name, value)
        return value


class _Kind(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _class(f"{cls.__module__}.{cls.__name__}", name)


def _class(module: str, name: str) -> Any:
    package = module.partition(".")[0]

    def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and (inspect.isfunction(args[0]) or inspect.isclass(args[0])):
            return args[0]  # as a decorator
        raise MissingPackage(f"{module}.{name}", package)

    def init(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        nn.Module.__init__(self)

    def attribute(self: nn.Module, key: str) -> Any:
        try:
            return nn.Module.__getattr__(self, key)
        except AttributeError as error:
            if key.startswith("__"):
                raise
            raise MissingAttribute(f"{module}.{name}", package) from error

    def delete(self: nn.Module, key: str) -> None:
        attribute(self, key)
        nn.Module.__delattr__(self, key)

    members: dict[str, Any] = {"__module__": module, "__init__": init, "forward": call, "__call__": call}
    members |= {"__getattr__": attribute, "__delattr__": delete} | dict.fromkeys(_OPERATIONS, call)
    return _Kind(name, (nn.Module,), members)
