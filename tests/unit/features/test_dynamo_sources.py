"""Dynamo's texts for inputs, in comments and strings: which parameter, argument or module they mean."""

from __future__ import annotations

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features.definition import definition
from aotlens.features.hover.hover import hover
from aotlens.model.snapshot import TargetState
from unit.features.world import beside, in_both, state_of

LAYER = "L['self']._modules['layers']._modules['0']"


def shown(text: str, state: TargetState) -> tuple[str, list[int]]:
    """The hover and the lines of the definitions at the `$0` of a text."""
    before, _, after = text.partition("$0")
    snapshot, script = beside(before + after, state)
    place = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    found = hover(snapshot, script, *place)
    links = definition(snapshot, script, *place)
    return markdown(found.blocks) if found is not None else "nothing", [link.target.line for link in links]


@pytest.mark.parametrize(
    ("text", "head", "line"),
    [
        (f"# {LAYER}._modules['qkv']._param$0eters['weight']", "**parameter** `layers.0.qkv.weight` of `Llama`", 12),
        ("x = \"L['self']._buf$0fers['cos']\"", "**buffer** `cos` of `Llama`", 28),
        ('# L["self"]._buffers["c$0os"]', "**buffer** `cos` of `Llama`", 28),
        ("# L_self_modules_layers_modules_0_modules_qkv_par$0ameters_weight_: f32", "`layers.0.qkv.weight`", 12),
        ("# l_self_modules_head_parameters_we$0ight_", "**parameter** `head.weight` of `Llama`", 27),
        (f"# guard on {LAYER}$0", "nothing", None),
        (f"# guard on $0{LAYER} failed", "**module** `layers.0` of `Llama` · `Layer`", None),
        ("# L['ids'] is $0L['scale']", "**argument** `scale` of `Llama`", None),
        ("# L_sc$0ale_", "**argument** `scale` of `Llama`", None),
    ],
)
def test_a_source_is_the_input_that_dynamo_takes_there(text: str, head: str, line: int | None) -> None:
    hovered, lines = shown(text, in_both("llama"))
    assert head in hovered.splitlines()[0]
    if line is not None:
        assert lines == [line]
        assert "input `primals_" in hovered


def test_without_a_map_of_torch_compile_parameters_are_known_by_their_names() -> None:
    hovered, lines = shown("# L_self_modules_head_parameters_we$0ight_", state_of("llama"))
    assert hovered.startswith("**parameter** `head.weight` of `Llama`")
    assert lines == [27]
    assert shown("# L_sc$0ale_", state_of("llama")) == ("nothing", [])


@pytest.mark.parametrize("text", ["# L['nobody$0']", "# L_nobo$0dy_", "L['sc$0ale']", "# L_scale$0", "# XL_sca$0le_"])
def test_other_texts_are_nothing(text: str) -> None:
    assert shown(text, in_both("llama")) == ("nothing", [])


def test_a_local_after_a_graph_break() -> None:
    hovered, _ = shown("# L['$0h']", in_both("paused"))
    assert hovered.startswith("**local** `h` of `Paused`")
