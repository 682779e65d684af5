"""The page of `aotlens report` says what tables, hovers and JSON say, and nothing in a name can leave its place."""

from __future__ import annotations

import base64
import hashlib
import html as markup
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aotlens.explain.findings.words import message
from aotlens.explain.graph_lines import KINDS
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.paths import from_packages
from aotlens.explain.render.plain import plain
from aotlens.explain.render.public_json import public_json
from aotlens.explain.report import findings
from aotlens.explain.tables.graph import tables
from aotlens.features.graph_view import GraphView
from aotlens.model.index import index_of
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.page.blocks import blocks_data
from aotlens.page.document import SCRIPTS, STYLES, page
from aotlens.page.places import Places
from aotlens.session.files import read_python
from aotlens.syntax.source import SourceTexts
from unit.features.world import ROOT, load_map
from unit.page.pages import HOSTILE, NAMES, facts, hostile_html, html, label

TEMPLATE = ROOT / "server/aotlens/page/template"
TRACED = tuple(name for name in NAMES if name != "failing")


def target(name: str) -> Any:
    return facts(html(*NAMES))["targets"][NAMES.index(name)]


def text_of(line: list[Any]) -> str:
    """Pieces as text."""
    return "".join(
        piece if isinstance(piece, str) else piece[1] if piece[0] == "code" else text_of(piece[1]) for piece in line
    )


@pytest.mark.parametrize("name", TRACED)
def test_each_slot_is_what_the_json_says(name: str) -> None:
    (trace,) = public_json([load_map(name)], None, str(ROOT))["traces"]
    for shown, graph in zip(target(name)["graphs"], trace["graphs"], strict=True):
        for side in ("inputs", "outputs"):
            assert [
                (slot["index"], slot["node"], slot["descriptor"], slot["expression"], text_of(slot["meaning"]))
                for slot in shown[side]
            ] == [
                (slot["index"], slot["node"], slot["descriptor"], slot["expression"], slot["meaning"].replace("`", ""))
                for slot in graph[side]
            ]


@pytest.mark.parametrize("name", TRACED)
def test_links_are_the_pairings_of_the_json(name: str) -> None:
    (trace,) = public_json([load_map(name)], None, str(ROOT))["traces"]
    for shown, graph in zip(target(name)["graphs"], trace["graphs"], strict=True):
        computed = [slot["index"] for slot in graph["outputs"] if slot["node"] is not None]
        pairs = {(slot["gradient_of"], slot["index"], "gradient") for slot in graph["outputs"]}
        pairs |= {(slot["mutation_of"], slot["index"], "mutation") for slot in graph["outputs"]}
        pairs |= {(slot["alias_of"], slot["index"], "alias") for slot in graph["outputs"]}
        pairs |= {(slot["tangent"], slot["index"], "tangent") for slot in graph["outputs"]}
        expected = {pair for pair in pairs if pair[0] is not None and (pair[1] in computed or pair[2] != "gradient")}
        assert {tuple(link) for link in shown["links"]} == expected
        assert expected


@pytest.mark.parametrize("name", TRACED)
def test_tables_are_those_of_the_report_in_a_terminal(name: str) -> None:
    map = load_map(name)
    places = Places(SourceTexts(read_python), label)
    for shown, graph in zip(target(name)["graphs"], map.graphs, strict=True):
        expected = blocks_data(tables(index_of(map), graph, label), places)
        assert [table["title"] for table in shown["tables"]] == [table["title"] for table in expected]
        assert [table["rows"] for table in shown["tables"]] == [table["rows"] for table in expected]
        for side in ("inputs", "outputs"):
            table = shown["tables"][side == "outputs"]
            assert len(shown["rows"][side]) == len(table["rows"])
            assert all(shown[side][index]["label"] for _, indices in shown["rows"][side] for index in indices)


@pytest.mark.parametrize("name", NAMES)
def test_findings_have_their_sentence_and_their_line(name: str) -> None:
    expected = findings(load_map(name))
    places = facts(html(*NAMES))["places"]
    shown = target(name)["findings"]
    assert [text_of(one["message"]) for one in shown] == [text.replace("`", "") for _, text in expected]
    for one, (finding, _) in zip(shown, expected, strict=True):
        where, text = places[one["place"]]
        assert where == f"{label(finding.path or '')}:{finding.line}"
        assert finding.line is not None
        assert text == Path(finding.path or "").read_text(encoding="utf-8").splitlines()[finding.line - 1].strip()
        assert message(finding)
    assert len(shown) == {"zoo": 2, "decoder": 2}.get(name, 0)


@pytest.mark.parametrize("name", TRACED)
def test_texts_are_those_of_graph_documents_and_nodes_say_what_their_hover_says(name: str) -> None:
    map, shown = load_map(name), target(name)
    state = TargetState(TargetKey(map.target.path, map.target.qualname), "traced", map)
    code = SourceTexts(read_python).code
    hovered = 0
    for kind in KINDS:
        try:
            text = graph_text(map, kind, code)
        except NoSuchGraph as error:
            assert shown["texts"][kind] == {"reason": str(error)}
            continue
        lines = shown["texts"][kind]["lines"]
        written = ["".join(piece if isinstance(piece, str) else piece[1] for piece in line) for line in lines]
        assert "\n".join(written) + "\n" == text.text
        view = GraphView(state, kind, text)
        defined = {shown["nodes"][node]["node"]: line for node, line in shown["texts"][kind]["definitions"]}
        assert defined == {node.name: line for node, line in text.definitions.items()} or len(map.graphs) > 1
        for number, line in enumerate(lines, 1):
            names = [piece for piece in line if not isinstance(piece, str)]
            for (node, _), place in zip(names, text.by_line.get(number, ()), strict=True):
                found = view.hover(place.line, place.column)
                words = plain(found[0]).replace("\n", " ") if found is not None else ""
                blocks = shown["nodes"][node]["words"]
                lines_of = [text_of(fact) for each in blocks for fact in each.get("facts", [each.get("line")])]
                assert all(each in words for each in lines_of)
                hovered += bool(lines_of)
    assert hovered > 50


def test_a_failure_is_told_as_in_a_terminal() -> None:
    failure, shown = load_map("failing").failure, target("failing")
    assert failure is not None
    assert shown["status"] == "failed" and shown["failure"]["stage"] == "forward"
    assert shown["failure"]["where"] == f"{label(failure.path or '')}:{failure.line}:{failure.column}"
    assert shown["failure"]["frames"][-1][2].strip() == "h = F.gelu(a * g)"
    assert shown["modules"]["tree"][0]["elements"] > 0, "its modules are known all the same"
    assert shown["texts"] == {} and shown["graphs"] == []


def test_a_model_comes_before_a_class_that_was_recorded_in_it() -> None:
    part, model = load_map("attend"), load_map("decoder")
    assert part.example is not None
    recorded = replace(part, example=replace(part.example, recorded_in=f"{model.target.path}::Decoder"))
    texts = SourceTexts(read_python)
    assert [facts(page(maps, texts, label))["first"] for maps in ([recorded, model], [part, model])] == [1, 0]


def test_files_of_packages_are_named_from_there() -> None:
    place = from_packages(label)
    assert place("/home/me/env/lib/python3.11/site-packages/timm/layers/mlp.py") == "timm/layers/mlp.py"
    assert place(str(ROOT / "docs/examples/norm.py")) == "docs/examples/norm.py"


# What names can do.


def test_nothing_in_a_name_leaves_the_facts() -> None:
    text = hostile_html()
    assert text.count("</script>") == html("zoo").count("</script>") == 2
    assert text.count("<script") == html("zoo").count("<script")
    assert "onerror=alert" in text, "the name is there"
    assert "<img" not in text and "<!--" not in text


def test_control_characters_and_those_of_direction_are_written_as_escapes() -> None:
    text = hostile_html()
    odd = re.findall(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", text
    )
    assert odd == []
    shown = facts(text)["targets"][0]
    labels = [slot["label"] for slot in shown["graphs"][0]["inputs"]]
    visible = HOSTILE.replace("\u202e", r"\u202e").replace("\x1b", r"\x1b").replace("\ud800", r"\ud800")
    assert f"experts.0.{visible}" in labels
    assert visible in text_of(shown["findings"][0]["message"])


def test_the_title_is_escaped() -> None:
    found = re.search(r"<title>(.*?)</title>", hostile_html())
    assert found is not None and markup.unescape(found[1]).startswith("tests/unit/features/project/zoo/model.py::Zoo")


def test_the_policy_allows_this_script_and_style_and_nothing_else() -> None:
    text = html("zoo")
    found = re.search(r'http-equiv="Content-Security-Policy" content="(.*?)">', text)
    assert found is not None
    policy = dict(part.strip().split(" ", 1) for part in markup.unescape(found[1]).split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert style is not None and script is not None
    assert policy["style-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()}'"
    assert policy["script-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()}'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert set(policy) == {
        *("default-src", "style-src", "script-src", "img-src", "base-uri", "form-action"),
        *("require-trusted-types-for", "trusted-types"),
    }


def test_the_template_loads_nothing_and_makes_no_html_of_texts() -> None:
    files = sorted(TEMPLATE.iterdir())
    assert {file.name for file in files} == {*SCRIPTS, *STYLES, "page.html"}
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(|setTimeout\(\s*[\"'`]", text
        ), file
        assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", text), file
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}, file
        assert len(text.splitlines()) <= 400, file
