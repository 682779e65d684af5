"""Recorded calls of functions of torch's, and the places that they come from."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..wire.descriptor_map import Span


@dataclass(frozen=True)
class Site:
    """A call in the user's code, and the innermost layer of torch's through which it reaches an operation.

    `span` and `frame` are None if only torch's own code stands between the example and the operation. `inputs` are
    what the `forward` of that layer was given. `through` is the module of the function that calls the operation, None
    if the user's code does. `inner` is the call in the code of another package that the user's call leads to, None if
    only torch's code stands between.
    """

    span: Span | None = None
    frame: types.FrameType | None = None
    layer: nn.Module | None = None
    inputs: tuple[Any, ...] = ()
    through: str | None = None
    inner: Site | None = None

    @property
    def innermost(self) -> Site:
        """The innermost call outside of torch: in another package, or in the user's code."""
        return self.inner or self


@dataclass(frozen=True)
class Call:
    """One call of a function of torch's, or of `apply` of a custom function (`is_custom`)."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    site: Site
    is_custom: bool = False
