"""The markdown is well formed, whatever the labels and messages hold, and says what the terminal says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from aotlens.explain.blocks import Code, Link, Words
from aotlens.explain.render.markdown import code, inline, prose
from aotlens.explain.render.markdown_report import render_markdown
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding
from aotlens_tracer.wire.findings import PartitionFailed
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.problems import Stated
from unit.explain import maps

PARSER = MarkdownIt("commonmark").enable("table")


def label(path: str) -> str:
    return path.removeprefix("/home/ada/project/")


def html(described: DescriptorMap, full: bool = False) -> str:
    return PARSER.render(render_markdown(described, path_label=label, full=full))


@pytest.mark.parametrize("build", [maps.deep, maps.aliases, maps.subclasses])
def test_every_row_has_as_many_cells_as_its_header(build: object) -> None:
    text = render_markdown(build(), path_label=label)  # type: ignore[operator]
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert len(tables) >= 3 or build is maps.subclasses
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_tables_parse_with_their_cells_intact() -> None:
    page = html(maps.aliases())
    assert "<h1><code>model.py::step</code></h1>" in page
    assert "<td><code>x|y</code></td>" in page and "<td><code>x * 2 | 1</code></td>" in page
    assert "<strong>none</strong>" in page
    assert "changed in place, new value is output 1; in place of a, b" in page
    assert "|" not in re.sub(r"<code>.*?</code>", "", page)


def test_it_folds_like_the_terminal_and_unfolds() -> None:
    assert "<code>layers.{0..31}.attn.qkv.weight</code>" in html(maps.deep())
    assert "<code>layers.31.attn.qkv.weight</code>" in html(maps.deep(), full=True)
    assert "65 values, 160.0 MiB" in html(maps.deep())


def test_a_failure() -> None:
    page = html(maps.failed())
    assert "<strong>error[forward]</strong> at <code>model.py:22:16</code>" in page
    assert "[32, 32] X [64, 256].\nSee [docs] for more." in page
    assert "model.py:22 in Block.forward\n    h = self.fc1(x)" in page
    assert "Traceback" not in page


def test_findings_keep_their_code_spans_and_nothing_else() -> None:
    text = "`x[0]*y` is <b>not</b> *used* by __init__ & [more](http://x),\n# no"
    finding = Finding("partition-failed", "a.py", reason=PartitionFailed(False, Stated(text)))
    page = html(replace(maps.subclasses(), findings=(finding,)))
    assert "<code>x[0]*y</code>" in page
    assert "&lt;b&gt;not&lt;/b&gt; *used* by __init__ &amp; [more](http://x), # no" in page


@pytest.mark.parametrize("text", ["plain", "has `ticks`", "``", "`", "a|b", "two\nlines", "end`"])
def test_code_spans_hold_anything(text: str) -> None:
    shown = PARSER.render(code(text))
    expected = " ".join(text.splitlines())
    assert shown == f"<p><code>{expected}</code></p>\n"


@pytest.mark.parametrize(
    "text", ["a_b_c *d* [e](f) <g> #h ~~i~~ \\j", "# no heading", "unbalanced ` tick", "&lt; &amp;"]
)
def test_prose_comes_out_as_it_went_in(text: str) -> None:
    shown = PARSER.render(prose(text))
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert unescaped == f"<p>{text}</p>\n"


def test_several_graphs_have_headings_of_their_own() -> None:
    described = maps.subclasses()
    text = render_markdown(replace(described, graphs=described.graphs * 2))
    assert "## Graph 2\n" in text and "### Inputs" in text and "\n## Inputs" not in text


def test_two_neighbouring_pieces_of_code_are_one() -> None:
    there = Span("/m.py", 1, 1, 1, 2)
    assert inline((Code("a"), Code(""), Code("`b"), Words(" "), Code("c"))) == "``a`b`` `c`"
    assert inline((Code("a"), Link((Code("b"), Words(" c")), there), Code("d"))) == "`ab` c`d`"
    linked = inline((Code("a"), Link((Code("b"),), there), Code("c")), lambda place: "file:///m.py")
    assert linked == "`a`[`b`](file:///m.py)`c`"
