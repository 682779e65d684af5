"""The first code of a tracer's process: the guardian stays behind here, and the tracer goes on. No torch yet."""

from __future__ import annotations

from . import guardian
from .scratch import OPTION


def main(arguments: list[str]) -> None:
    """Run as the tracer, below a guardian where the system offers what it needs; with `--child` as a spawned child."""
    scratch = arguments[arguments.index(OPTION) + 1] if OPTION in arguments else None
    if "--child" not in arguments:
        guardian.stand_between(scratch)
    from .loop import main as run

    run(arguments, scratch)
