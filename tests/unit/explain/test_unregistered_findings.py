"""The words for parameters in no module."""

from __future__ import annotations

import pytest

from aotlens.explain.findings.words import message
from aotlens_tracer.wire.findings import Finding, Subject
from aotlens_tracer.wire.unregistered import Unregistered

CASES = [
    (
        Unregistered("layers", "constructor", 4, ("self.a[0].weight", "self.a[0].bias"), "self.a", "list"),
        "`self.a[0].weight` and 3 more are in no module, because `self.a` is a plain list: EFFECT",
    ),
    (
        Unregistered(
            "layers", "constructor", 2, ("self.a['x'].weight", "self.a['x'].bias"), "self.a", "dict", "ModuleDict"
        ),
        "`self.a['x'].weight` and `self.a['x'].bias` are in no module, because `self.a` is a plain dict: EFFECT; "
        "make `self.a` an nn.ModuleDict",
    ),
    (
        Unregistered("parameters", "constructor", 1, ("self.a.w",), "self.a", "Gate"),
        "`self.a.w` is in no module, because `self.a` is a `Gate`, which is no nn.Module: EFFECT",
    ),
    (
        Unregistered("layers", "call", 2),
        "the 2 parameters of the layer that is made here are new in each call, so nothing trains them: "
        "make them in the constructor",
    ),
    (Unregistered("parameters", "import", 1), "the parameter made here is in no module of Net: EFFECT"),
    (
        Unregistered("tensor", "constructor", 1, ("self.w",), "self.w", "Tensor", "Parameter"),
        "`self.w` requires a gradient, but is a plain tensor: EFFECT; make it an nn.Parameter",
    ),
]


@pytest.mark.parametrize(("reason", "words"), CASES)
def test_parameters_in_no_module_say_why_and_what_follows(reason: Unregistered, words: str) -> None:
    them = "it" if reason.count == 1 else "them"
    effect = (
        f"an optimizer that is given parameters() does not train {them}, state_dict() lacks {them}, "
        f"and to() does not move {them}"
    )
    finding = Finding("unregistered-parameter", "m.py", 3, subjects=(Subject("target", "Net"),), reason=reason)
    assert message(finding) == words.replace("EFFECT", effect)
