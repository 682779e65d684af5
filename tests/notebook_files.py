"""Notebooks as files, for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def code(text: str) -> tuple[str, str]:
    """A code cell."""
    return "code", text


def markdown(text: str) -> tuple[str, str]:
    """A cell of text."""
    return "markdown", text


def write_notebook(path: Path, *cells: tuple[str, str], **metadata: Any) -> Path:
    """Write a notebook of format 4, as Jupyter does."""
    content = {
        "cells": [
            {"cell_type": kind, "id": f"c{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
            | ({"outputs": [], "execution_count": None} if kind == "code" else {})
            for number, (kind, text) in enumerate(cells, 1)
        ],
        "metadata": metadata or {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path
