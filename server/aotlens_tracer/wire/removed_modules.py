"""The problem of a module that takes itself out of `sys.modules`. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class RemovedItself(Tagged):
    """The module `module` took its own name out of `sys.modules` while it was imported, so that Python fails there."""

    module: str
