"""The hover of a descriptor of a tensor subclass, of which the graph has the pieces alone."""

from __future__ import annotations

import pytest

from aotlens.explain.render.plain import plain
from aotlens.features.hover.hover import hover
from unit.features.world import beside, state_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ParamAOTInput(target='first')", "a tensor subclass, of which the graph has first.data_, first.scale."),
        (
            "SubclassGetAttrAOTInput(base=ParamAOTInput(target='first'), attr='zero_point')",
            "No piece .zero_point in Net, which has first.data_, first.scale.",
        ),
        (
            "SubclassGetAttrAOTInput(base=ParamAOTInput(target='mix'), attr='a')",
            "a tensor subclass, of which the graph has mix.a.a, mix.a.b.",
        ),
        ("ParamAOTInput(target='frist')", "No traced target has such a slot."),
    ],
)
def test_it_names_the_pieces(text: str, words: str) -> None:
    snapshot, document = beside(f"# {text}\n", state_of("scaled"))
    answer = hover(snapshot, document, 1, 4)
    assert answer is not None and words in plain(answer.blocks).replace("`", "")
