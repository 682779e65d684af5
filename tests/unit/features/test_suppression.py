"""`# aotlens: ignore[code]`: where it counts, and where the fix puts it, also in strings and continued lines."""

from __future__ import annotations

import ast
import io
import tokenize

import pytest

from aotlens.features.diagnostics import diagnostics
from aotlens.features.fixes.code_actions import code_actions
from aotlens.features.suppression import suppressing
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span
from unit.features.test_text_findings import HEADER, with_script

CODE = "unknown-parameter-name"
WRONG = "model.get_parameter('haed.weight')"


def suppressed(text: str) -> str:
    """A script after the fix that suppresses its only finding."""
    snapshot, script = with_script(HEADER + text)
    (finding,) = diagnostics(snapshot, script)
    line = finding.span.line
    actions = code_actions(snapshot, script, Span(script.path, line, 1, line, 1))
    (edit,) = next(action for action in actions if action.title == f"Suppress {CODE} on this line").edits
    after = applied(script, edit.span, edit.text)
    assert diagnostics(*with_script(after)) == []
    return after.removeprefix(HEADER)


def applied(document: Document, span: Span, text: str) -> str:
    """The text of a document after an edit on one line."""
    lines = document.text.split("\n")
    at = lines[span.line - 1]
    assert span.column is not None and span.end_column is not None and span.end_line == span.line
    lines[span.line - 1] = at[: span.column - 1] + text + at[span.end_column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"x = {WRONG}\n", f"x = {WRONG}  # aotlens: ignore[{CODE}]\n"),
        (f"x = {WRONG}  # why\n", f"x = {WRONG}  # why  # aotlens: ignore[{CODE}]\n"),
        (f"x = {WRONG}  # aotlens: ignore[a]\n", f"x = {WRONG}  # aotlens: ignore[a, {CODE}]\n"),
        (f"x = {WRONG} \\\n    + 1 \\\n    + 2\n", f"x = {WRONG} \\\n    + 1 \\\n    + 2  # aotlens: ignore[{CODE}]\n"),
        (f'f({WRONG}, """\none\n""")\n', f'f({WRONG}, """\none\n""")  # aotlens: ignore[{CODE}]\n'),
        (
            f"f({WRONG}, \"\"\"\n\"\"\", '''\n''')\n",
            f"f({WRONG}, \"\"\"\n\"\"\", '''\n''')  # aotlens: ignore[{CODE}]\n",
        ),
        (f"f(\n    {WRONG},\n    1,\n)\n", f"f(\n    {WRONG},  # aotlens: ignore[{CODE}]\n    1,\n)\n"),
        (f"x = {WRONG}, '# aotlens: ignore[a]'\n", f"x = {WRONG}, '# aotlens: ignore[a]'  # aotlens: ignore[{CODE}]\n"),
    ],
)
def test_the_fix_writes_a_comment(before: str, after: str) -> None:
    assert suppressed(before) == after
    comments = [t.string for t in tokenize.generate_tokens(io.StringIO(after).readline) if t.type == tokenize.COMMENT]
    assert any(f"{CODE}]" in comment for comment in comments)
    if "aotlens" not in before:  # the code stays as it was
        assert ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))


def test_above_where_the_text_ends_in_a_string() -> None:
    assert suppressed(f"if 1:\n    f({WRONG}, \\") == f"if 1:\n    # aotlens: ignore[{CODE}]\n    f({WRONG}, \\"


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("x = 1  # aotlens: ignore[a]", 1, True),
        ("x = 1  # aotlens: ignore[b, a]", 1, True),
        ("x = 1  # aotlens: ignore", 1, True),
        ("x = 1  # aotlens: ignore[b]", 1, False),
        ("# aotlens: ignore[a]\nx = 1", 2, True),
        ("y = 1  # aotlens: ignore[a]\nx = 1", 2, False),
        ("x = '# aotlens: ignore[a]'", 1, False),
        ("'''\n# aotlens: ignore[a]\n'''\nx = 1", 3, False),
        ("x = 1 \\\n  + 2  # aotlens: ignore[a]", 1, True),
        ("x = 1 \\\n  + 2  # aotlens: ignore[a]", 2, True),
        ("# aotlens: ignore[a]\nx = 1 \\\n  + 2 \\\n  + 3", 4, True),
        ("x = f('''\n\n''', 1)  # aotlens: ignore[a]", 1, True),
        ("x = f('''\n\n''', 1)  # aotlens: ignore[a]", 2, True),
        ("# aotlens: ignore[a]\nx = f('''\n\n''', 1)", 4, True),
        ("x = f(1,\n  2)  # aotlens: ignore[a]", 1, False),
        ("x = 1  # no \\\ny = 2  # aotlens: ignore[a]", 1, False),
        ("x = 1 \\", 1, False),
        ("x = '''", 1, False),
        ("", 1, False),
    ],
)
def test_a_comment_counts_for_its_line(text: str, line: int, expected: bool) -> None:
    assert (suppressing(Document("file:///a.py", "/a.py", 1, text), line, "a") is not None) is expected
