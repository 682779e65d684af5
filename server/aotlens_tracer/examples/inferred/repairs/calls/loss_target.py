"""Give the target of a loss function of torch the shape and dtype that belong to its input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch.nn import functional

from ...calling.inputs import Inputs
from ...values import Path, Tensor, tensors, with_tensor
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_OF_CLASSES = ("cross_entropy", "nll_loss")
"""Losses whose target has the index of a class in the place of each row of the input."""
_OF_VALUES = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "smooth_l1_loss")
"""Losses whose target is like the input."""


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for place in reversed(failed.frames):
        name, variables = place.frame.f_code.co_name, place.variables
        is_loss = place.frame.f_globals is vars(functional) and name in (*_OF_CLASSES, *_OF_VALUES)
        given, target = variables.get("input"), variables.get("target")
        if not is_loss or not isinstance(given, torch.Tensor) or not isinstance(target, torch.Tensor):
            continue
        wanted = _of_classes(given) if name in _OF_CLASSES else Tensor(tuple(given.shape))
        for path in failed.sources_of(target) or failed.paths_of(target):
            if failed.values.get(path) is given:
                continue
            shapes = [wanted.shape, *_shapes_of_others(failed, path, math.prod(wanted.shape))]
            if failed.values.get(path) is not target:  # a view of the argument
                shapes = [*shapes[1:], shapes[0]]
            for shape in shapes:
                yield with_tensor(failed.arguments, path, replace(wanted, shape=shape))
        return


def _of_classes(given: torch.Tensor) -> Tensor:
    """The target of a loss of classes, whose scores have the classes in axis 1, or in their only axis."""
    axis = min(1, given.dim() - 1)
    return Tensor((*given.shape[:axis], *given.shape[axis + 1 :]), "int64", given.shape[axis])


def _shapes_of_others(failed: FailedAttempt, path: Path, size: int) -> Iterator[tuple[int, ...]]:
    """The shapes of other arguments with so many elements: the loss may see views of all of them."""
    for other, value in tensors(failed.arguments):
        if other != path and math.prod(value.shape) == size:
            yield value.shape


RULE = Rule("loss-target", "the input that a loss function of torch got, and its target", _propose)
