"""The targets that loss functions get in one call, and those that they would have to get."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ..tables.losses import OF_CLASSES, OF_EQUALS
from ..values import Arguments, Path, tensors, with_tensor


@dataclass(frozen=True)
class LossCall:
    """One call of a loss function of torch.nn.functional: the shapes of its prediction and of its target.

    `target_id` is the identity of the target while the call runs.
    """

    function: str
    prediction: tuple[int, ...]
    target: tuple[int, ...]
    target_id: int

    def wanted(self) -> tuple[tuple[int, ...], str, int | None]:
        """Return the shape and the type of the target that fits the prediction, and the number of its classes."""
        if self.function in OF_EQUALS:
            return self.prediction, "float32", None
        classes = self.prediction[1 if len(self.prediction) > 1 else 0]
        return (*self.prediction[:1], *self.prediction[2:]) if len(self.prediction) > 1 else (), "int64", classes


class WatchedLosses(TorchFunctionMode):
    """Notes the calls of loss functions while it is active, also one that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[LossCall] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name in OF_CLASSES or name in OF_EQUALS:
            given = dict(zip(("input", "target"), args)) | (kwargs or {})
            prediction, target = given.get("input"), given.get("target")
            if isinstance(prediction, torch.Tensor) and isinstance(target, torch.Tensor) and prediction.dim():
                shapes = tuple(map(_plain, (prediction, target)))
                if None not in shapes:
                    self.calls.append(LossCall(name, shapes[0] or (), shapes[1] or (), id(target)))
        return function(*args, **(kwargs or {}))


def fitting(
    arguments: Arguments,
    values: dict[Path, torch.Tensor],
    names: Collection[str],
    calls: Sequence[LossCall],
    shapes: Sequence[tuple[int, ...]] = (),
) -> Arguments:
    """Return the arguments with the tensors in those of these names as the loss functions want them.

    A tensor is the target of a loss if it is what the function gets, or has as many elements: then it was reshaped. If
    there is only one tensor, it is the target also where other elements were taken from it: `labels[:, 1:]`. `shapes`
    are those of arguments that the call got before.
    """
    paths = [(path, tensor) for path, tensor in tensors(arguments) if path[0] in names and path in values]
    shapes = [*shapes, *(tensor.shape for path, tensor in tensors(arguments) if path[0] not in names)]
    for path, tensor in paths:
        value = values[path]
        of_value = [call for call in calls if call.target_id == id(value) or _elements(call.target) == value.numel()]
        for call in of_value:
            shape, dtype, _ = call.wanted()
            is_itself = call.target_id == id(value)
            if is_itself and call.target != shape:
                tensor = replace(tensor, shape=shape)
            elif not is_itself and _elements(call.target) != _elements(shape):
                tensor = replace(tensor, shape=next(_of_size(shapes, _elements(shape))))
            if tensor.is_integer != (dtype == "int64"):
                tensor = replace(tensor, dtype=dtype)
        classes = [call.wanted()[2] for call in (calls if len(paths) == 1 else of_value)]
        if tensor.is_integer and any(classes):
            tensor = replace(tensor, high=min(filter(None, classes)))
        arguments = with_tensor(arguments, path, tensor)
    return arguments


def _of_size(shapes: Iterable[tuple[int, ...]], size: int) -> Iterator[tuple[int, ...]]:
    """Yield shapes with so many elements: the first axes of these, then the plain one.

    A target has the first axes of its input: the batch, or the batch and the tokens.
    """
    for shape in shapes:
        for rank in range(1, len(shape) + 1):
            if _elements(shape[:rank]) == size:
                yield shape[:rank]
    yield (size,)


def _elements(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()


def _plain(tensor: torch.Tensor) -> tuple[int, ...] | None:
    """Return a shape of plain integers; None if one of them is symbolic."""
    shape = tuple(tensor.shape)
    return shape if all(type(size) is int for size in shape) else None
