"""Descriptors read back from text, and which of them no stage of AOTAutograd makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aotlens.explain.nesting import nesting_in_words
from aotlens.logs.descriptor_text import read_descriptor
from aotlens.model.descriptor_nesting import corrected, illegal_nesting
from unit.explain import maps
from unit.features.world import load_map

MAPS = [maps.deep(2), maps.aliases(), maps.subclasses(), load_map("decoder"), load_map("zoo"), load_map("attend")]
SLOTS = [slot for item in MAPS for graph in item.graphs for slot in (*graph.inputs, *graph.outputs) if slot.descriptor]


def test_what_torch_writes_is_read_back_and_legal() -> None:
    for slot in SLOTS:
        read = read_descriptor(slot.descriptor or "")
        assert read is not None and read.descriptor == slot.descriptor and read.fields.keys() == slot.fields.keys()
        assert illegal_nesting(read) is None


def test_expressions_are_read() -> None:
    for slot in SLOTS:
        if slot.expression is not None and "Output" not in (slot.kind or "") and "._base" not in slot.expression:
            read = read_descriptor(slot.expression)
            assert read is not None and read.descriptor == slot.descriptor


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("GradAOTOutput(PlainAOTOutput(0))", "wraps an input, but `PlainAOTOutput` is an output"),
        ("TangentAOTInput(output=ParamAOTInput(target='w'))", "wraps an output, but `ParamAOTInput` is an input"),
        (
            "TangentAOTInput(SubclassGetAttrAOTOutput(PlainAOTOutput(0), 'a'))",
            "`SubclassGetAttrAOTInput(base=TangentAOTInput(output=PlainAOTOutput(idx=0)), attr='a')`",
        ),
        ("GradAOTOutput(TangentAOTInput(PlainAOTOutput(0)))", "no double backward"),
        ("GradAOTOutput(ForwardTokenAOTInput(0))", "nothing is derived from it"),
        ("ViewBaseAOTInput(ViewBaseAOTInput(PlainAOTInput(0)))", "synthetic base handling runs once"),
        ("IntermediateBaseAOTOutput(InputMutationAOTOutput(PlainAOTInput(0)))", "alias handling runs once"),
        ("ParamAOTInput(PlainAOTInput(0))", "wraps no other descriptor"),
        ("SubclassSizeAOTInput(GradAOTOutput(PlainAOTInput(0)), 1)", "is an output"),
    ],
)
def test_illegal_nesting(text: str, says: str) -> None:
    read = read_descriptor(text)
    assert read is not None
    nesting = illegal_nesting(read)
    assert nesting is not None and says in nesting_in_words(nesting)


def test_the_corrected_order_is_the_whole_descriptor() -> None:
    read = read_descriptor(
        "SubclassGetAttrAOTOutput(GradAOTOutput(SubclassGetAttrAOTInput(PlainAOTInput(0), 'a')), 'b')"
    )
    assert read is not None
    inner = "SubclassGetAttrAOTOutput(base=GradAOTOutput(grad_of=PlainAOTInput(idx=0)), attr='a')"
    fixed = corrected(read)
    assert fixed is not None and fixed.descriptor == f"SubclassGetAttrAOTOutput(base={inner}, attr='b')"
    legal = read_descriptor("GradAOTOutput(PlainAOTInput(0))")
    assert legal is not None and corrected(legal) is None


@given(st.text(alphabet="ParmAOTInput(dx=0)'[].,_ grs\n\0{*", max_size=60) | st.text(max_size=40))
def test_other_text_is_no_descriptor_and_raises_nothing(text: str) -> None:
    read = read_descriptor(text)
    if read is not None:
        illegal_nesting(read)


def test_deep_nesting_is_given_up() -> None:
    assert read_descriptor("GradAOTOutput(" * 2000 + ")" * 2000) is None
    assert read_descriptor("args" + "[0]" * 3000) is None
