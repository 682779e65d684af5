"""Quick fixes about tensor subclasses are about the whole, not about its pieces."""

from __future__ import annotations

from aotlens.features.fixes.returned import rewrite_returned
from aotlens_tracer.wire.places import Span
from unit.features.world import SCALED, document, world


def test_a_result_that_is_a_subclass_can_be_detached() -> None:
    source = document(SCALED)
    (line,) = [number for number, text in enumerate(source.lines, 1) if "return x, y" in text]
    actions = list(rewrite_returned(world("scaled"), source, Span(str(SCALED), line, 1, line, 99)))
    assert [action.title.partition(":")[0] for action in actions] == ["Detach output[0]", "Detach output[1]"]
