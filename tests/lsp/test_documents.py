from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp
from tree_sitter import Node

from aotlens.lsp.positions import (
    Encoding,
    character_of,
    choose_encoding,
    column_of,
    from_position,
    from_range,
    to_edit,
    to_position,
    to_range,
)
from aotlens.syntax.definitions import definitions_in
from aotlens.text import history
from aotlens.text.documents import MOST_CHARACTERS, MOST_LINES, Document, Documents, NotOpen
from aotlens.text.edits import Edit
from aotlens.text.uris import path_of, uri_of
from aotlens_tracer.wire.descriptor_map import Span

PATH = "/project/model.py"
URI = "file:///project/model.py"

PIECES = [
    "x",
    "self",
    " ",
    "    ",
    "=",
    "(",
    ")",
    "é",
    "漢",
    "😀",
    "\n",
    "\r\n",
    "\r",
    "\f",
    "\x1c",
    "\x85",
    "\u2028",
    '"',
]
TEXTS = st.lists(st.sampled_from([*PIECES, "def f(self):\n    return 1\n", "# 😀😀\n"]), max_size=12).map("".join)
# Pairs of offsets into the text before each edit, taken modulo its length, and what comes instead.
EDITS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 5), TEXTS), min_size=1, max_size=6)


def document(text: str, version: int = 1) -> Document:
    return Document(URI, PATH, version, text)


def model_lines(text: str) -> list[str]:
    """The lines of a text, found character by character."""
    lines, line, index = [], "", 0
    while index < len(text):
        if text[index] in "\r\n":
            lines.append(line)
            line = ""
            index += 2 if text[index : index + 2] == "\r\n" else 1
        else:
            line += text[index]
            index += 1
    return [*lines, line]


def position(text: str, offset: int) -> tuple[int, int] | None:
    """The line and column of an offset; None between the two halves of a line end, where there is no position."""
    if text[offset - 1 : offset + 1] == "\r\n" and offset > 0:
        return None
    lines = model_lines(text[:offset])
    return len(lines), len(lines[-1]) + 1


def offset_of(text: str, line: int, column: int) -> int:
    return next(offset for offset in range(len(text) + 1) if position(text, offset) == (line, column))


def between(text: str, span: Span) -> str:
    assert span.column is not None and span.end_line is not None and span.end_column is not None
    return text[offset_of(text, span.line, span.column) : offset_of(text, span.end_line, span.end_column)]


def place(text: str, start: int, length: int) -> tuple[int, int]:
    """Two offsets at which there are positions."""
    start = min(start % (len(text) + 1), len(text))
    end = min(start + length, len(text))
    while position(text, start) is None:
        start -= 1
    while position(text, end) is None:
        end += 1
    return start, end


def edit_of(text: str, start: int, end: int, new: str) -> Edit:
    first, last = position(text, start), position(text, end)
    assert first is not None and last is not None
    return Edit(*first, *last, new)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\r\nb\rc\nd", ["a", "b", "c", "d"]),
        ("\r\r\n\n", ["", "", "", ""]),
        ("a\fb\x1cc\x85d\u2028e\u2029f\vg", ["a\fb\x1cc\x85d\u2028e\u2029f\vg"]),
    ],
)
def test_only_three_things_end_a_line(text: str, lines: list[str]) -> None:
    assert list(document(text).lines) == lines
    assert model_lines(text) == lines


@given(TEXTS, EDITS)
@example("a\rb", [(2, 0, "\n")])
@example("a\nb", [(1, 0, "\r")])
@example("a\rX\nb", [(2, 1, "")])
@settings(max_examples=400, deadline=None)
def test_edits_change_the_text_as_they_say(text: str, edits: list[tuple[int, int, str]]) -> None:
    now = document(text)
    for version, (start, length, new) in enumerate(edits, 2):
        start, end = place(text, start, length)
        before, now = now, now.changed(version, [edit_of(text, start, end, new)])
        assert before.text == text
        text = text[:start] + new + text[end:]
        assert now.text == text
        assert list(now.lines) == model_lines(text)
        assert now.line_count == len(now.lines)
        assert [now.line(number) for number in range(1, now.line_count + 1)] == list(now.lines)
        assert now.version == version


@given(TEXTS, st.lists(TEXTS, max_size=4))
@example("a\r", ["a\r\n"])
@example("a\r\nb", ["a\rb", "a\nb"])
@example("\r\n", ["\r\r\n", "\n\n"])
def test_a_whole_new_text_replaces_the_old_one(text: str, texts: list[str]) -> None:
    now = document(text).changed(2, texts)
    assert now.text == [text, *texts][-1]
    assert list(now.lines) == model_lines(now.text)


def test_a_whole_new_text_leaves_what_it_has_in_common_with_the_old_one_where_it_is() -> None:
    now = document("import torch\n\nx = 1\ny = 2\n").changed(2, ["import torch\n\n\nx = 17\ny = 2\n"])
    assert now.carry(1, Span(PATH, 1, 8, 1, 13)) == Span(PATH, 1, 8, 1, 13)
    assert now.carry(1, Span(PATH, 4, 1, 4, 6)) == Span(PATH, 5, 1, 5, 6)


@given(TEXTS, st.tuples(*[st.integers(-2, 30)] * 4), TEXTS)
def test_positions_outside_the_text_mean_the_nearest_inside(
    text: str, numbers: tuple[int, int, int, int], new: str
) -> None:
    lines = model_lines(text)

    def nearest(line: int, column: int) -> int:
        if line < 1:
            return 0
        if line > len(lines):
            return len(text)
        return offset_of(text, line, min(max(column, 1), len(lines[line - 1]) + 1))

    start, end = sorted([nearest(*numbers[:2]), nearest(*numbers[2:])])
    assert document(text).changed(2, [Edit(*numbers, new)]).text == text[:start] + new + text[end:]


def shape(node: Node) -> list[tuple[object, ...]]:
    """Every node of a tree: its kind and place."""
    here = (node.type, node.start_byte, node.end_byte, node.start_point, node.end_point, node.is_missing)
    return [here, *(each for child in node.children for each in shape(child))]


@given(TEXTS, EDITS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_tree_is_that_of_the_text(text: str, edits: list[tuple[int, int, str]], parse_each: bool) -> None:
    now = document(text)
    assert now.tree.root_node is not None
    for version, (start, length, new) in enumerate(edits, 2):
        start, end = place(text, start, length)
        now = now.changed(version, [edit_of(text, start, end, new)])
        text = text[:start] + new + text[end:]
        if parse_each:
            assert now.tree.root_node.end_byte <= len(text.encode())
    fresh = document(text).tree.root_node
    if not fresh.has_error:
        assert shape(now.tree.root_node) == shape(fresh)


@given(TEXTS, EDITS, st.sets(st.integers(1, 7)), st.integers(1, 12), st.integers(1, 12))
def test_what_was_asked_before_changes_no_answer(
    text: str, edits: list[tuple[int, int, str]], asked: set[int], line: int, column: int
) -> None:
    asked_often = asked_once = document(text)
    for version, (start, length, new) in enumerate(edits, 2):
        edit = edit_of(text, *place(text, start, length), new)
        start, end = place(text, start, length)
        text = text[:start] + new + text[end:]
        asked_often, asked_once = asked_often.changed(version, [edit]), asked_once.changed(version, [edit])
        for since in asked:
            asked_often.back(since, 1, 1)
    for since in range(1, len(edits) + 2):
        assert asked_often.back(since, line, column) == asked_once.back(since, line, column)
        span = Span(PATH, line, column)
        assert asked_often.carry(since, span) == asked_once.carry(since, span)


DEFINING = st.lists(
    st.sampled_from(
        [
            *("\n", "    ", "x", "(", '"""', "@", "é", "😀", "\r", "\x0c", "#", ":", "\\"),
            *("# aotlens: A()(1)\n", "# aotlens: A(\n# 1)\n", "# aotlens: ignore[x]\n", "    # aotlens: f(2)\n"),
            *(
                "class A:\n    pass\n",
                "class B(A):\n    def forward(self):\n        return 1\n",
                "    class C: y = 1\n",
            ),
            *(
                "def f():\n    class D:\n        def g(self): ...\n",
                "@wraps\nclass E:\n    z = 2\n",
                "async def h(): ...\n",
            ),
            *("if x:\n    class F:\n        pass\n", "x = 1\n", "import os\n", "    return 2\n", "@", "class ", "def "),
        ]
    ),
    max_size=12,
).map("".join)


@given(DEFINING, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40), DEFINING), max_size=12), st.data())
@settings(max_examples=300, deadline=None)
def test_definitions_are_those_of_the_text(text: str, edits: list[tuple[int, int, str]], data: st.DataObject) -> None:
    now = document(text)
    assert list(now.definitions) == definitions_in(now.tree, now.lines)
    for version, (start, length, new) in enumerate(edits, 2):
        start, end = place(text, start, length)
        now = now.changed(version, [edit_of(text, start, end, new)])
        text = text[:start] + new + text[end:]
        if data.draw(st.booleans()):
            found = definitions_in(now.tree, now.lines)
            if now.tree.root_node.has_error:
                lines = [definition.line for definition in now.definitions]
                assert lines == sorted(set(lines)) and all(
                    1 <= d.line <= d.end_line <= now.line_count for d in now.definitions
                )
            else:
                assert list(now.definitions) == found
    fresh = document(text)
    if not fresh.tree.root_node.has_error:
        assert now.definitions == fresh.definitions


TYPED = (
    '        x = self.act(self.fc[0](x), {"a": [1, 2]})\n',
    '        """Text."""\n',
    "        f'{x!r}'\n",
    "    def more(self, x: int) -> None:\n        pass\n\n",
    "    @property\n    def y(self): return 1\n",
    "        if x.shape[0] > (1 +\n            2):\n            pass\n",
    "        with torch.no_grad(), a(\n            b):\n            pass\n",
)


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("into", ["A", "B"])
def test_no_class_is_lost_while_somebody_types_in_one_of_them(typed: str, into: str) -> None:
    classes = [f"class {name}(nn.Module):\n    def forward(self, x):\n        return x\n\n\n" for name in "ABC"]
    now = document("".join(classes))
    line = next(d.line for d in now.definitions if d.qualname == f"{into}.forward") + 1
    column, known = 1, {d.qualname for d in now.definitions}
    for version, character in enumerate(typed, 2):
        now = now.changed(version, [Edit(line, column, line, column, character)])
        line, column = (line + 1, 1) if character == "\n" else (line, column + 1)
        names = [d.qualname for d in now.definitions]
        assert known <= set(names) and [name for name in names if "." not in name] == ["A", "B", "C"]
        for one in now.definitions:
            assert one.qualname.rpartition(".")[2] in now.line(one.line)


def test_a_class_whose_line_is_gone_is_gone_also_while_the_text_does_not_parse() -> None:
    now = document("class A:\n    def forward(self, x):\n        return x\n\nclass B:\n    pass\n")
    assert len(now.definitions) == 3
    now = now.changed(2, [Edit(3, 16, 3, 17, "f(")])
    assert [d.qualname for d in now.definitions] == ["A", "A.forward", "B"]
    now = now.changed(3, [Edit(5, 7, 5, 8, "Other")])
    assert [d.qualname for d in now.definitions] == ["A", "A.forward", "Other"]
    now = now.changed(4, [Edit(1, 1, 2, 1, "")])
    assert "A.forward" not in [d.qualname for d in now.definitions]


def test_what_an_edit_leaves_as_it_is_keeps_its_definitions() -> None:
    before = document("# aotlens: A()(1)\nclass A:\n    def forward(self, x): ...\n\nclass B:\n    y = 1\n")
    first, method, second = before.definitions
    after = before.changed(2, [Edit(6, 9, 6, 9, "2")])
    assert after.definitions[0] is first and after.definitions[1] is method and after.definitions[2] is not second
    below = before.changed(2, [Edit(1, 1, 1, 1, "import os\n")])
    assert [definition.line for definition in below.definitions] == [3, 4, 6]
    assert [pin.line for pin in below.definitions[0].pins] == [2]
    without = before.changed(2, [Edit(1, 1, 2, 1, "")])
    assert [definition.pins for definition in without.definitions] == [(), (), ()]


@given(TEXTS)
def test_spans_of_nodes_are_where_their_text_is(text: str) -> None:
    now = document(text)
    leaves = [now.tree.root_node]
    while leaves:
        node = leaves.pop()
        leaves += node.children
        if node.type in ("identifier", "integer", "comment", "def"):
            span = now.span_of(node)
            assert node.text is not None
            assert between(text, span) == node.text.decode()
            assert span.column is not None
            assert now.point(span.line, span.column) == node.start_point
            assert now.node_at(span.line, span.column) is not None


def test_a_tree_of_half_a_surrogate_pair_is_a_tree() -> None:
    now = document("x = '\ud83d'\ny = 1\n")
    assert [child.type for child in now.tree.root_node.children] == ["expression_statement"] * 2
    assert now.span_of(now.tree.root_node.children[0]) == Span(PATH, 1, 1, 1, 8)


@given(TEXTS, EDITS, st.integers(0, 99), st.integers(0, 9))
@example("a\rb", [(2, 0, "\n")], 0, 3)
@example("ab", [(1, 0, "x")], 0, 1)
@example("ab", [(1, 0, "x")], 1, 1)
@example("x", [(0, 0, "x"), (0, 2, "")], 0, 0)
@settings(max_examples=1000, deadline=None)
def test_a_span_outside_the_edits_keeps_its_text(
    text: str, edits: list[tuple[int, int, str]], offset: int, length: int
) -> None:
    first, last = place(text, offset, length)
    (line, column), (end_line, end_column) = position(text, first), position(text, last)  # type: ignore[misc]
    span, old = Span(PATH, line, column, end_line, end_column), text[first:last]
    now, touched, joined = document(text), False, False
    for version, (start, count, new) in enumerate(edits, 2):
        start, end = place(text, start, count)
        now = now.changed(version, [edit_of(text, start, end, new)])
        text = text[:start] + new + text[end:]
        if touched:
            continue
        if end <= first:
            first, last = first + len(new) - (end - start), last + len(new) - (end - start)
        elif start < last:
            touched = True
        joined |= any(position(text, at) is None for at in (start, start + len(new)))
    carried = now.carry(1, span)
    assert not (touched and carried and old)
    if touched and carried is not None:  # an empty span has no text to lose; it has to be inside what is left, though
        assert now.clamp(carried.line, carried.column or 1) == (carried.line, carried.column)
        return
    if carried is None:
        # A \r and a \n that came together are one line end now: a span that ended between them is no span any more.
        # And an empty span may be taken for a part of edits around it.
        assert touched or joined or not old
        return
    assert between(now.text, carried) == old
    if old:
        assert offset_of(now.text, carried.line, carried.column or 0) == first
        assert now.back(1, carried.line, carried.column or 0) == (span.line, span.column)
        assert now.carry(1, Span(PATH, line, column)) == Span(PATH, carried.line, carried.column)


@given(TEXTS, EDITS, st.integers(-1, 12), st.none() | st.integers(-1, 20), st.none() | st.integers(-1, 12))
@settings(max_examples=300, deadline=None)
def test_no_span_is_ever_outside_the_text(
    text: str, edits: list[tuple[int, int, str]], line: int, column: int | None, end_line: int | None
) -> None:
    now = document(text)
    for version, (start, length, new) in enumerate(edits, 2):
        start, end = place(text, start, length)
        now = now.changed(version, [edit_of(text, start, end, new)])
        text = text[:start] + new + text[end:]
    lines = model_lines(text)
    for span in (Span(PATH, line, column, end_line), Span(PATH, line, column, end_line, column)):
        carried = now.carry(1, span)
        if carried is not None:
            assert 1 <= carried.line <= len(lines)
            assert carried.column is None or 1 <= carried.column <= len(lines[carried.line - 1]) + 1
            assert carried.end_line is None or 1 <= carried.end_line <= len(lines)
            assert (carried.column is None) == (column is None)
            assert (carried.end_line is None) == (end_line is None)
    now.back(1, line, column or 0)


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (Edit(1, 1, 1, 1, "# new\n"), 3),
        (Edit(2, 1, 2, 1, "    "), 2),  # indented further
        (Edit(1, 2, 1, 2, "\n"), 3),
        (Edit(2, 14, 2, 14, "\n    y = 1"), 2),  # Return at its end
        (Edit(2, 14, 2, 14, "  # why"), 2),
        (Edit(2, 7, 2, 8, "y"), None),
        (Edit(1, 1, 3, 1, ""), None),
        (Edit(3, 1, 3, 1, "z"), 2),
    ],
)
def test_a_span_that_is_a_line_is_touched_by_what_touches_its_code(edit: Edit, line: int | None) -> None:
    now = document("a\n    x.add_(1)\nb\n").changed(2, [edit])
    assert now.carry(1, Span(PATH, 2)) == (None if line is None else Span(PATH, line))
    assert now.carry(1, Span(PATH, 2, None, 2)) == (None if line is None else Span(PATH, line, None, line))


def test_what_is_new_was_nowhere_before() -> None:
    now = document("self.fc(x)\n").changed(2, [Edit(1, 6, 1, 6, "my_")])
    assert now.back(1, 1, 5) == (1, 5)
    assert [now.back(1, 1, column) for column in (6, 7, 8)] == [None] * 3
    assert now.back(1, 1, 9) == (1, 6)
    assert now.back(2, 1, 9) == (1, 9)
    assert now.back(1, 9, 1) is None


def test_a_long_history_is_as_quick_as_a_short_one() -> None:
    """Typing is one edit, however many keys it takes."""
    now = document("x\ny\nz\n")
    assert now.carry(1, Span(PATH, 1)) == Span(PATH, 1), "a map of this version is shown"
    for version in range(2, 5000):
        now = now.changed(version, [Edit(2, version, 2, version, "a")])
    assert now.carry(1, Span(PATH, 2, 1, 2, 2)) == Span(PATH, 2, 1, 2, 2)
    assert now.carry(4999, Span(PATH, 2, 1, 2, 2)) == Span(PATH, 2, 1, 2, 2)
    assert now.back(1, 2, 5000) == (2, 2)
    assert len(now._history._since(1)) == 1


def test_versions_that_nobody_knows_carry_nothing() -> None:
    now = document("x\n", version=3).changed(5, [Edit(1, 1, 1, 1, "y")])
    assert now.carry(2, Span(PATH, 1, 1, 1, 2)) is None
    assert now.carry(6, Span(PATH, 1, 1, 1, 2)) is None
    assert now.carry(3, Span(PATH, 1, 1, 1, 2)) == Span(PATH, 1, 2, 1, 3)
    assert now.back(6, 1, 1) is None


def test_a_document_forgets_what_is_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "HISTORY_LIMIT", 3)
    now = document("x\n")
    for version in range(2, 7):
        now = now.changed(version, [Edit(1, 1, 1, 1, " ")])
    span = Span(PATH, 1, 1, 1, 2)
    assert [now.carry(version, span) is not None for version in range(1, 7)] == [False, False, True, True, True, True]
    now = now.changed(7, [Edit(1, 1, 1, 1, " ")] * 4)
    assert now.carry(7, span) == span


def test_a_version_in_use_is_carried_however_many_edits_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "HISTORY_LIMIT", 3)
    monkeypatch.setattr(history, "MOST_JOINED", 5)
    span = Span(PATH, 9, 1, 9, 2)
    now = document("x\n" * 9)
    for version in range(2, 30):
        assert now.carry(1, span) == span, "as a lens of a map does after each edit"
        now = now.changed(version, [Edit(1, 1, 1, 1, " ")])
        assert now.carry(version, span) == span
    assert now.carry(1, Span(PATH, 1, 1, 1, 2)) == Span(PATH, 1, 29, 1, 30)
    assert now.carry(2, span) is None, "nobody has used it for long"
    assert len(now._history._edits) == 3
    for version in range(30, 38):  # edits that do not touch
        now = now.changed(version, [Edit(version % 2 * 2 + 2, 1, version % 2 * 2 + 2, 1, "y")])
    assert now.carry(1, span) is None


def test_text_of_the_servers_own_is_no_source() -> None:
    text = "class A:\n    pass\n"
    assert Document("aotlens:/joint/a.py/A.graph", "aotlens:/joint/a.py/A.graph", 1, text).definitions == ()
    assert len(Document("untitled:a", "untitled:a", 1, text).definitions) == 1


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("a.py", "plaintext", True),
        ("a.log", "python", False),
        ("a.log", "", False),
        ("a", "", True),
        ("a", "python", True),
        ("a", "plaintext", False),
        ("a", "log", False),
    ],
)
def test_what_is_python(name: str, language: str, expected: bool) -> None:
    """A log is not parsed as Python: it may have millions of lines."""
    opened = Document(f"file:///{name}", f"/{name}", 1, "class A:\n    pass\n", language)
    for document in (opened, opened.changed(2, [Edit(1, 1, 1, 1, " ")])):
        assert document.is_python is expected
        assert bool(document.definitions) is expected


def test_documents_by_uri_and_by_path() -> None:
    open_documents = Documents()
    uri = "file:///project/my%20m%C3%B6del.py"
    first = open_documents.open(uri, 1, "a\n")
    assert first.path == "/project/my mödel.py"
    before = open_documents.by_path
    second = open_documents.change("file:///project/my%20mödel.py", 2, [Edit(1, 1, 1, 2, "b"), "c\n"])
    assert (second.text, second.version, second.uri) == ("c\n", 2, uri)
    assert before[first.path] is first
    assert open_documents.get(uri) is second
    assert open_documents.by_path == {first.path: second}
    assert open_documents.uri_of(first.path) == uri
    assert open_documents.close(uri) is second
    assert open_documents.close(uri) is None
    assert open_documents.get(uri) is None
    with pytest.raises(NotOpen):
        open_documents.change(uri, 3, [])


@pytest.mark.parametrize("version", [None, 7, 3, -1])
def test_versions_always_grow(version: int | None) -> None:
    open_documents = Documents()
    open_documents.open(URI, 7, "x\n")
    assert open_documents.change(URI, version, [Edit(1, 1, 1, 1, " ")]).version == 8


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("file:///a%20b/%23%3F%25.py", "/a b/#?%.py"),
        ("file:///m%C3%B6del/%F0%9F%98%80.py", "/mödel/😀.py"),
        ("file:///%FF.py", "/\udcff.py"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
        ("git:/a/b.py?%7B%22ref%22%3A%22~%22%7D", "git:/a/b.py?%7B%22ref%22%3A%22~%22%7D"),
        ("vscode-notebook-cell:/a/b.ipynb#W0sZmlsZQ%3D%3D", "vscode-notebook-cell:/a/b.ipynb#W0sZmlsZQ%3D%3D"),
    ],
)
def test_uris_and_paths(uri: str, path: str) -> None:
    assert path_of(uri) == path
    assert uri_of(path) == uri


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/mödel.py", "/a/mödel.py"),
        ("FILE:///a/b%2Epy", "/a/b.py"),
        ("file://localhost/a/b.py", "/a/b.py"),
        ("file:/a/b.py", "/a/b.py"),
        ("file:///a/%62.py#L3", "/a/b.py"),
        ("", ""),
        ("file:", "file:"),
        ("file:////a/b.py", "/a/b.py"),
        ("file://server/a/b.py", "//server/a/b.py"),
    ],
)
def test_other_spellings_of_a_uri(uri: str, path: str) -> None:
    assert path_of(uri) == path


# No file has NUL in its name.
@given(st.text(st.characters(exclude_characters="\0"), min_size=1).map(lambda name: "/" + name))
def test_every_path_has_a_uri(path: str) -> None:
    assume("/" not in path[1:] and path not in ("/.", "/..") and not any("\ud800" <= c <= "\udfff" for c in path))
    assert path_of(uri_of(path)) == path
    assert uri_of(path).isascii()


ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(line=st.text(st.sampled_from("aé漢😀\f\u2028"), max_size=8), at=st.integers(0, 8))
def test_offsets_into_a_line(encoding: Encoding, line: str, at: int) -> None:
    codec, size = CODECS[encoding]
    at = min(at, len(line))
    units = len(line[:at].encode(codec)) // size
    assert character_of(line, at + 1, encoding) == units
    assert column_of(line, units, encoding) == at + 1
    if at < len(line):
        for inside in range(units, len(line[: at + 1].encode(codec)) // size):
            assert column_of(line, inside, encoding) == at + 1


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=TEXTS, numbers=st.tuples(*[st.integers(0, 30)] * 4), new=TEXTS)
def test_no_position_of_the_clients_is_too_odd(
    encoding: Encoding, text: str, numbers: tuple[int, int, int, int], new: str
) -> None:
    text += "\ud83d"  # half a pair, as a client that counts in UTF-16 can send it
    now = document(text)
    wanted = lsp.Range(lsp.Position(*numbers[:2]), lsp.Position(*numbers[2:]))
    span = from_range(now, wanted, encoding)
    assert now.carry(1, span) == span
    again = to_range(now, span, encoding)
    assert from_range(now, again, encoding) == span
    assert to_position(now, *from_position(now, wanted.start, encoding), encoding) == again.start
    edit = to_edit(now, lsp.TextDocumentContentChangePartial(range=wanted, text=new), encoding)
    changed = now.changed(2, [edit])
    assert list(changed.lines) == model_lines(changed.text)


def test_the_range_of_a_span_without_columns() -> None:
    now = document("a\n    x = '😀'\nb\n")
    assert to_range(now, Span(PATH, 2), "utf-16") == lsp.Range(lsp.Position(1, 4), lsp.Position(1, 12))
    assert to_range(now, Span(PATH, 2, None, 3), "utf-16") == lsp.Range(lsp.Position(1, 4), lsp.Position(2, 1))
    assert to_range(now, Span(PATH, 2, 5), "utf-16") == lsp.Range(lsp.Position(1, 4), lsp.Position(1, 4))
    assert to_range(now, Span(PATH, 99, 5), "utf-16") == lsp.Range(lsp.Position(3, 0), lsp.Position(3, 0))


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-16"], "utf-16"),
        (["utf-7"], "utf-16"),
        (["utf-16", "utf-8"], "utf-8"),
        (["utf-32", "utf-8", "utf-16"], "utf-32"),
    ],
)
def test_the_encoding_of_positions(offered: list[str] | None, chosen: str) -> None:
    general = lsp.GeneralClientCapabilities(position_encodings=offered)
    assert choose_encoding(lsp.ClientCapabilities(general=general)) == chosen
    assert choose_encoding(lsp.ClientCapabilities()) == "utf-16"


LARGE = "x = 1\n" * MOST_LINES


def test_python_code_that_is_too_large_is_not_kept() -> None:
    documents = Documents()
    for text in (LARGE, "#" * (MOST_CHARACTERS + 1)):
        assert documents.open("file:///large.py", 1, text) is None
        assert documents.is_too_large("file:///large.py") and documents.get("file:///large.py") is None
        assert documents.change("file:///large.py", 2, [Edit(1, 1, 2, 1, "")]) is None
    assert documents.change("file:///large.py", 3, [LARGE, Edit(1, 1, 2, 1, "")]) is None
    small = documents.change("file:///large.py", 3, [LARGE, "y = 2\n", Edit(1, 1, 1, 2, "z")])
    assert small is not None and (small.text, small.version) == ("z = 2\n", 4)
    assert not documents.is_too_large("file:///large.py") and documents.get("file:///large.py") is small
    documents.open("file:///large.py", 1, LARGE)
    documents.close("file:///large.py")
    assert not documents.is_too_large("file:///large.py")
    with pytest.raises(NotOpen):
        documents.change("file:///large.py", 2, ["x"])


def test_a_document_becomes_too_large_by_an_edit() -> None:
    documents = Documents()
    documents.open("file:///grows.py", 1, "x = 1\n")
    for number in range(5):  # a text that is replaced again and again does not grow
        half = str(number) * (MOST_CHARACTERS // 2)
        assert documents.change("file:///grows.py", None, [half]) is not None
    assert documents.change("file:///grows.py", None, [Edit(1, 1, 1, 1, "#" * (MOST_CHARACTERS // 2 + 1))]) is None
    assert documents.is_too_large("file:///grows.py") and not documents.by_path


def test_a_log_may_be_large() -> None:
    documents = Documents()
    assert documents.open("file:///large.log", 1, LARGE) is not None
