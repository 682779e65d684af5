"""The first code of a tracer's process: the guardian stays behind here, and the tracer goes on. No torch yet."""

from __future__ import annotations

import os

from . import guardian
from .scratch import OPTION, Folder, hold


def main(arguments: list[str]) -> None:
    """Run as the tracer, below a guardian where the system offers what it needs; with `--child` as a spawned child."""
    scratch = _scratch(arguments[arguments.index(OPTION) + 1]) if OPTION in arguments else None
    if "--child" not in arguments:
        guardian.stand_between(scratch)
    if scratch is not None:  # torch makes this folder as it is imported, in the temporary directory of all users
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(scratch.path, "inductor"))
    from .loop import main as run

    run(arguments, scratch)


def _scratch(path: str) -> Folder | None:
    """Return the folder that the server has made; None if something else is in its place."""
    try:
        return hold(path)
    except OSError:
        return None
