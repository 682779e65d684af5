"""Hovers in graph passes beside the maps of both conventions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features.diagnostics import diagnostics
from aotlens.features.hover.hover import hover
from aotlens.features.symbols import completions
from aotlens.model.snapshot import OtherMap, TargetState
from unit.features.world import beside, in_both, state_of

HEADER = """\
import torch
from torch._functorch._aot_autograd.descriptors import GradAOTOutput, ParamAOTInput, PlainAOTInput
from torch._functorch._aot_autograd.fx_utils import get_param_and_grad_nodes, get_plain_input_and_grad_nodes
"""
PASS = HEADER + "def my_pass(graph):\n    CODE\n"
HOOKED = PASS + "torch._inductor.config.HOOK = my_pass\n"
EXPORTED = HEADER + "joint = aot_export_joint_with_descriptors(stack, model, args)\nCODE\n"
NEVER = "*Under torch.compile there is no `ParamAOTInput`: parameters and buffers are plain inputs"


def shown(code: str, template: str = PASS, hook: str = "joint_custom_pre_pass", model: str = "llama") -> str:
    """The hover at the `$0` of a pass, beside both maps of a model."""
    before, _, after = template.replace("CODE", code).replace("HOOK", hook).partition("$0")
    snapshot, script = beside(before + after, in_both(model))
    found = hover(snapshot, script, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return markdown(found.blocks) if found is not None else "nothing"


def test_both_conventions_answer_where_the_code_does_not_tell() -> None:
    lines = shown("get_param_and_grad$0_nodes(graph)").splitlines()
    assert "for `Llama` · 8 items" in lines
    assert "| `ParamAOTInput(target='embed.weight')` | `primals_1` | `embedding_dense_backward` |" in lines
    (compiled,) = [line for line in lines if "under torch.compile" in line]
    assert compiled.startswith("for `Llama` under torch.compile · returns nothing: parameters and buffers are plain")


def test_a_pass_that_torch_compile_calls_gets_its_graphs_alone() -> None:
    found = shown("get_plain_input_and_$0grad_nodes(graph)", HOOKED)
    assert "for `Llama` under torch.compile · 11 items" in found
    assert "| `PlainAOTInput(idx=1)` | `embed.weight` | `primals_2` | `embedding_dense_backward` |" in found
    assert "for `Llama` · " not in found


def test_a_function_that_exports_gets_the_export_graph_alone() -> None:
    found = shown("get_plain_input_and_$0grad_nodes(joint.graph)", EXPORTED)
    assert "| `PlainAOTInput(idx=0)` | `ids` |" in found
    assert "torch.compile" not in found


@pytest.mark.parametrize(
    "code",
    [
        "get_param_and_grad$0_nodes(graph)",
        "for desc in get_param_and_grad_nodes(graph): desc.tar$0get",
        "isinstance(desc, Para$0mAOTInput)",
        "wanted = Para$0mAOTInput('embed.weight')",
        "wanted = Grad$0AOTOutput(ParamAOTInput('embed.weight'))",
    ],
)
def test_parameters_never_come_from_torch_compile(code: str) -> None:
    found = shown(code, HOOKED)
    assert NEVER in found or "returns nothing: parameters and buffers are plain inputs" in found
    assert NEVER not in shown(code, EXPORTED)


@pytest.mark.parametrize(
    "code", ["for desc in get_param_and_grad_nodes(graph): de$0sc", "get_param_and_grad_no$0des(graph)"]
)
def test_the_reason_for_an_empty_result_is_given_once(code: str) -> None:
    assert shown(code).count("plain inputs") == 1


def test_a_number_means_the_input_of_that_convention() -> None:
    assert "`embed.weight`" in shown("wanted = Pla$0inAOTInput(1)", HOOKED)
    assert "`scale`" in shown("wanted = Pla$0inAOTInput(1)", EXPORTED)
    both = shown("wanted = Pla$0inAOTInput(1)")
    assert "`embed.weight`" in both and "`scale`" in both


def test_the_gradient_of_a_parameter_under_torch_compile() -> None:
    found = shown("wanted = Grad$0AOTOutput(PlainAOTInput(1))", HOOKED)
    assert "The gradient of parameter `embed.weight`" in found


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ("pre_grad_custom_pass", "whose nodes have no descriptors: `KeyError`"),
        ("post_grad_custom_post_pass", "whose saved values have no descriptors: `KeyError` there"),
    ],
)
def test_a_hook_with_another_graph_says_so(hook: str, says: str) -> None:
    assert says in shown("get_plain_input_and_$0grad_nodes(graph)", HOOKED, hook)


def test_each_graph_between_breaks_is_named() -> None:
    found = shown("get_plain_input_and_$0grad_nodes(graph)", HOOKED, model="paused")
    assert "for `Paused` under torch.compile, graph `0/0_1` · 3 items" in found
    assert "for `Paused` under torch.compile, graph `1/0` · 4 items" in found


def test_without_the_map_of_torch_compile_the_hover_says_so() -> None:
    code = HOOKED.replace("CODE", "get_plain_input_and_grad_nodes(graph)").replace("HOOK", "joint_custom_pre_pass")
    snapshot, script = beside(code, state_of("llama"))
    line = next(number for number, text in enumerate(script.lines, 1) if "(graph)" in text and "def" not in text)
    found = hover(snapshot, script, line, 8)
    assert found is not None
    assert "no model was traced in its convention" in markdown(found.blocks)


@pytest.mark.parametrize(
    "code",
    [
        "ParamAOTInput('la$0",
        "ParamAOTInput(target='la$0",
        "desc.target == 'la$0",
        "desc.target in ('head.weight', 'la$0",
        "get_named_param_nodes(graph)['la$0",
    ],
)
def test_names_are_completed_in_a_pass(code: str) -> None:
    before, _, after = (HEADER + code).partition("$0")
    snapshot, script = beside(before + after, in_both("llama").swapped())
    found = completions(snapshot, script, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    assert found is not None
    assert [item.name for item in found.items if item.name.endswith("norm")] == ["layers.0.norm", "layers.1.norm"]


def test_strings_elsewhere_are_not_completed() -> None:
    snapshot, script = beside("if event.target == 'la", in_both("llama"))
    assert completions(snapshot, script, 1, len("if event.target == 'la") + 1) is None


def test_what_torch_compile_leaves_out_is_no_unknown_name() -> None:
    """Its graphs lack parameters that are not used, so they do not say what a model has."""
    text = "from llama import Llama\nmodel = Llama()\nmodel.get_parameter('head.wieght')\n"
    for state, count in ((in_both("llama").swapped(), 1), (compiled_only("llama"), 0)):
        snapshot, script = beside(text, state)
        assert len(diagnostics(snapshot, script)) == count


def compiled_only(name: str) -> TargetState:
    return replace(in_both(name).swapped(), other=OtherMap())
