"""Findings about the text itself: names that the model does not have, descriptors that AOTAutograd never makes."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import pytest

from aotlens.features.diagnostics import Diagnostic, diagnostics
from aotlens.features.fixes.code_actions import code_actions
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import GraphBreak, Span
from unit.features.world import DECODER, HERE, document, world

SCRIPT = HERE / "project" / "train.py"
HEADER = "from decoder import Decoder\n\nmodel = Decoder(vocab=9, width=8, heads=2, layers=12).to('cpu').eval()\n"


def with_script(text: str, snapshot: Snapshot | None = None) -> tuple[Snapshot, Document]:
    """The world with another open document."""
    snapshot = snapshot or world("decoder")
    script = document(SCRIPT, text)
    return dataclasses.replace(snapshot, documents={**snapshot.documents, script.path: script}), script


def found(text: str, snapshot: Snapshot | None = None) -> list[Diagnostic]:
    """The findings of a script."""
    return diagnostics(*with_script(text, snapshot))


@pytest.mark.parametrize(
    ("line", "wrong", "near"),
    [
        ("model.get_parameter('blocks.0.atn.qkv.weight')", "blocks.0.atn.qkv.weight", "blocks.0.attn.qkv.weight"),
        ("model.get_parameter('blocks.11.attn.qkv.weigth')", "blocks.11.attn.qkv.weigth", "blocks.11.attn.qkv.weight"),
        ('w = model.state_dict()["haed.weight"].shape', "haed.weight", "head.weight"),
        ("sd = model.state_dict()\nprint(sd['head.wieght'])", "head.wieght", "head.weight"),
        ("model.get_submodule('blocks.3.atn')", "blocks.3.atn", "blocks.3.attn"),
        ("def f():\n    return model.get_buffer('stepz')", "stepz", "steps"),
        ("model.get_parameter('nothing.like.it')", "nothing.like.it", None),
        ("model.get_parameter('blocks.3.attn.qkv')", "blocks.3.attn.qkv", "blocks.3.attn.qkv.weight"),
        ("model.get_submodule('blocks.3.attn.qkv.weight')", "blocks.3.attn.qkv.weight", "blocks.3.attn.qkv"),
    ],
)
def test_a_name_that_no_parameter_has(line: str, wrong: str, near: str | None) -> None:
    (finding,) = found(HEADER + line + "\n")
    assert (finding.code, finding.severity) == ("unknown-parameter-name", "warning")
    assert f"`{wrong}`" in finding.message
    assert finding.message.startswith("Decoder has no ")
    assert (finding.fix.text if finding.fix else None) == near
    text = (HEADER + line).splitlines()[finding.span.line - 1]
    assert text[finding.span.column - 1 : finding.span.end_column - 1] == wrong


@pytest.mark.parametrize(
    "line",
    [
        "model.get_parameter('blocks.11.attn.qkv.weight')",  # more layers than were traced
        "model.get_submodule('blocks.3')",
        "model.state_dict()['head.weight']",
        "other.get_parameter('haed.weight')",  # who knows what that is
        "def f(model):\n    return model.get_parameter('haed.weight')",
        "for model in models: model.get_parameter('haed.weight')",
        "config.get('haed.weight'); table = {}; table['haed.weight']",
        "model.get_parameter(f'haed.{name}')",
        "model.get_parameter('haed.weight')  # aotlens: ignore[unknown-parameter-name]",
        "# model.get_parameter('haed.weight')",
        "model = wrap(model)\nmodel.get_parameter('haed.weight')",
    ],
)
def test_no_guess(line: str) -> None:
    assert found(HEADER + line + "\n") == []


def test_nothing_is_said_of_a_model_that_changed_or_broke() -> None:
    text = HEADER + "model.get_parameter('haed.weight')\n"
    snapshot = world("decoder")
    (state,) = snapshot.states.values()
    broken = dataclasses.replace(state.map, graph_breaks=(GraphBreak("print"),))
    for other in (dataclasses.replace(state, stale=True), dataclasses.replace(state, map=broken)):
        states = MappingProxyType({state.key: other})
        assert found(text, dataclasses.replace(snapshot, states=states)) == []
    assert len(found(text, snapshot)) == 1


def test_self_is_every_instance_of_its_class() -> None:
    snapshot = world("decoder")
    text = snapshot.documents[str(DECODER)].text.replace(
        "        q, k, v = self.qkv(x)", "        self.get_parameter('qkv.weigth')\n        q, k, v = self.qkv(x)"
    )
    changed = document(DECODER, text)
    documents = {**snapshot.documents, str(DECODER): changed}
    findings = diagnostics(dataclasses.replace(snapshot, documents=documents), changed)
    (finding,) = (item for item in findings if item.code == "unknown-parameter-name")
    assert finding.message == "Attention has no parameter or buffer `qkv.weigth`: did you mean `qkv.weight`?"


def test_the_fix_changes_the_name_alone() -> None:
    snapshot, script = with_script(HEADER + "model.get_parameter('haed.weight')\n")
    actions = code_actions(snapshot, script, Span(script.path, 4, 1, 4, 1))
    fix = next(action for action in actions if action.preferred)
    (edit,) = fix.edits
    assert (fix.kind, fix.fixes, edit.text) == ("quickfix", "unknown-parameter-name", "head.weight")
    assert script.line(4)[edit.span.column - 1 : edit.span.end_column - 1] == "haed.weight"


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (
            "GradAOTOutput(SubclassGetAttrAOTInput(PlainAOTInput(0), 'a'))",
            "SubclassGetAttrAOTOutput(base=GradAOTOutput(grad_of=PlainAOTInput(idx=0)), attr='a')",
        ),
        ("GradAOTOutput(\n    grad_of=SubclassGetAttrAOTInput(base, attr='a'),\n)", None),
        ("d.TangentAOTInput(output=d.ParamAOTInput(target=name))", None),
        ("found = {x: GradAOTOutput(TangentAOTInput(PlainAOTOutput(1)))}", None),
    ],
)
def test_a_descriptor_that_is_never_made(code: str, fix: str | None) -> None:
    (finding,) = found(code + "\n")
    assert finding.code == "illegal-descriptor-nesting"
    assert (finding.fix.text if finding.fix else None) == fix


@pytest.mark.parametrize(
    "code",
    [
        "SubclassGetAttrAOTOutput(GradAOTOutput(PlainAOTInput(idx)), attr)",
        "TangentAOTInput(output)",
        "# GradAOTOutput(SubclassGetAttrAOTInput(PlainAOTInput(0), 'a'))",
        "x = 'GradAOTOutput(SubclassGetAttrAOTInput(PlainAOTInput(0)))'",
        "class MyAOTInput(PlainAOTInput): pass",
        "GradAOTOutput(SubclassGetAttrAOTInput(PlainAOTInput(0), 'a')",
        "GradAOTOutput(SubclassGetAttrAOTInput(x, 'a'))  # aotlens: ignore",
    ],
)
def test_a_descriptor_that_may_be(code: str) -> None:
    assert found(code + "\n") == []


def test_notes_that_are_not_python_are_read_too() -> None:
    notes = document(
        HERE / "project/more.txt",
        "see GradAOTOutput(SubclassGetAttrAOTInput(PlainAOTInput(0), 'a')), not GradAOTOutput(PlainAOTInput(0))\n"
        "and TangentAOTInput(ParamAOTInput('w')) or TangentAOTInput(\n",
    )
    snapshot = dataclasses.replace(world("decoder"), documents={notes.path: notes})
    places = [
        (item.code, item.span.line, item.span.column, item.span.end_column) for item in diagnostics(snapshot, notes)
    ]
    assert places == [("illegal-descriptor-nesting", 1, 5, 66), ("illegal-descriptor-nesting", 2, 5, 40)]
