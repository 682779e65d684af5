"""Texts for clients that can open files alone."""

from __future__ import annotations

import os
import tempfile


def write(name: str, text: str) -> str:
    """Write a text where only this user reads it, for as long as the server lives; the path."""
    folder = os.path.join(tempfile.gettempdir(), f"aotlens-{os.getpid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
