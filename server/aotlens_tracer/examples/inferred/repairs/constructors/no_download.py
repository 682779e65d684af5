"""Load no weights, if those that a default names would have to be downloaded."""

from __future__ import annotations

import re

from ...building.construction import Construction
from ...tables.constructor_names import DOWNLOADED
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_OFFLINE = re.compile(r"(?i)offline|internet|connection|download|urlopen|network|\bhub\b|url")


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    if _OFFLINE.search(f"{type(failed.error).__name__} {failed.message}") is None:
        return
    off = {name: _off(parameter.default) for name, parameter in construction.parameters.items()}
    found = {
        name: value
        for name, value in off.items()
        if value is not None
        and DOWNLOADED.fullmatch(name.lower())
        and construction.can_pass(name)
        and name not in failed.arguments
    }
    if found:
        yield {**failed.arguments, **found}
    for name, value in found.items() if len(found) > 1 else ():
        yield {**failed.arguments, name: value}


def _off(default: object) -> Written | None:
    """The value that loads no weights, for a parameter whose default loads some."""
    if default is True:
        return Written("False")
    return Written("None") if isinstance(default, str) else None


RULE = Rule("no-download", "an error of the network, and the parameters that name weights", _propose)
