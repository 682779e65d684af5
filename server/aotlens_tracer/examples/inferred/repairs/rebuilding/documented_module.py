"""Build the module as its own file writes it out, where the module that was guessed takes no call."""

from __future__ import annotations

from ...building.construction import Construction
from ..constructors.written_constructor import written_arguments
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    yield from written_arguments(construction)


RULE = Rule("documented-module", "a failed call, where the file of the class builds it itself", _propose)
