"""The names of graph nodes in a document, and the models whose other convention would explain them too."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.numbering import Told, told_at
from aotlens.model.resolve import in_question
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.graph_words import names_in
from aotlens.syntax.once import once_for_each
from aotlens.syntax.subjects import GraphNameSubject
from aotlens.text.documents import Document

_MOST = 50
"""The most names of a document that are looked at: the others are in the same models as a rule."""
_LONGEST = 20_000
"""The most lines of a document that is looked at."""


def to_trace_too(snapshot: Snapshot, document: Document) -> Sequence[TargetKey]:
    """The models whose other convention is to be traced, because a name in the document may be numbered by it.

    Only those of which it is certain that they are in question: that of the class around a name, or the only one.
    """
    found: dict[TargetKey, None] = {}
    # Until all targets are traced it is not known whether a model is the only one.
    is_settled = all(state.status in ("traced", "failed", "cancelled") for state in snapshot.states.values())
    for subject, told in _names(document):
        states = in_question(snapshot, document, subject, ())
        if len(states) == 1 and told.wants(states[0]) and (is_settled or subject.owner is not None):
            found[states[0].key] = None
    return list(found)


@once_for_each
def _names(document: Document) -> Sequence[tuple[GraphNameSubject, Told]]:
    """The names, each once with what the text around it says."""
    found: dict[tuple[object, ...], tuple[GraphNameSubject, Told]] = {}
    places = names_in(document.lines) if document.line_count <= _LONGEST else ()
    for line, column in places:
        for subject in subjects_at(document, line, column):
            if isinstance(subject, GraphNameSubject):
                told = told_at(document, line, column)
                if told.graph is not None and not document.is_python:
                    continue  # a log has its models traced itself
                found.setdefault((subject.owner, subject.name, told.convention, told.compile_id), (subject, told))
        if len(found) >= _MOST:
            break
    return list(found.values())
