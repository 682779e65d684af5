"""Why a file of a workspace was not read."""

from __future__ import annotations

from aotlens_tracer.wire.regular_files import NotRegular, TooLarge


def why_unread(error: OSError) -> str:
    """The reason, as a clause whose subject is the file."""
    if isinstance(error, NotRegular):
        return "it is not a regular file"
    if isinstance(error, TooLarge):
        return f"it is larger than {error.most >> 20} MiB"
    return error.strerror or str(error)
