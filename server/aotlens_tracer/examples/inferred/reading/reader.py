"""The demands of a module on its arguments: the uses of each, followed into submodules and functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from .definitions import definition_of, positional_names
from .demand import NOTHING, SAME, Demand
from .einops_patterns import through_pattern
from .layers import of_layer
from .scope import Scope
from .uses import Uses

DEEPEST = 12
"""How many calls deep a use is followed."""
MOST_READ = 400
"""How many functions are read for one module."""


class Reader:
    """Reads the sources for one module."""

    def __init__(self) -> None:
        self._read = 0
        self._open: set[tuple[int, Callable[..., Any], str]] = set()

    def of_parameter(self, module: nn.Module, parameter: str, depth: int = 0) -> Demand:
        """The demand of `module` on the parameter with that name."""
        leaf = of_layer(module)
        if leaf is not None:
            return self._of_own_layer(module, leaf, parameter, depth)
        if isinstance(module, nn.Sequential):
            return self._of_chain(list(module), depth)
        if (pattern := _pattern_of(module)) is not None:
            return through_pattern(pattern, getattr(module, "axes_lengths", {}), NOTHING)
        forward = getattr(type(module), "forward", None)
        if forward is None:
            return NOTHING
        found = self.of_function(forward, module, parameter, depth + 1)
        return found.settled() if depth == 0 else found

    def of_place(self, module: nn.Module, place: int | str, depth: int) -> Demand:
        """The demand of `module` on the parameter at a position or with a name."""
        if of_layer(module) is not None or isinstance(module, nn.Sequential) or hasattr(module, "pattern"):
            return self.of_parameter(module, "input", depth) if place in (0, "input", "x") else NOTHING
        names = positional_names(type(module).forward)
        name = place if isinstance(place, str) else names[place] if place < len(names) else None
        return self.of_parameter(module, name, depth) if name is not None else NOTHING

    def of_function(self, function: Callable[..., Any], owner: Any, parameter: str, depth: int) -> Demand:
        """The demand of a function on a parameter; `owner` is the object that a method is bound to, else None."""
        definition = definition_of(function)
        key = (id(owner), function, parameter)
        if definition is None or depth > DEEPEST or key in self._open or self._read > MOST_READ:
            return NOTHING
        self._read += 1
        self._open.add(key)
        try:
            scope = Scope(self, inspect.unwrap(function), definition, owner, parameter, depth)
            return Uses(scope, definition, parameter).demand()
        finally:
            self._open.discard(key)

    def _of_own_layer(self, module: nn.Module, leaf: Demand, parameter: str, depth: int) -> Demand:
        """The demand of a layer; of another rank if its class has a `forward` of its own, which wants that."""
        forward = type(module).forward
        if leaf.rank is None or (forward.__module__ or "").startswith("torch."):
            return leaf
        names = positional_names(forward)
        own = self.of_function(forward, module, names[0], depth + 1) if names else NOTHING
        return leaf if own.rank in (None, leaf.rank) else Demand(own.rank, leaf.axes, own.names).and_then(own)

    def _of_chain(self, modules: list[nn.Module], depth: int) -> Demand:
        """The demand of modules that are called one after the other."""
        for index, module in enumerate(modules):
            if (pattern := _pattern_of(module)) is not None:
                after = self._of_chain(modules[index + 1 :], depth)
                return through_pattern(pattern, getattr(module, "axes_lengths", {}), after)
            demand = self.of_place(module, 0, depth)
            if not demand.same_shape:
                return demand
            if demand.axes or demand.rank:
                return demand.and_then(self._of_chain(modules[index + 1 :], depth))
        return SAME


def _pattern_of(module: nn.Module) -> str | None:
    """The pattern of one of the layers of einops."""
    pattern = getattr(module, "pattern", None)
    return pattern if isinstance(pattern, str) and "->" in pattern else None
