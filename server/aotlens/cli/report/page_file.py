"""The file of a page: written as a whole, and never through a link or onto anything but a page."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from aotlens.cli.options import UsageError
from aotlens.page.document import MARK
from aotlens.project.problems import Misuse
from aotlens.project.shared_places import refuse_planted, replace_file

_HEAD = 4096
"""The mark of a page stands in so many first bytes."""


def check_page_file(written: str, sources: Sequence[Path]) -> None:
    """Raise UsageError if a page must not be written there. `sources` are the files that are read."""
    try:
        _check(Path(written), written, sources)
    except Misuse as error:
        raise UsageError(str(error)) from None
    except (OSError, ValueError) as error:
        raise _unwritable(written, error) from None


def write_page(written: str, text: str, sources: Sequence[Path]) -> None:
    """Write a page. Raises UsageError."""
    check_page_file(written, sources)  # again: code has run since
    try:
        replace_file(Path(written), text.encode())
    except OSError as error:
        raise _unwritable(written, error) from None


def _check(file: Path, written: str, sources: Sequence[Path]) -> None:
    if not written or file.is_dir():
        raise UsageError(f"{written} is a folder: name a file in it" if written else "-o needs the name of a file")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")
    if file.is_symlink():
        raise UsageError(f"{written} is a link, through which no report is written: name another file")
    refuse_planted(file.absolute())
    if not file.exists():
        return
    for source in sources:
        with contextlib.suppress(OSError):
            if file.samefile(source):
                raise UsageError(f"{written} is the target itself: name another file for the report")
    if not file.is_file():
        raise UsageError(f"{written} is not a regular file: name another file for the report")
    with file.open("rb") as content:
        head = content.read(_HEAD)
    if head and MARK.encode() not in head:
        raise UsageError(f"{written} exists and is no report of aotlens: name another file, or delete it")


def _unwritable(written: str, error: OSError | ValueError) -> UsageError:
    why = error.strerror if isinstance(error, OSError) else None
    return UsageError(f"{written} cannot be written: {why or error}")
