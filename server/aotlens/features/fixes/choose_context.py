"""Actions that choose the traced model that answers for a class."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.contexts import contexts_of
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.syntax.definitions import Definition
from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document

from .action import CodeAction, command


def choose_context(snapshot: Snapshot, document: Document, definition: Definition) -> Iterator[CodeAction]:
    """One action for each model that could answer and does not."""
    name, key = definition.qualname, TargetKey(document.path, definition.qualname)
    contexts = contexts_of(snapshot, document, ClassRef(name, definition.line, definition.end_line))
    for context in contexts[1:]:
        other = context.state.key
        yield command(action_titles.choose_context(context, name), "aotlens.chooseContext", str(key), str(other))
