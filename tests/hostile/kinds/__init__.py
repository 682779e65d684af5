"""The kinds of hostile modules, by name."""

from __future__ import annotations

from . import objects, process, python
from .kind import Kind

KINDS: dict[str, Kind] = {**process.KINDS, **python.KINDS, **objects.KINDS}
