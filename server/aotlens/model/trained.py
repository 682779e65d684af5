"""The parameters that the optimizers of a training step have."""

from __future__ import annotations

from aotlens_tracer.wire.training_steps import Optimizer, TrainingStep


def trained_by(optimizer: Optimizer) -> frozenset[str]:
    """The parameters of an optimizer, by FQN."""
    return frozenset(name for group in optimizer.groups for name in group.parameters)


def trained_elsewhere(step: TrainingStep) -> frozenset[str]:
    """The parameters that optimizers have, and none of those that step after the backward pass of this step.

    Nobody expects a gradient of them: the generator's, in the step of a discriminator.
    """
    stepping = [trained_by(each) for each in step.optimizers if each.steps]
    others = [trained_by(each) for each in step.optimizers if not each.steps]
    return frozenset().union(*others) - frozenset().union(*stepping) if stepping else frozenset()
