"""Syntax trees of the project's own files, for the tests that check rules of the house."""

from __future__ import annotations

import ast
import gc
from pathlib import Path


def syntax_tree(file: Path) -> ast.Module:
    """Parse a file.

    The garbage collector is off meanwhile: until 3.11.8 Python raises SystemError ("AST constructor recursion depth
    mismatch") if it runs a finalizer that raises inside `ast.parse`, such as that of a transport that a test left open.
    """
    text = file.read_text(encoding="utf-8")
    was_on = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if was_on:
            gc.enable()
