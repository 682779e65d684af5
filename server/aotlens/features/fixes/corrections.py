"""A fix for a name that the model does not have, or a descriptor that AOTAutograd never makes."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.features.diagnostics import Diagnostic
from aotlens.text.documents import Document

from .action import CodeAction, TextEdit


def correction(document: Document, finding: Diagnostic) -> Iterator[CodeAction]:
    """Replace the text of a finding that knows the right text."""
    if finding.fix is not None:
        edit = TextEdit(finding.span, finding.fix.text)
        line = finding.span.line
        yield CodeAction(finding.fix.title, "quickfix", (edit,), fixes=finding.code, line=line, preferred=True)
