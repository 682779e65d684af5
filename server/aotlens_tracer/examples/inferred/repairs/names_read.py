"""The variables that the failing statements of a constructor read."""

from __future__ import annotations

from collections.abc import Iterator

from ..building.construction import Construction
from .failed_attempt import FailedAttempt
from .places import Place


def places_within(failed: FailedAttempt, construction: Construction) -> Iterator[Place]:
    """The places in user code, innermost first, up to the constructor of the class itself."""
    for place in failed.users():
        yield place
        is_constructor = place.frame.f_code.co_name == "__init__"
        if is_constructor and isinstance(place.variables.get("self"), construction.cls):
            return


def names_read(failed: FailedAttempt, construction: Construction) -> list[str]:
    """The variables that these places read, each once."""
    return list(dict.fromkeys(name for place in places_within(failed, construction) for name in place.names()))
