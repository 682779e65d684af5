"""An open log: what stands at a position, its outline, its links, and the comments that are written into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aotlens.explain.render.plain import plain
from aotlens.features.logs import reading
from aotlens.features.logs.comments import comment_edits, decoded
from aotlens.features.logs.definition import definition
from aotlens.features.logs.hover import hover
from aotlens.features.logs.links import links
from aotlens.features.logs.outline import Item, folds, outline
from aotlens.features.logs.reading import read
from aotlens.features.logs.view import LogView
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document

LOG = (Path(__file__).parents[2] / "vscode/project/halves.log").read_text(encoding="utf-8")
HERE = {"/home/user/project/halves.py": ("/work/a/halves.py", "/work/b/halves.py")}
ADDMM = "addmm.default(primals_2, primals$0_3, t)"


def view(text: str, name: str = "run.log") -> LogView:
    document = Document(f"file:///{name}", f"/{name}", 1, text, "log")
    found = read(document)
    assert found is not None
    return LogView(document, found.names, HERE, found.cut, found.is_trace)


def at(log: LogView, marked: str) -> tuple[int, int]:
    """The line and column of `$0` in a stretch of the log that stands in it once, or first."""
    before, _, after = marked.partition("$0")
    lines = list(log.document.lines)
    line = next(number for number, text in enumerate(lines, 1) if before + after in text)
    return line, lines[line - 1].index(before + after) + len(before) + 1


def said(log: LogView, marked: str) -> str:
    found = hover(Snapshot({}, {}), log, *at(log, marked))
    return plain(found.blocks) if found is not None else ""


def two_ranks() -> str:
    """The lines of two ranks, mixed as `torchrun` mixes them, with colours."""
    lines = LOG.rstrip("\n").split("\n")
    return "\n".join(f"\x1b[32m[rank{rank}]:\x1b[0m{line}" for line in lines for rank in (0, 1)) + "\n"


def test_two_ranks() -> None:
    log = view(two_ranks())
    ranks = outline(log.names)
    assert [rank.name for rank in ranks] == ["rank 0", "rank 1"]
    assert [one.name for one in ranks[1].children] == ["compile 0/0_1", "compile 1/0"]
    assert said(log, ADDMM).startswith("argument x · primals_3 of joint graph 0, compile 0/0_1 of rank 0")
    edits = comment_edits(log, log.names)
    assert len(edits) == 2 * len(comment_edits(view(LOG), view(LOG).names))


def test_an_expression_of_dynamo() -> None:
    prefix = "V1127 12:00:00.000000 4242 torch/_dynamo/guards.py:2200] [0/0_1] [__guards] "
    guards = ("check_tensor(L['x'], Parameter)", "L['self']._modules['up']._parameters['weight'] is new")
    log = view(LOG + "".join(f"{prefix}{guard}\n" for guard in guards))
    assert "argument x" in said(log, "check_tensor(L['$0x'], ")
    assert "parameter up.weight" in said(log, "L['self']._modules['$0up']._parameters['weight']")
    assert said(log, "check_$0tensor(") == ""


def test_a_name_in_a_traceback_may_be_of_several_graphs() -> None:
    failed = "AssertionError: expected size 4==5 for primals_3\n"
    assert said(view(LOG + failed), "for primals$0_3").startswith("parameter down.bias"), "the last compile is meant"
    without_prefix = re.sub(r"^[VI]1127 .*?\[__\w+\] ?", "", LOG, flags=re.MULTILINE)
    found = said(view(without_prefix + failed), "for primals$0_3")
    assert found.startswith("primals_3 in ") and "graphs of this log" in found
    assert "argument x" in found and "parameter down.bias" in found


def test_two_files_may_be_meant() -> None:
    log = view(LOG)
    spans = [
        link.target for link in definition(Snapshot({}, {}), log, *at(log, "# File: /home/user/project/halves$0.py:18"))
    ]
    assert [(span.path, span.line) for span in spans] == [("/work/a/halves.py", 18), ("/work/b/halves.py", 18)]
    found = links(log)
    assert {link.target.path for link in found} == {"/work/a/halves.py"}
    assert "the first of 2 files" in (found[0].tooltip or "")
    assert "its name fits /work/a/halves.py or /work/b/halves.py" in said(log, "/home/user/project/halves$0.py:18 in")


def test_comments_are_written_once_and_only_where_they_end_the_line() -> None:
    log = view(LOG)
    text = decoded(log, log.names)
    assert comment_edits(view(text), view(text).names) == []
    line = next(line for line in text.split("\n") if "addmm.default(primals_2" in line)
    assert line.endswith("  # primals_2: parameter up.bias, primals_3: argument x")
    joined = view(LOG.replace("primals_2 = t = None\n", "primals_2 = t = None \\\n", 1))
    at_line = at(joined, "primals_2 = t = None$0 \\")[0]
    assert at_line not in {edit.span.line for edit in comment_edits(joined, joined.names)}


def test_the_lines_of_graphs_fold() -> None:
    log = view(LOG)
    assert len(folds(log.names)) == 8

    def ranges(items: tuple[Item, ...]) -> list[tuple[int, int]]:
        return [(item.first, item.last) for item in items]

    for compile in outline(log.names):
        assert all(compile.first <= first <= last <= compile.last for first, last in ranges(compile.children))


def test_a_long_log_is_read_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CHARACTERS", len(LOG))
    log = view(LOG * 3)
    assert log.cut == len(LOG) and len(log.names.graphs) == 8
    assert "This log is long" in said(log, ADDMM)


def test_a_file_of_torch_trace_is_known_by_its_text() -> None:
    folder = Path(__file__).parents[1] / "logs/traces"
    path = next(folder.rglob("dedicated_log_torch_trace_*.log"))
    log = view(path.read_text(encoding="utf-8"), path.name)
    assert log.is_trace and log.names.graphs
    assert all(value.value.source is not None for value in log.names.graphs[0].inputs)


@pytest.mark.parametrize("text", ["", "GET /index.html 200\n", "x = 1\n" * 100])
def test_another_text_is_not_read(text: str) -> None:
    assert read(Document("file:///a.log", "/a.log", 1, text)) is None


def test_the_outline_of_a_long_log_ends_at_the_graphs() -> None:
    items = outline(view(LOG * 80).names)
    assert len(items) == 160
    assert all(not graph.children for compile in items for graph in compile.children)
