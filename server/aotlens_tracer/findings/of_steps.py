"""The findings of a training step: a missing gradient matters where an optimizer of the step waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..wire.findings import Finding
from ..wire.training_steps import Optimizer, TrainingStep

_OF_GRADIENTS = ("parameter-without-gradient", "gradient-always-zero")


def of_step(findings: Iterable[Finding], step: TrainingStep | None) -> tuple[Finding, ...]:
    """Return the findings without those about gradients of parameters that no optimizer of the step has.

    In a step of a GAN, the other optimizer has them. All findings are returned if no optimizer is known, or if the map
    is of no training step.
    """
    if step is None or not step.optimizers:
        return tuple(findings)
    stepping = [each for each in step.optimizers if each.steps]
    trained = _names(stepping or step.optimizers)
    return tuple(each for each in findings if each.code not in _OF_GRADIENTS or _is_about(each, trained))


def _names(optimizers: Sequence[Optimizer]) -> frozenset[str]:
    return frozenset(name for each in optimizers for group in each.groups for name in group.parameters)


def _is_about(finding: Finding, names: frozenset[str]) -> bool:
    return any(subject.kind != "parameter" or subject.name in names for subject in finding.subjects)
