"""Shapes of arguments in docstrings and comments."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from torch import nn

from ..reading.demand import NOTHING, Demand
from ..tables.axis_names import AXES
from ..tables.sizes import BATCH
from .model_sizes import ModelSizes

_NEARBY = 240
"""The number of characters after an argument's name that are read as its description."""
_SHAPE = re.compile(r"\s*\(([\w\s,*+-]+,[\w\s,*+-]+)\)")
_NAMED_SHAPE = re.compile(r"shape:?\s*(?:is\s*)?(?::\w+:)?[`*']*[\(\[]([\w\s,*./+x]+)[\)\]]")


class Documentation:
    """The text that is written about the arguments of `function`, the `forward` of `module`."""

    def __init__(self, module: nn.Module, function: Callable[..., Any], sizes: ModelSizes) -> None:
        self._function = function
        self._sizes = sizes
        self._text = inspect.getdoc(function) or inspect.getdoc(type(module)) or ""

    def in_docstring(self, name: str) -> Demand:
        """The shape in a docstring: `x (torch.Tensor): of shape (batch, length, width)`, `x: (N, width)`."""
        place = re.search(rf"\b{re.escape(name)}\b\s*(\(|:)", self._text)
        if place is None:
            return NOTHING
        after = self._text[place.end() : place.end() + _NEARBY]
        match = _SHAPE.match(after) or _NAMED_SHAPE.search(after)
        if match is None or "\n\n" in after[: match.start()]:
            return NOTHING
        names = tuple(part.strip().strip("*`") for part in match[1].split(",") if part.strip())
        computed = [(axis, self._computed(part)) for axis, part in enumerate(names) if "+" in part or "*" in part]
        axes = {axis: size for axis, size in computed if size is not None}
        return Demand(len(names), axes, names=names) if names else NOTHING

    def in_comment(self, name: str) -> Demand:
        """The axes in a comment beside the parameter: `x,  # (b n d)`."""
        try:
            source = inspect.getsource(self._function)
        except (OSError, TypeError):
            return NOTHING
        match = re.search(rf"^\s*{re.escape(name)}\b[^#\n]*#\s*[(\[]([\w, ]+)[)\]]", source, re.MULTILINE)
        names = re.findall(r"\w+", match[1]) if match is not None else []
        is_shape = 1 < len(names) < 6 and max(map(len, names)) < 9
        return Demand(len(names), names=tuple(names)) if is_shape else NOTHING

    def _computed(self, text: str) -> int | None:
        """The value of `pos_dim + feats_dim` or `batch_size * num_heads` in the module's own sizes; None if unknown."""
        total = 0
        for term in text.split("+"):
            product = 1
            for name in (factor.strip() for factor in term.split("*")):
                size = BATCH if AXES.get(name) == BATCH else self._sizes.called((name,))
                if size is None:
                    return None
                product *= size
            total += product
        return total
