"""Comments that suppress nothing. They are found only where it is certain that nothing can be found there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from aotlens.explain.findings.registry import KINDS
from aotlens.explain.findings.words import message, severity
from aotlens.features.diagnostics import Diagnostic
from aotlens.features.suppression import Suppression, suppressing, suppressions
from aotlens.text.documents import Document
from aotlens_tracer.wire.findings import Finding, Subject, SuppressesNothing

from .codes import nearest_code
from .tracing import TracedProject

_CODE = "unused-suppression"
_COMPILED_ALONE = frozenset(
    ("recompiled", "cuda-graph-blocker", "dimension-specialized", "tangent-placements", "tangent-type")
)
"""The codes of findings that only graphs of torch.compile have."""
_LOCKED_ALONE = "lock-changed"
"""The code of findings that only a comparison with a lock has."""


def unused_suppressions(
    project: TracedProject, document: Document, found: Sequence[Diagnostic], is_locked: bool
) -> Iterator[Diagnostic]:
    """The comments of a document that suppress none of the findings that were found in it.

    `is_locked` says that the targets were compared with a lock.
    """
    used = {item.suppression for item in found}
    written = [each for each in suppressions(document) if each not in used and each.code != _CODE]
    is_certain = bool(written) and _is_certain(project, document)
    for each in written:
        is_known = each.code is None or each.code in KINDS
        if not is_known or (is_certain and not _may_be_of_another_run(project, each, is_locked)):
            yield _finding(document, each, is_known)


def _finding(document: Document, unused: Suppression, is_known: bool) -> Diagnostic:
    subjects = (Subject("code", unused.code),) if unused.code is not None else ()
    near = nearest_code(unused.code) if unused.code is not None and not is_known else None
    span = unused.span
    finding = Finding(_CODE, span.path, span.line, span.column, subjects, SuppressesNothing(is_known, near))
    by = suppressing(document, span.line, _CODE)
    suppression = by if by is not None and by.code == _CODE else None
    return Diagnostic(span, _CODE, severity(finding), message(finding), suppression=suppression)


def _may_be_of_another_run(project: TracedProject, suppression: Suppression, is_locked: bool) -> bool:
    """Whether the finding may be one that this run cannot have: of another convention, or of a lock."""
    is_compiled = any(state.convention == "compile" for state in project.targets)
    elsewhere = (frozenset() if is_compiled else _COMPILED_ALONE) | (frozenset() if is_locked else {_LOCKED_ALONE})
    return bool(elsewhere) and (suppression.code is None or suppression.code in elsewhere)


def _is_certain(project: TracedProject, document: Document) -> bool:
    """Whether all that runs code of a document was traced, as far as can be told.

    So it is if the whole folder was looked at, and no target failed in this file or in one that names it.
    """
    chosen = [each for each in project.selected if each.path == document.path]
    if any(each.qualname is not None or not each.is_found for each in chosen):
        return False
    failed = {state.key.path for state in project.targets if state.status != "traced"}
    # A file that cannot be decoded runs nothing.
    failed |= {path for path, failure in project.unread.items() if failure.stage != "syntax"}
    return not any(_may_run(project, path, document) for path in failed)


def _may_run(project: TracedProject, path: str, document: Document) -> bool:
    """Whether code of a file may run that of a document: it is the same, or names its module, or cannot be read."""
    if path == document.path:
        return True
    other = project.snapshot.documents.get(path)
    file = Path(document.path)
    module = file.parent.name if file.stem == "__init__" else file.stem
    return other is None or re.search(rf"\b{re.escape(module)}\b", other.text) is not None
