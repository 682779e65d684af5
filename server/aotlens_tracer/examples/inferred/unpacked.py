"""The tensors that an operation returned as a list, where a statement unpacks another number of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_UNPACKS = re.compile(r"values to unpack \(expected (\d+)")


@dataclass(frozen=True)
class Unpacked:
    """`count` pieces of an axis, of which another number is unpacked.

    `size` is that of the axis, and `wanted_size` the one that has as many pieces; both None if they are not known.
    """

    count: int
    size: int | None = None
    wanted_size: int | None = None


def wanted_values(error: BaseException | None) -> int | None:
    """Return how many values a statement wanted to unpack; None if it failed for another reason."""
    found = _UNPACKS.search(str(error)) if isinstance(error, ValueError) else None
    return int(found[1]) if found is not None else None


class LastList(TorchFunctionMode):
    """Watches a call: `cut` has the tensor that the last function cut into pieces, and these."""

    def __init__(self) -> None:
        super().__init__()
        self.cut: tuple[torch.Tensor, tuple[torch.Tensor, ...]] | None = None

    def __torch_function__(
        self, function: Callable[..., Any], kinds: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call a function of torch and note its result."""
        result = function(*args, **(kwargs or {}))
        if isinstance(result, (torch.Tensor, list, tuple)):  # others are settings, such as the end of `no_grad`
            given = next(iter(args), None)
            pieces = [each for each in result if isinstance(each, torch.Tensor)] if _is_list(result) else []
            self.cut = (given, tuple(pieces)) if isinstance(given, torch.Tensor) and pieces else None
        return result

    def unpacked(self, wanted: int) -> Unpacked | None:
        """Return how the last list came about, of which `wanted` tensors are unpacked; None if there is none."""
        if self.cut is None or len(self.cut[1]) == wanted:
            return None
        whole, pieces = self.cut
        found = list(_cut_axes(whole, pieces))
        if len(found) != 1:
            return Unpacked(len(pieces))
        size, piece = found[0]
        return Unpacked(len(pieces), size, piece * wanted)


def _is_list(result: object) -> bool:
    """Whether a result is a list and not a shape."""
    return isinstance(result, (list, tuple)) and not isinstance(result, torch.Size)


def _cut_axes(whole: torch.Tensor, pieces: tuple[torch.Tensor, ...]) -> Iterator[tuple[int, int]]:
    """Yield the sizes of axes that may have been cut, with that of a piece; `unbind` cuts into single elements."""
    full, shapes = tuple(whole.shape), [tuple(piece.shape) for piece in pieces]
    for axis, size in enumerate(full):
        rest = full[:axis] + full[axis + 1 :]
        if all(shape == rest for shape in shapes) and size == len(pieces):
            yield size, 1
            return
        is_cut = all(len(shape) == len(full) and shape[:axis] + shape[axis + 1 :] == rest for shape in shapes)
        if is_cut and sum(shape[axis] for shape in shapes) == size:
            yield size, shapes[0][axis]
