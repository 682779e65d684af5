"""The optimizers of a script: their groups, by the names that the parameters have below the root of the step."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ...torch_private import names_of_parameters
from ...wire.places import Span
from ...wire.training_steps import Optimizer, OptimizerGroup, StepSource
from .prelude import Prelude

_OPTIONS = ("lr", "momentum", "betas", "eps", "weight_decay")
"""The options of a group that are shown, in this order."""


def optimizers_of(
    step: StepSource, root: nn.Module, namespaces: Sequence[dict[str, Any]], prelude: Prelude
) -> list[Optimizer]:
    """Return the optimizers that the text names and the set-up made, each once; `namespaces` are looked up in order."""
    names = _names(root)
    found: dict[int, Optimizer] = {}
    for expression in dict.fromkeys((*step.optimizers, *step.all_optimizers)):
        values = next((values for each in namespaces if (values := _values(expression, each))), [])
        for value in values:
            if id(value) in found:
                continue
            groups = tuple(_group(group, names) for group in value.param_groups)
            steps = expression in step.optimizers
            found[id(value)] = Optimizer(expression, type(value).__name__, groups, _made_at(value, prelude), steps)
    return list(found.values())


def in_no_optimizer(root: nn.Module, optimizers: Sequence[Optimizer]) -> tuple[str, ...] | None:
    """Return the parameters that require a gradient and are in no group; None without an optimizer."""
    if not optimizers:
        return None
    grouped = {name for each in optimizers for group in each.groups for name in group.parameters}
    return tuple(name for name, value in root.named_parameters() if value.requires_grad and name not in grouped)


def _values(expression: str, namespace: dict[str, Any]) -> list[Any]:
    """Return the optimizers that an expression names or makes; none if it cannot be evaluated.

    Lightning's `configure_optimizers` returns one, several, or a dict with schedulers.
    """
    with contextlib.suppress(Exception):
        return _optimizers_in(eval(expression, dict(namespace)))
    return []


def _optimizers_in(value: Any) -> list[Any]:
    if isinstance(getattr(value, "param_groups", None), list):
        return [value]
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    return [each for item in items for each in _optimizers_in(item)]


def _names(root: nn.Module) -> dict[int, str]:
    names: dict[int, str] = {}
    for name, parameter in names_of_parameters(root):
        names.setdefault(id(parameter), name)
    return names


def _group(group: dict[str, Any], names: dict[int, str]) -> OptimizerGroup:
    found = [names[id(each)] for each in group["params"] if id(each) in names]
    options = [(name, _brief(group[name])) for name in _OPTIONS if name in group]
    return OptimizerGroup(tuple(options), tuple(found), len(group["params"]) - len(found))


def _brief(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return "a tensor"
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _made_at(optimizer: Any, prelude: Prelude) -> Span | None:
    """Return the place that made an optimizer, or the one that another optimizer wraps; None if it is not known."""
    known = prelude.optimizers.get(id(optimizer))
    inner = getattr(optimizer, "optimizer", None)
    return known if inner is None else _made_at(inner, prelude) or known
