"""The modules that were not imported since another user has put them there: their absence is explained by that."""

from __future__ import annotations

import sys

_places: dict[str, str] = {}


def note(name: str, place: str) -> None:
    """Note that the module of a name was found at a place, and refused."""
    _places[name] = place


def refused_place(name: str) -> str | None:
    """Return where the module of a name, or a package that it belongs to, was refused; None if nothing was."""
    while name and name not in sys.modules:  # it may have been found elsewhere
        if name in _places:
            return _places[name]
        name = name.rpartition(".")[0]
    return None
