"""The kinds of hostile modules, by name."""

from __future__ import annotations

from . import hooks, objects, process, python
from .kind import Kind

KINDS: dict[str, Kind] = {**process.KINDS, **python.KINDS, **objects.KINDS, **hooks.KINDS}
