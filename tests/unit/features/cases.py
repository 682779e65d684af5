"""Tests as data: questions with a cursor in a piece of a source, and the answers below them.

A file of `expected/` holds, for sources named by `# path` lines, cases such as

    ## hover `x = block$0(x)`

    **module** `blocks.{0..5}` …

`AOTLENS_UPDATE_EXPECTED=1 pytest tests/unit/features` writes the answers that are given now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aotlens.explain.calm import MOST, lines_of
from aotlens.explain.render.markdown import markdown
from aotlens.features.definition import definition, with_columns
from aotlens.features.highlight import highlight
from aotlens.features.hover.hover import hover
from aotlens.features.references import references
from aotlens.features.slot_rows import Row
from aotlens.features.slots import view
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span
from expectations import Expectation, is_updating, read, write
from unit.features.world import (
    FAILING,
    HERE,
    NET,
    REPLACED,
    ROOT,
    SCALED,
    SCRIPT_NET,
    SHARDED,
    SIZED,
    TRAIN,
    failing_world,
    find,
    world,
)

EXPECTED = HERE / "expected"
_HEAD = re.compile(r"(hover|definition|references|highlight|slots) `(.*)`")


@dataclass(frozen=True)
class Case:
    """One question: in which file of `expected/`, about which source, and what the answer should be."""

    file: str
    source: str
    kind: str
    marked: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.kind} {self.marked}"


def cases() -> list[Case]:
    """Every case of every file."""
    return [
        Case(path.name, known.source, *_HEAD.fullmatch(known.head).groups(), known.text)
        for path in sorted(EXPECTED.glob("*.md"))
        for known in read(path, _HEAD)
    ]


def check(case: Case) -> None:
    """Compare the answer with the expected one, or write it if the tests are updating."""
    actual = answer(case)
    if actual != case.expected and is_updating():
        write(EXPECTED / case.file, _HEAD, Expectation(case.source, f"{case.kind} `{case.marked}`", actual))
        return
    assert actual == case.expected


def _world(source: str) -> Snapshot:
    if source == str(FAILING.relative_to(ROOT)):
        return failing_world()
    if source in (str(SCALED.relative_to(ROOT)), str(SHARDED.relative_to(ROOT))):
        return world("scaled", "sharded")
    if source == str(REPLACED.relative_to(ROOT)):
        return world("replaced")
    if source == str(SIZED.relative_to(ROOT)):
        return world("sized")
    if source in (str(TRAIN.relative_to(ROOT)), str(SCRIPT_NET.relative_to(ROOT))):
        return world("script")
    return world("net_compile") if source == str(NET.relative_to(ROOT)) else world()


def answer(case: Case) -> str:
    """The answer of today."""
    snapshot = _world(case.source)
    document = snapshot.documents[str(ROOT / case.source)]
    line, column = find(document, case.marked)
    if case.kind == "hover":
        found = hover(snapshot, document, line, column)
        if found is None:
            return "nothing"
        assert _is_in(document, found.span)
        assert sum(map(lines_of, found.blocks)) <= MOST
        return markdown(found.blocks)
    if case.kind == "slots":
        shown = view(snapshot, document, line)
        if shown is None:
            return "nothing"
        lines = [f"{shown.title} · {shown.call}{shown.state}", ""]
        for group in shown.groups:
            lines += [f"- {group.title} · {group.summary}", *_rows(snapshot, group.rows)]
        return "\n".join(lines)
    if case.kind == "definition":
        links = definition(snapshot, document, line, column)
        return "\n".join(_shown(snapshot, link.target) for link in links) or "nothing"
    if case.kind == "references":
        return "\n".join(_shown(snapshot, span) for span in references(snapshot, document, line, column)) or "nothing"
    marks = highlight(snapshot, document, line, column)
    return "\n".join(f"{'write' if m.is_write else 'read'} {_shown(snapshot, m.span)}" for m in marks) or "nothing"


def _rows(snapshot: Snapshot, rows: tuple[Row, ...], indent: str = "    ") -> list[str]:
    """The rows as a list; of those that stand for several the first and the last of these."""
    found = []
    for row in rows:
        words = (("! " if row.concern else "") + row.label, row.type, row.note, *row.nodes[:1])
        found.append(f"{indent}- {' · '.join(word for word in words if word)}")
        if not row.members and row.place is not None:
            found[-1] += f" · {row.descriptor} · {_shown(snapshot, with_columns(snapshot, row.place))}"
        found += _rows(snapshot, row.members[:: max(1, len(row.members) - 1)], indent + "    ")
    return found


def _shown(snapshot: Snapshot, span: Span) -> str:
    """`parts.py:25:19 nn.Linear(width, 2 * width)`; in a file that is not open `two_tensor.py:65:17`."""
    document = snapshot.documents.get(span.path)
    if document is None:
        return f"{Path(span.path).name}:{span.line}:{span.column}"
    assert _is_in(document, span)
    text = document.line(span.line)[span.column - 1 : span.end_column - 1 if span.end_line == span.line else None]
    return f"{Path(span.path).name}:{span.line}:{span.column} `{text}`"


def _is_in(document: Document, span: Span) -> bool:
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    return start <= end and document.clamp(*start) == start and document.clamp(*end) == end
