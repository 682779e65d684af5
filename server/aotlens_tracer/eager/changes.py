"""Changes that the captured graph does not have: in the backward pass, and of the memory of parameters.

The first step shows what is changed, the second one where: only then is each operation watched.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import torch
from torch.overrides import TorchFunctionMode

from ..failures import Codebase
from ..graph.tensors import storages_of, versions_of
from ..torch_private import TorchDispatchMode, pytree, written_arguments
from ..wire.eager_run import EagerChange
from ..wire.places import Span
from .warned import users_expression

Subject = tuple[Literal["parameter", "buffer", "argument"], str]
Subjects = Mapping[Subject, torch.Tensor]


class ChangeWatch:
    """Sees which subjects change in the backward pass, and which parameters get other memory in the call."""

    def __init__(self, subjects: Subjects, codebase: Codebase) -> None:
        self._subjects = subjects
        self._codebase = codebase
        self._changed: dict[tuple[Literal["in-backward", "data"], Subject], None] = {}
        self._places: dict[tuple[str, Subject], Span] = {}
        self._in_forward: set[Subject] = set()

    @contextlib.contextmanager
    def forward(self) -> Iterator[None]:
        """The call runs in this context."""
        parameters = {subject: tensor for subject, tensor in self._subjects.items() if subject[0] == "parameter"}
        before = {subject: storages_of(tensor) for subject, tensor in parameters.items()}
        versions = self._versions()
        is_known = any(how == "data" for how, _ in self._changed)
        with _Replacing(parameters, self._note("data")) if is_known else contextlib.nullcontext():
            yield
        for subject, tensor in parameters.items():
            if storages_of(tensor) != before[subject]:
                self._changed.setdefault(("data", subject))
        self._in_forward |= {subject for subject, version in self._versions().items() if version != versions[subject]}

    @contextlib.contextmanager
    def backward(self) -> Iterator[None]:
        """The backward pass runs in this context."""
        before = self._versions()
        known = {subject: self._subjects[subject] for how, subject in self._changed if how == "in-backward"}
        with _Changing(known, self._note("in-backward")) if known else contextlib.nullcontext():
            yield
        for subject, version in self._versions().items():
            if version != before[subject]:
                self._changed.setdefault(("in-backward", subject))

    def changes(self) -> tuple[EagerChange, ...]:
        """Return the changes, each with its place if a second step was made."""
        return tuple(
            EagerChange(how, *subject, self._places.get((how, subject)), subject in self._in_forward)
            for how, subject in self._changed
        )

    def _versions(self) -> dict[Subject, list[int | None]]:
        return {subject: versions_of(tensor) for subject, tensor in self._subjects.items()}

    def _note(self, how: str) -> Callable[[Subject], None]:
        def note(subject: Subject) -> None:
            span = users_expression(sys._getframe(1), self._codebase)
            if span is not None:
                self._places.setdefault((how, subject), span)

        return note


class _Replacing(TorchFunctionMode):
    """Notes each assignment to the `data` of one of these tensors."""

    def __init__(self, tensors: Subjects, note: Callable[[Subject], None]) -> None:
        super().__init__()
        self._subjects = {id(tensor): subject for subject, tensor in tensors.items()}
        self._note = note

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if args and id(args[0]) in self._subjects and getattr(func, "__name__", "") in ("__set__", "set_"):
            self._note(self._subjects[id(args[0])])
        return func(*args, **(kwargs or {}))


class _Changing(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Notes each operation that changes one of these tensors in place."""

    def __init__(self, tensors: Subjects, note: Callable[[Subject], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types
        self._subjects = {key: subject for subject, tensor in tensors.items() for key in storages_of(tensor)}
        self._note = note

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        written = written_arguments(func, args, kwargs or {})
        for tensor in (each for each in pytree.tree_leaves(written) if isinstance(each, torch.Tensor)):
            for subject in {self._subjects[key]: None for key in storages_of(tensor) if key in self._subjects}:
                self._note(subject)
        return func(*args, **(kwargs or {}))
