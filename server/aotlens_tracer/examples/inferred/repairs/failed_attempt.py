"""An attempt that failed, as the rules read it: the arguments, the error, and the places that it went through."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch

from ....failures import is_library, text_of
from ..origins import Origins
from ..tables.errors import facts_of
from ..tables.facts import Fact, WrongKind, says
from ..unpacked import Unpacked
from ..values import Arguments, Path, Tensor, tensors
from .places import Place

_F = TypeVar("_F", bound=Fact)


class FailedAttempt:
    """One call that raised `error`.

    `arguments` are those it was called with, `values` the tensors that they made, by their path in `arguments` (empty
    for a constructor), `function` the one that was called, `origins` the arguments that tensors come from.
    `containers` has the lists, tuples and dictionaries in the arguments by their path. `unpacked` says of how many
    tensors another number is unpacked.
    """

    def __init__(
        self,
        error: BaseException,
        arguments: Arguments,
        values: dict[Path, torch.Tensor] | None = None,
        function: Callable[..., Any] | None = None,
        origins: Origins | None = None,
        containers: dict[Path, Any] | None = None,
        unpacked: Unpacked | None = None,
    ) -> None:
        self.error = error
        self.arguments = arguments
        self.values = values or {}
        self.origins = origins or Origins()
        self.containers = containers or {}
        self.unpacked = unpacked
        self.message = text_of(error)
        self.frames = [Place(traceback.tb_frame, traceback.tb_lineno) for traceback in _tracebacks(error)]
        code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
        self.root = next((place.frame for place in self.frames if place.frame.f_code is code), None)

    @functools.cached_property
    def receiver(self) -> types.FrameType | None:
        """The frame of the called function, or of the one to which it passes its `*args` and `**kwargs` on.

        None if the function was not called.
        """
        both = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
        found = self.root
        for place in self.frames:
            code = place.frame.f_code
            is_same = found is not None and place.frame.f_back is found and code.co_name == found.f_code.co_name
            if found is not None and is_same and found.f_code.co_flags & both == both:
                found = place.frame
        return found

    @functools.cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts that the error message states, in the order of the table of messages."""
        return tuple(facts_of(self.error, self.message))

    def says(self, kind: type[_F]) -> list[_F]:
        """The facts of one kind that the error message states."""
        return says(self.facts, kind)

    def wants(self, *kinds: str) -> bool:
        """Whether the message says that a value must be of one of these kinds."""
        return any(fact.kind in kinds for fact in self.says(WrongKind))

    def users(self) -> Iterator[Place]:
        """The places in user code, innermost first."""
        for place in reversed(self.frames):
            file = place.frame.f_code.co_filename
            if not is_library(file) and not file.startswith("<"):
                yield place

    def innermost(self) -> Place | None:
        """The innermost place in user code, None if there is none."""
        return next(self.users(), None)

    def paths_of(self, tensor: object) -> list[Path]:
        """The paths of the argument that `tensor` is, of those that it comes from, then of those with its shape."""
        same = [path for path, value in self.values.items() if value is tensor]
        same += [path for path in self.sources_of(tensor) if path not in same]
        shape = tuple(getattr(tensor, "shape", ()))
        alike = [path for path, value in tensors(self.arguments) if path not in same and value.shape == shape]
        return same + alike

    def sources_of(self, tensor: object) -> list[Path]:
        """The paths of the arguments that `tensor` comes from, in their order; none if that is unknown."""
        found = self.origins.of(tensor)
        return [path for path in self.values if path in found]

    def paths_in(self, name: str) -> list[Path]:
        """The paths of the tensors in the argument of that name."""
        return [path for path, _ in tensors(self.arguments) if path[0] == name]

    def tensor(self, path: Path) -> Tensor:
        """The description of the tensor at a path."""
        return dict(tensors(self.arguments))[path]


def _tracebacks(error: BaseException) -> Iterator[types.TracebackType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next
