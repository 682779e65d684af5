"""The lines of source that a log names, and the files here that its paths are."""

from __future__ import annotations

import time

import pytest

from aotlens.logs.source_lines import named_lines, nearest_files

PREFIX = "V1127 12:00:00.000000 4242 torch/_dynamo/output_graph.py:2835] [0/0] [__graph_code] "


@pytest.mark.parametrize(
    ("text", "path", "line", "function"),
    [
        ("# File: /home/u/my net.py:12 in forward, code: h = self.up(x)", "/home/u/my net.py", 12, "forward"),
        (PREFIX + "        # File: /home/u/net.py:9 in forward", "/home/u/net.py", 9, "forward"),
        ('  File "/home/u/net.py", line 23, in <module>', "/home/u/net.py", 23, "<module>"),
        ("Graph break in user code at /home/u/net.py:18", "/home/u/net.py", 18, None),
        ("| +- GUARD: check  # h = self.up(x)  # u/net.py:9 in forward", "u/net.py", 9, "forward"),
        (r'  File "C:\work\net.py", line 4, in forward', r"C:\work\net.py", 4, "forward"),
    ],
)
def test_a_line_of_source(text: str, path: str, line: int, function: str | None) -> None:
    (found,) = named_lines(text)
    assert (found.source.path, found.source.line, found.source.function) == (path, line, function)
    named = text[found.column - 1 : found.end_column - 1]
    assert named.startswith(path) and named.endswith(str(line))


@pytest.mark.parametrize("text", [PREFIX, "model.py", "see net.py:3", "<eval_with_key>.2 class GraphModule"])
def test_no_line_of_source(text: str) -> None:
    assert list(named_lines(text)) == []


FILES = ("/work/app/model.py", "/work/app/net/model.py", "/work/other/net/model.py", "/work/pkg/layers.py")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/u/app/model.py", FILES[:1]),
        ("/home/u/net/model.py", FILES[1:3]),
        ("model.py", FILES[:3]),
        (r"C:\x\app\net\model.py", FILES[1:2]),
        ("/home/u/nothing.py", ()),
        ("/env/lib/site-packages/pkg/layers.py", FILES[3:]),
        ("/env/lib/site-packages/torch/nn/layers.py", ()),
    ],
)
def test_the_nearest_files(path: str, expected: tuple[str, ...]) -> None:
    """A file of an installed package is not taken for one of the workspace that has the same name by chance."""
    assert nearest_files(path, FILES) == expected


@pytest.mark.parametrize("text", ["# File: a.py ", ",/a", "# File: a.py:1 ", 'File "a.py', "../a.p"])
def test_a_line_as_long_as_a_log_takes_no_long_time(text: str) -> None:
    start = time.monotonic()
    list(named_lines("# File: a.py:1 in f " + text * (2_000_000 // len(text))))
    assert time.monotonic() - start < 2
