"""The parameters that other training steps train."""

from __future__ import annotations

from aotlens_tracer.wire.training_steps import TrainingStep


def trained_elsewhere(step: TrainingStep) -> frozenset[str]:
    """The parameters that optimizers have, and none of those that step after the backward pass of this step.

    Nobody expects a gradient of them: the generator's, in the step of a discriminator.
    """
    stepping = [each.parameters for each in step.optimizers if each.steps]
    others = [each.parameters for each in step.optimizers if not each.steps]
    return frozenset().union(*others) - frozenset().union(*stepping) if stepping else frozenset()
