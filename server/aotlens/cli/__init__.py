"""The command `aotlens`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"]:
        from .serve import plain_options, run_serve

        if (options := plain_options(sys.argv[2:])) is not None:
            try:
                sys.exit(run_serve(options))
            except KeyboardInterrupt:
                sys.exit(130)
    from .app import main as run

    run()
