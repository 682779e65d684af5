"""State that `forward` keeps: tensors that are reachable after the call and were not before, or that it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch

from ..examples.evaluate import BuiltExample
from ..failures import Codebase
from ..findings.histories import Histories
from ..graph.tensors import tensor_facts, versions_of
from ..torch_private import is_traceable_wrapper_subclass, pytree
from ..wire.eager_run import KeptState
from ..wire.places import Span
from .keeping_lines import LineWatch, constructed_at
from .reachable import Reach, Reached

Change = Literal["new", "in-place", "constructor"]
Fate = Literal["replaced", "held", "grows", "read"]


@dataclass(frozen=True)
class _Before:
    """A tensor before the first call. The tensor is held, so that no other one gets its id."""

    tensor: torch.Tensor
    version: list[int | None]
    function: Any


@dataclass(frozen=True)
class _Kept:
    """A tensor after the first call. `function` is the end of its history then, and `parameters` where that begins."""

    reached: Reached
    change: Change
    function: Any
    parameters: tuple[str, ...]


class KeptWatch:
    """Compares what an example's code can reach before and after its calls."""

    def __init__(self, example: BuiltExample, codebase: Codebase) -> None:
        self._codebase = codebase
        self._of_script = example.has_names_of_a_script
        self._reach = Reach(example, codebase)
        self._before = {
            id(each.tensor): _Before(each.tensor, versions_of(each.tensor), _function(each.tensor))
            for each in self._reach.tensors()
        }
        self._kept: list[_Kept] = []
        self._first: set[int] = set()
        self._fates: dict[str, Fate] = {}

    @property
    def states(self) -> list[Reached]:
        """The tensors that the first call keeps, without those that the constructor has made."""
        return [kept.reached for kept in self._kept if kept.change != "constructor"]

    def after_first(self, leaves: Mapping[int, str]) -> None:
        """Note what the first call keeps; `leaves` are the names of those that require a gradient, by their ids."""
        histories = Histories({leaf: 1 << number for number, leaf in enumerate(leaves)})
        library = {anchor.name for anchor in self._reach.anchors() if anchor.is_library}
        for reached in self._reach.tensors():
            self._first.add(id(reached.tensor))
            change = self._change(reached)
            if change is not None and (change == "new" or reached.anchor not in library):
                bits = histories.of(reached.tensor)
                begins = tuple(name for number, name in enumerate(leaves.values()) if bits >> number & 1)
                self._kept.append(_Kept(reached, change, _function(reached.tensor), begins))

    def lines(self) -> LineWatch:
        """Return a watch for the statements that keep the states: for a second call, if no other one is possible."""
        return LineWatch(self._reach, self._codebase, self.states)

    def after_second(self, outputs: Any) -> None:
        """Note what the second call, which returned `outputs`, does with the state of the first."""
        if not self._kept:
            return
        now = list(self._reach.tensors())
        by_name = {each.name: each for each in now}
        alive = {id(each.tensor) for each in now}
        ends = {kept.function for kept in self._kept if kept.function is not None}
        results = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]
        read = _met(map(_function, results), ends)
        linked = _met((_function(each.tensor) for each in now if id(each.tensor) not in self._first), ends)
        linked |= _met((_behind(by_name.get(kept.reached.name), kept) for kept in self._kept), ends)
        grown = {each.container for each in now if id(each.tensor) not in self._first and _function(each.tensor)}
        for kept in self._kept:
            is_alive = id(kept.reached.tensor) in alive
            is_linked = kept.change != "constructor" and kept.function in linked
            if kept.function in read:
                fate: Fate = "read"
            elif is_linked or (is_alive and kept.reached.container in grown - {None}):
                fate = "grows"
            else:
                fate = "held" if is_alive else "replaced"
            self._fates[kept.reached.name] = fate

    def kept(self, places: Mapping[str, Span]) -> tuple[KeptState, ...]:
        """Return what the first call keeps, at these places.

        A tensor that the constructor gave a history counts if the results of the second call depend on that.
        """
        found = []
        for kept in self._kept:
            reached, fate = kept.reached, self._fates.get(kept.reached.name)
            if kept.change == "constructor" and fate != "read":
                continue
            dtype, shape = tensor_facts(reached.tensor)
            place = places.get(reached.name)
            if kept.change == "constructor" and (owner := self._reach.owner(reached.anchor)) is not None:
                place = constructed_at(type(owner[0]), owner[1])
            found.append(
                KeptState(
                    reached.kind,
                    reached.name,
                    place,
                    kept.function is not None,
                    kept.parameters,
                    kept.change,
                    dtype,
                    shape,
                    fate,
                    type(reached.tensor).__name__ if is_traceable_wrapper_subclass(reached.tensor) else None,
                    self._of_script,
                )
            )
        return tuple(found)

    def _change(self, reached: Reached) -> Change | None:
        known = self._before.get(id(reached.tensor))
        if known is None:
            return "new"
        if known.version != versions_of(reached.tensor):
            return "in-place"
        return "constructor" if known.function is not None else None


def _behind(now: Reached | None, kept: _Kept) -> Any:
    """The end of the history of a tensor that the second call changed in place once more; None for any other."""
    if now is None or now.tensor is not kept.reached.tensor:
        return None
    function = _function(now.tensor)
    return function if function is not kept.function else None


def _met(starts: Iterable[Any], ends: set[Any]) -> set[Any]:
    """Return those of the `ends` that the histories from `starts` come to first: what is behind an end is left out."""
    met: set[Any] = set()
    seen: set[Any] = set()
    pending = [function for function in starts if function is not None]
    while pending:
        function = pending.pop()
        if function in seen:
            continue
        seen.add(function)
        if function in ends:
            met.add(function)
        else:
            pending += [following for following, _ in function.next_functions if following is not None]
    return met


def _function(tensor: torch.Tensor) -> Any:
    """The end of the history of a tensor; None if it has none, or if a change in place has made it invalid."""
    try:
        return tensor.grad_fn if tensor.requires_grad else None
    except RuntimeError:
        return None
