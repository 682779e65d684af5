"""Pass a pair, a module, a class or a word instead of a number, for arguments whose name says nothing."""

from __future__ import annotations

from ...building.construction import Construction
from ...tables.constructor_names import constructor_prior
from ...tables.sizes import WIDTH
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule

_KINDS = (f"({WIDTH}, {WIDTH})", "torch.nn.Identity()", "torch.nn.Identity", "'gelu'")


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    for name, value in failed.arguments.items():
        if value.expression == str(WIDTH) and constructor_prior(name) is None:
            for kind in _KINDS:
                yield {**failed.arguments, name: Written(kind)}


RULE = Rule("another-kind", "nothing", _propose, Distance.FALLBACK)
