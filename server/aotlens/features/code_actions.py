"""Code actions: pin an example, suppress a finding."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens.session.documents import Document
from aotlens.syntax.definitions import Definition
from aotlens_tracer.descriptor_map import Span

from .diagnostics import diagnostics
from .snapshot import Snapshot, TargetKey


@dataclass(frozen=True)
class TextEdit:
    """A stretch of a document and what to put there."""

    span: Span
    text: str


@dataclass(frozen=True)
class CodeAction:
    """An action: a title, a kind as LSP has them, and either edits of this document or a command.

    `fixes` is the code of the finding that it takes away, at `line`.
    """

    title: str
    kind: str
    edits: tuple[TextEdit, ...] = ()
    command: str | None = None
    arguments: tuple[str, ...] = ()
    fixes: str | None = None
    line: int | None = None
    preferred: bool = False


def code_actions(snapshot: Snapshot, document: Document, first: int, last: int) -> list[CodeAction]:
    """What can be done on the lines `first` to `last`."""
    actions = []
    for finding in diagnostics(snapshot, document):
        if first <= finding.span.line <= last:
            actions.append(_suppress(document, finding.span.line, finding.code))
    for definition in document.definitions:
        if definition.kind == "class" and first <= definition.line <= last:
            actions += _of_class(snapshot, document, definition)
    return actions


def _suppress(document: Document, line: int, code: str) -> CodeAction:
    text = document.lines[line - 1]
    end = len(text.rstrip()) + 1
    existing = text.find("# aotlens: ignore[")
    if existing >= 0 and (closing := text.find("]", existing)) >= 0:
        edit = TextEdit(Span(document.path, line, closing + 1, line, closing + 1), f", {code}")
    else:
        edit = TextEdit(Span(document.path, line, end, line, len(text) + 1), f"  # aotlens: ignore[{code}]")
    return CodeAction(f"Suppress {code} on this line", "quickfix", (edit,), fixes=code, line=line)


def _of_class(snapshot: Snapshot, document: Document, definition: Definition) -> list[CodeAction]:
    key = TargetKey(document.path, definition.qualname)
    state = snapshot.states.get(key)
    target = f"{key.path}::{key.qualname}"
    actions = []
    if state is not None and state.map is not None:
        actions.append(CodeAction(f"Show the map of {definition.qualname}", "source", (), "aotlens.showMap", (target,)))
    if state is not None and state.examples:
        actions.append(CodeAction(f"Trace {definition.qualname} now", "source", (), "aotlens.traceNow", (target,)))
    else:
        title = f"Pin an example for {definition.qualname}, to be filled in"
        actions.append(CodeAction(title, "refactor", (_template(document, definition),)))
    return actions


def pin_template(document: Document, qualname: str) -> TextEdit | None:
    """An example to be filled in above a class; None where the document has no such class."""
    for definition in document.definitions:
        if definition.qualname == qualname:
            return _template(document, definition)
    return None


def _template(document: Document, definition: Definition) -> TextEdit:
    text = document.lines[definition.line - 1]
    indent = text[: len(text) - len(text.lstrip())]
    at = Span(document.path, definition.start_line, 1, definition.start_line, 1)
    return TextEdit(at, f"{indent}# aotlens: {definition.qualname}()(torch.randn(1))\n")
