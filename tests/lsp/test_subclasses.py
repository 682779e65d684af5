"""Tensor subclasses over the wire: in the user's file, and in the file of torch that lists their pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from torch.testing._internal import two_tensor

from lsp.editor import Editor, editing
from support import ROOT

SCALED = ROOT / "tests/unit/features/project/subclasses/scaled.py"
LIST = '["a", "b"], None'


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with editing(SCALED, trace={"exclude": []}) as editor:
        editor.until_traced()
        yield editor


@pytest.fixture(scope="module")
def installed(editor: Editor) -> Editor:
    """The file of torch, open in the same editor."""
    return editor.another(Path(two_tensor.__file__))


def test_a_parameter_leads_to_the_names_of_its_pieces(editor: Editor) -> None:
    said = editor.hover("self.mi|x = ")
    assert said.startswith("**parameter** `mix` of `Net` · `TwoTensor f32[8, 8]`")
    assert "| `b.a` | `primals_5` |" in said


def test_hover_and_lens_in_a_file_of_torch_count_inputs_and_outputs(installed: Editor) -> None:
    said = installed.hover(LIST.replace("a", "|a", 1))
    assert said.startswith("**attribute** `a` of `TwoTensor` is 10 inputs and 14 outputs of `Net`")
    assert "a: 10 inputs and 14 outputs · b: 10 inputs and 14 outputs · in Net" in installed.lenses()


def test_definition_leads_both_ways(editor: Editor, installed: Editor) -> None:
    links: list[dict[str, Any]] = installed.ask("definition", LIST.replace("a", "|a", 1))
    assert {link["targetUri"] for link in links} == {editor.uri}
    lines = [editor.text.splitlines()[link["targetRange"]["start"]["line"]].strip() for link in links]
    assert lines[0].startswith("self.mix = ")
    (link,) = editor.ask("definition", '"da|ta_", "scale"]')
    assert editor.text.splitlines()[link["targetRange"]["start"]["line"]].strip().startswith("self.first = ")


def test_references_of_a_name_are_what_reads_the_piece(editor: Editor) -> None:
    found = editor.ask("references", '"da|ta_", "scale"]', context={"includeDeclaration": False})
    lines = [editor.text.splitlines()[place["range"]["start"]["line"]].strip() for place in found]
    assert lines == ["x = nn.functional.linear(x, self.first)"]


def test_the_tree_view_has_the_pieces_below_the_value(editor: Editor) -> None:
    answer = editor.client.result("aotlens/slots", editor.at("class N|et"))
    (parameters,) = [group for group in answer["groups"] if group["kind"] == "parameter"]
    (mix,) = [row for row in parameters["rows"] if row["label"] == "mix"]
    inner = mix["members"][0]["members"][1]
    assert (inner["label"], inner["nodes"]) == ("b", ["primals_4"])
    assert inner["descriptor"].startswith("SubclassGetAttrAOTInput(base=SubclassGetAttrAOTInput(")
    assert inner["location"]["uri"].endswith("/torch/testing/_internal/two_tensor.py")
