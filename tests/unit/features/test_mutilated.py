"""In mutilated sources nothing raises, and every span lies inside the text."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aotlens.explain.render.markdown import markdown
from aotlens.features.definition import definition
from aotlens.features.highlight import highlight
from aotlens.features.hover.hover import hover
from aotlens.features.references import references
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.signatures import parameter_span
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import Span
from unit.features.world import DECODER, MODEL, NOTES, PARTS, USE, document, world

SOURCES = {path: document(path) for path in (DECODER, MODEL, PARTS, USE, NOTES)}
WORLD = world()
STALE = replace(
    WORLD, states=MappingProxyType({key: replace(state, stale=True) for key, state in WORLD.states.items()})
)
JUNK = st.text(alphabet="()[]{}'\"\\:=.,*#\n\r\f\u2028é😀\ud800 \tself_1d", max_size=12) | st.sampled_from(
    [
        "class ",
        "def f(self):\n",
        "for x in self.",
        "'''",
        "lambda self: ",
        "return",
        "primals_5",
        "GradAOTOutput(",
        ":=",
    ]
)
EDIT = st.tuples(st.integers(0, 4000), st.integers(0, 300), JUNK)


def mutilate(source: Document, edits: list[tuple[int, int, str]]) -> Document:
    for start, length, text in edits:
        lines, at = source.lines, start
        line = 1
        while line < len(lines) and at > len(lines[line - 1]):
            at -= len(lines[line - 1]) + 1
            line += 1
        end_line = min(line + length // 60, len(lines))
        source = source.changed(source.version + 1, [Edit(line, at + 1, end_line, at + 1 + length % 60, text)])
    return source


def is_inside(source: Document, span: Span) -> bool:
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    return start <= end and source.clamp(*start) == start and source.clamp(*end) == end


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SOURCES)),
    st.lists(EDIT, max_size=6),
    st.lists(st.tuples(st.integers(0), st.integers(0)), min_size=1, max_size=12),
)
@example(DECODER, [(1244, 0, "\ud800")], [(0, 0)])  # in a pin, where only Python 3.12 and later raised
def test_nothing_raises_and_spans_lie_inside(path, edits, cursors) -> None:
    source = mutilate(SOURCES[path], edits)
    snapshot = replace(STALE, documents=MappingProxyType({**STALE.documents, source.path: source}))
    for line, column in cursors:
        line = line % (source.line_count + 1)
        column = column % (len(source.line(line)) + 3)
        for subject in subjects_at(source, line, column):
            assert is_inside(source, subject.span), (subject, source.line(line))
        found = hover(snapshot, source, line, column)
        assert found is None or (markdown(found.blocks) and is_inside(source, found.span))
        for link in definition(snapshot, source, line, column):
            assert is_inside(source, link.origin)
            assert is_inside(snapshot.documents[link.target.path], link.target)
        for span in references(snapshot, source, line, column):
            assert is_inside(snapshot.documents[span.path], span)
        for item in highlight(snapshot, source, line, column):
            assert is_inside(source, item.span)
        parameter_span(source, line, "forward", "x")
