"""Signature help in the code of graph passes."""

from __future__ import annotations

import dataclasses

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features.signature_help import Signature, signature_help
from unit.features.world import ROOT, document, world

HEADER = """\
from torch._functorch._aot_autograd import fx_utils as fxu
from torch._functorch._aot_autograd.fx_utils import get_named_buffer_nodes
from torch._functorch._aot_autograd.descriptors import GradAOTOutput, ParamAOTInput, SubclassGetAttrAOTInput as Piece

"""


def help_at(code: str, *maps: str) -> Signature | None:
    """The signature at the `$0` of some code, in a file without models."""
    before, _, after = (HEADER + code).partition("$0")
    script = document(ROOT / "docs/examples/other_passes.py", before + after)
    snapshot = world(*maps or ("decoder",))
    snapshot = dataclasses.replace(snapshot, documents={**snapshot.documents, script.path: script})
    return signature_help(snapshot, script, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


@pytest.mark.parametrize(
    ("code", "label", "active"),
    [
        ("get_named_buffer_nodes($0", "get_named_buffer_nodes(graph: fx.Graph) -> dict[str, fx.Node]", 0),
        ("get_named_buffer_nodes(gm.graph, $0)", "get_named_buffer_nodes(graph: fx.Graph) -> dict[str, fx.Node]", None),
        ("for x in fxu.get_param_nodes($0", "get_param_nodes(graph: fx.Graph) -> list[fx.Node]", 0),
        ("x = fxu . get_param_nodes(\n    (gm, [1, 2])[$0", "get_param_nodes(graph: fx.Graph) -> list[fx.Node]", 0),
        (
            "fxu.get_param_and_grad_nodes($0g).items()",
            "get_param_and_grad_nodes(graph: fx.Graph) -> dict[ParamAOTInput, tuple[fx.Node, fx.Node | None]]",
            0,
        ),
        (
            "fxu.get_all_output_and_tangent_nodes(g=$0)",
            "get_all_output_and_tangent_nodes(g: fx.Graph)"
            " -> dict[DifferentiableAOTOutput, tuple[fx.Node, fx.Node | None]]",
            0,
        ),
        ("ParamAOTInput('up.weig$0ht')", "ParamAOTInput(target: str)", 0),
        ("Piece(x, $0", "SubclassGetAttrAOTInput(base: AOTInput, attr: str)", 1),
        ("Piece(attr=$0", "SubclassGetAttrAOTInput(base: AOTInput, attr: str)", 1),
        ("GradAOTOutput(ParamAOTInput('a(,'), $0", "GradAOTOutput(grad_of: DifferentiableAOTInput)", None),
    ],
)
def test_the_signature_of_the_call_around_the_cursor(code: str, label: str, active: int | None) -> None:
    found = help_at(code)
    assert found is not None
    assert (found.label, found.active) == (label, active)
    assert all(parameter in found.label for parameter in found.parameters)


@pytest.mark.parametrize(
    "code",
    [
        "get_named_buffer_nodes(g)$0",
        "get_named_buffer_nodes(other($0",
        "other.get_param_nodes($0",
        "get_param_nodes($0",
        "def get_named_buffer_nodes($0",
        "x = {fxu: [$0",
    ],
)
def test_other_calls_have_none(code: str) -> None:
    assert help_at(code) is None


def test_its_text_says_what_the_call_gives() -> None:
    found = help_at("get_named_buffer_nodes($0)")
    assert found is not None
    assert markdown(found.blocks).splitlines()[:3] == [
        "the nodes of the buffers by FQN",
        "",
        "for `Decoder` · 1 item · `steps`",
    ]
    built = help_at("ParamAOTInput($0")
    assert built is not None
    assert "for `Decoder` · one of 70 · `embed.weight`" in markdown(built.blocks)
