"""Pass a text with which the project itself calls what refused an argument: `Irreps("1x0e + 1x1o")`."""

from __future__ import annotations

from ...building.construction import Construction
from ...reading.written_calls import texts_passed_to
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..names_read import places_within
from ..passed_on import called, parameters, passed_to
from ..rule import Proposals, Rule

_MOST = 4
"""Texts that are proposed."""


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    places = list(places_within(failed, construction))
    if not places or places[-1].frame is not failed.root:
        return
    for index, place in enumerate(places[:-1]):
        passed = [
            name for name in passed_to(place, places[index + 1 :], parameters(place)[:1]) if name in failed.arguments
        ]
        if not passed:
            continue
        code, package = place.frame.f_code, str(place.frame.f_globals.get("__name__")).partition(".")[0]
        for text in texts_passed_to(called(place), code.co_filename, package)[:_MOST]:
            value = Written(repr(text))
            if any(failed.arguments[each] != value for each in passed):
                yield {**failed.arguments, **dict.fromkeys(passed, value)}


RULE = Rule("written-text", "the texts that the project passes to what refused an argument", _propose)
