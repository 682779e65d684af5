"""References: every expression whose operations read a parameter, buffer or argument."""

from __future__ import annotations

from aotlens.model.resolve import Resolved, resolve
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    CreationSubject,
    DescriptorSubject,
    DynamoSourceSubject,
    ExpressionSubject,
    GraphNameSubject,
    PieceNameSubject,
    StringSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.input_roles import role_of
from aotlens_tracer.wire.places import Span

from .definition import Read, birthplaces, with_columns

_KINDS = (
    ArgumentSubject,
    AttributeSubject,
    CreationSubject,
    DescriptorSubject,
    DynamoSourceSubject,
    ExpressionSubject,
    GraphNameSubject,
    PieceNameSubject,
    StringSubject,
)


def references(
    snapshot: Snapshot,
    document: Document,
    line: int,
    column: int,
    include_declaration: bool = True,
    read: Read | None = None,
) -> tuple[Span, ...]:
    """The places that read the thing at a position, in today's text of every file, in the order of files and lines."""
    for subject in subjects_at(document, line, column):
        found = resolve(snapshot, document, subject, line, column) if is_referable(subject) else ()
        if found:
            spans = [span for one in found for span in read_spans(snapshot, one, document.path)]
            if include_declaration:
                spans += [span for one in found for span in birthplaces(snapshot, one)]
            complete = {with_columns(snapshot, span, read) for span in spans}
            return tuple(sorted(complete, key=in_order))
    return ()


def is_referable(subject: Subject) -> bool:
    """Whether references to a subject are worth listing; `self` alone is read everywhere."""
    return isinstance(subject, _KINDS) and not (isinstance(subject, AttributeSubject) and not subject.path)


def in_order(span: Span) -> tuple[str, int, int, int, int]:
    """A key that sorts by file and line; of two spans with one start, the shorter comes first."""
    return span.path, span.line, span.column or 0, span.end_line or 0, span.end_column or 0


def read_spans(snapshot: Snapshot, found: Resolved, path: str) -> list[Span]:
    """The places that read the resolved inputs, in today's text; places that an edit has destroyed are left out.

    `path` is the file of the question: in a file of an installed package, places in that package are given, elsewhere
    those in the user's own code. A tied parameter is read wherever one of its names is. For an output, it is the line
    that computes it.
    """
    entries = found.entries
    parameters = [entry.slot for entry in entries if role_of(entry.slot) == "parameter"]
    tied = [found.index.named(name) for slot in parameters for name in slot.tied_to]
    entries += [entry for named in tied if named is not None for entry in named.entries]
    package = found.index.lines.packages.get(path)
    spans = [span for entry in entries for span in found.index.reads.places(entry, package)]
    spans += [result.slot.source for result in found.results if result.slot.source is not None]
    now = (snapshot.now(found.state, span) for span in dict.fromkeys(spans))
    return [span for span in now if span is not None]
