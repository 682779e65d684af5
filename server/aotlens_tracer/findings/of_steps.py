"""The findings of a training step: which gradients its optimizers miss, and which gradients no optimizer uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..wire.descriptor_map import StateTensor
from ..wire.findings import Finding, InNoOptimizer, NothingTrained, Place, Subject
from ..wire.training_steps import TrainingStep

_OF_GRADIENTS = ("parameter-without-gradient", "gradient-always-zero")


def of_step(findings: Iterable[Finding], step: TrainingStep | None) -> tuple[Finding, ...]:
    """Return the findings, in which what is returned is the loss, without some about gradients.

    Those of parameters that no optimizer of the step has are left out: in a step of a GAN, the other optimizer has
    them. All findings are returned if no optimizer is known, and as they are if the map is of no training step.
    """
    if step is None:
        return tuple(findings)
    findings = map(_of_loss, findings)
    if not step.optimizers:
        return tuple(findings)
    stepping = [each for each in step.optimizers if each.steps]
    trained = frozenset().union(*(each.parameters for each in stepping or step.optimizers))
    return tuple(each for each in findings if each.code not in _OF_GRADIENTS or _is_about(each, trained))


def _of_loss(finding: Finding) -> Finding:
    reason = finding.reason
    return replace(finding, reason=replace(reason, is_loss=True)) if isinstance(reason, NothingTrained) else finding


def untrained(
    findings: Iterable[Finding], step: TrainingStep | None, state: Sequence[StateTensor], path: str
) -> tuple[Finding, ...]:
    """Return a finding for each parameter that gets a gradient in a step, and that no optimizer of the script has.

    `findings` are all of the step, also those about gradients that nothing waits for. `path` is the file of the step.
    """
    if step is None or not step.in_no_optimizer or not step.optimizers:
        return ()
    missing = {subject.name for each in findings if each.code in _OF_GRADIENTS for subject in each.subjects[:1]}
    places = tuple(Place("optimizer", each.definition) for each in step.optimizers if each.definition is not None)
    reason = InNoOptimizer(tuple(each.expression for each in step.optimizers))
    made = {each.name: each.definition for each in state}
    found = []
    for name in step.in_no_optimizer:
        at = made.get(name) or step.loss_at
        if name not in missing:
            subjects = (Subject("parameter", name),)
            line, column = (at.line, at.column) if at is not None else (None, None)
            where = at.path if at is not None else path
            found.append(Finding("parameter-in-no-optimizer", where, line, column, subjects, reason, places))
    return tuple(found)


def _is_about(finding: Finding, names: frozenset[str]) -> bool:
    return any(subject.kind != "parameter" or subject.name in names for subject in finding.subjects)
