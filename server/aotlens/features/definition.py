"""Go to definition: from a name to the place that makes its parameter, module or output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from aotlens.model.calls import called
from aotlens.model.names import birthplace, set_at
from aotlens.model.resolve import Resolved, resolve
from aotlens.model.slots import Entry, Result, made_at
from aotlens.model.snapshot import Snapshot
from aotlens.model.subclasses import piece_at
from aotlens.model.training_steps import Loss, Rate, things_at
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.signatures import parameter_span
from aotlens.syntax.source import split_lines
from aotlens.syntax.subjects import (
    AttributeSubject,
    CreationSubject,
    DescriptorSubject,
    DynamoSourceSubject,
    ExpressionSubject,
    GraphNameSubject,
    PieceNameSubject,
    StringSubject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.input_roles import role_of
from aotlens_tracer.wire.places import Span

Read = Callable[[str], str | None]
"""The text of a file that is not open; None if it cannot be read."""


@dataclass(frozen=True)
class Link:
    """A link from the text under the cursor to the place that makes the thing."""

    origin: Span
    target: Span


def definition(
    snapshot: Snapshot, document: Document, line: int, column: int, read: Read | None = None
) -> tuple[Link, ...]:
    """The places that make the thing at a position, in the order of the graph; empty if they are not known."""
    kinds = (
        *(AttributeSubject, CreationSubject, StringSubject, PieceNameSubject),
        *(GraphNameSubject, DescriptorSubject, DynamoSourceSubject, ExpressionSubject),
    )
    for subject in subjects_at(document, line, column):
        if not isinstance(subject, kinds):
            continue
        for moment in (snapshot, snapshot.with_attempts()):
            resolved = resolve(moment, document, subject, line, column)
            if isinstance(subject, PieceNameSubject):
                targets = [span for found in resolved for span in values_with_piece(moment, found)]
            else:
                targets = [span for found in resolved for span in places_of(moment, found)]
            if isinstance(subject, ExpressionSubject) and not targets:
                targets = in_script(moment, document, subject, line)
            if targets:
                spans = dict.fromkeys(with_columns(moment, span, read) for span in targets)
                return tuple(Link(subject.span, span) for span in spans)
    return ()


def with_columns(snapshot: Snapshot, span: Span, read: Read | None = None) -> Span:
    """A span with its end and columns; if the tracer knew the line alone, the text of that line.

    It is unchanged if that text is not known.
    """
    if span.column is not None and span.end_line is not None and span.end_column is not None:
        return span
    document = snapshot.documents.get(span.path)
    end_line = span.end_line or span.line
    if document is not None:
        first, last = document.line(span.line), document.line(end_line)
    else:
        text = read(span.path) if read is not None else None
        lines = split_lines(text) if text is not None else []
        if not 1 <= span.line <= end_line <= len(lines):
            return span
        first, last = lines[span.line - 1], lines[end_line - 1]
    column = span.column or len(first) - len(first.lstrip()) + 1
    least = column if end_line == span.line else 1
    return replace(span, column=column, end_line=end_line, end_column=max(len(last.rstrip()) + 1, least))


def birthplaces(snapshot: Snapshot, found: Resolved) -> list[Span]:
    """The places that make the resolved parameters, modules and arguments, and set them later, in today's text."""
    spans = [span for named in found.named for span in (birthplace(named), set_at(named))]
    for item in found.items:
        if isinstance(item, Entry):
            spans += [made_at(item.slot), item.slot.set_at]
    now = [snapshot.now(found.state, span) for span in dict.fromkeys(spans) if span is not None]
    return [span for span in now if span is not None]


def in_script(snapshot: Snapshot, document: Document, subject: ExpressionSubject, line: int) -> list[Span]:
    """The place that makes the optimizer or the loss that an expression in a training script stands for."""
    for found in things_at(snapshot, document, subject, line):
        made: list[Span | None] = []
        if isinstance(found.thing, Rate):
            made = [found.thing.optimizer.definition]
        elif isinstance(found.thing, Loss) and not found.thing.is_backward:
            made = [result.slot.source for result in found.index.outputs]
        spans = [snapshot.now(found.state, span) for span in made if span is not None]
        if known := [span for span in spans if span is not None]:
            return known
    return []


def values_with_piece(snapshot: Snapshot, found: Resolved) -> list[Span]:
    """The places that make the parameters and arguments that have a piece; if there are none, those of the outputs."""
    spans = []
    for entry in (entry for entry in found.entries if entry.slot.tangent_of is None):
        now = _now(snapshot, found, made_at(entry.slot))
        spans += now or in_signature(snapshot, found, entry)
    return spans or [span for result in found.results for span in _now(snapshot, found, result.slot.source)]


def places_of(snapshot: Snapshot, found: Resolved) -> list[Span]:
    """The places that make the resolved things, in today's text, in the order of the graph."""
    spans = birthplaces(snapshot, found)
    for item in found.items:
        spans += _now(snapshot, found, _flatten(item))
        if isinstance(item, Result):
            spans += _now(snapshot, found, item.slot.source)
            if item.slot.gradient_of is not None:
                spans += _now(snapshot, found, item.graph.inputs[item.slot.gradient_of].definition)
        elif item.slot.tangent_of is not None:
            spans += _now(snapshot, found, item.graph.outputs[item.slot.tangent_of].source)
        elif made_at(item.slot) is None and role_of(item.slot) not in ("parameter", "buffer", "local"):
            spans += in_signature(snapshot, found, item)
    return spans


def _flatten(item: Entry | Result) -> Span | None:
    """For a piece of a tensor subclass: its name in the code of that class, else the method that lists the pieces."""
    found = piece_at(item.slot, item.graph)
    return (found.piece.listed or found.around.flatten) if found is not None else None


def _now(snapshot: Snapshot, found: Resolved, span: Span | None) -> list[Span]:
    now = snapshot.now(found.state, span) if span is not None else None
    return [now] if now is not None else []


def in_signature(snapshot: Snapshot, found: Resolved, item: Entry) -> list[Span]:
    """The name of an argument in the signature; in a file that is not open, the line of its class."""
    target = found.state.map.target if found.state.map is not None else None
    if target is None or target.line is None:
        return []
    start = snapshot.now(found.state, Span(target.path, target.line))
    document = snapshot.documents.get(target.path)
    if start is None:
        return []
    names = list(found.index.arguments.names_of(item))
    spans = [parameter_span(document, start.line, called(found.state), name) for name in names] if document else []
    known = [span for span in spans if span is not None]
    return known or ([start] if item.slot.dynamo is None or item.slot.dynamo.role == "argument" else [])
