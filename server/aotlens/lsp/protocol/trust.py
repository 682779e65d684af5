"""The trust that a client states: in `initializationOptions`, and with the notification of a change."""

from __future__ import annotations

import os
from typing import Any

from aotlens.text.uris import path_of, with_large_drive

Trusted = bool | tuple[str, ...]
"""True for the folders of the workspace, or the folders that are trusted, as absolute paths. False or empty: none."""


def parse_trust(value: Any) -> Trusted | None:
    """Return the trust that a value states: a boolean, or a list of paths (`~` is the home folder) or `file:` URIs.

    None if it is neither. A list with anything else in it, or with a relative path, is none as a whole.
    """
    if isinstance(value, bool):
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    folders = tuple(with_large_drive(os.path.normpath(os.path.expanduser(path_of(item)))) for item in value)
    return folders if all(map(os.path.isabs, folders)) else None
