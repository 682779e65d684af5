"""Decides whether a file may mean a traced target by its name: it has the target, or imports it."""

from __future__ import annotations

import re
from pathlib import PurePath

from aotlens.text.documents import Document

from .snapshot import TargetState


def is_imported(document: Document, state: TargetState) -> bool:
    """Whether a document has a target itself, or imports a module of the name of its file."""
    if state.key.path == document.path:
        return True
    path = PurePath(state.key.path)
    module = re.escape(path.stem if path.stem != "__init__" else path.parent.name)
    source = rf"^\s*(?:from\s+[\w.]*\b{module}\s+import\b[^#\n]*|import\s+[\w.]*\b{module}\b)"
    return re.search(source, document.text, re.MULTILINE) is not None


def is_named(document: Document, state: TargetState) -> bool:
    """Whether a document names a target that it has or imports."""
    name = state.key.qualname.rpartition(".")[2]
    return is_imported(document, state) and re.search(rf"\b{re.escape(name)}\b", document.text) is not None
