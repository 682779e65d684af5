"""Words about source files that are too large to be read, or would take too long."""

from __future__ import annotations

from aotlens.text.documents import MOST_CHARACTERS, MOST_LINES


def too_large() -> str:
    """An open document is left out."""
    return (
        f"aotlens does not read this file, because it has more than {MOST_CHARACTERS:,} characters "
        f"or {MOST_LINES:,} lines. Open it again when it is smaller."
    )


def too_slow() -> str:
    """An open document is as if it were empty."""
    return "aotlens does not read this file as it is now, because it would take too long to parse."
