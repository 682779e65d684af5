"""A fix that suppresses a finding by a comment."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.features.diagnostics import Diagnostic
from aotlens.features.suppression import suppression
from aotlens.text.documents import Document

from .action import CodeAction, TextEdit


def suppress(document: Document, finding: Diagnostic) -> Iterator[CodeAction]:
    """Write `# aotlens: ignore[code]` where it is a comment and counts for the line of the finding."""
    line, code = finding.span.line, finding.code
    edit = TextEdit(*suppression(document, line, code))
    yield CodeAction(action_titles.suppress(code), "quickfix", (edit,), fixes=code, line=line)
