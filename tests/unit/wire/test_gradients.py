"""The tracer's findings and the server's answer agree on what a tied gradient is, because both ask the wire."""

from __future__ import annotations

import pytest

from aotlens.model.gradients import Gradient, Missing, Own, Tied, gradients
from aotlens_tracer.wire.gradients import own_gradient, tied_gradient
from aotlens_tracer.wire.graphs import Graph
from unit.explain.maps import grad, input_slot, output_slot, param


def _tied(*nodes: str | None) -> Graph:
    """A graph of one parameter with the names a and b, whose gradients are these nodes."""
    names = ("a", "b")
    inputs = tuple(
        input_slot(i, param(n), n, "float32", (2,), f"p{i}", gradient=i, tied_to=(names[1 - i],), requires_grad=True)
        for i, n in enumerate(names)
    )
    outputs = tuple(
        output_slot(i, grad(param(n)), f"grad({n})", "float32", (2,), node, gradient_of=i)
        for (i, n), node in zip(enumerate(names), nodes, strict=True)
    )
    return Graph("dynamo", inputs, outputs)


@pytest.mark.parametrize(
    ("nodes", "own", "tied", "expected"),
    [
        (("add", None), [(0,), ()], [None, ("a", (0,))], (Own(0), Tied("a", (0,)))),
        ((None, "add"), [(), (1,)], [("b", (1,)), None], (Tied("b", (1,)), Own(1))),
        ((None, None), [(), ()], [None, None], (Missing(0), Missing(1))),
    ],
)
def test_a_tied_gradient(
    nodes: tuple[str | None, str | None],
    own: list[tuple[int, ...]],
    tied: list[tuple[str, tuple[int, ...]] | None],
    expected: tuple[Gradient, ...],
) -> None:
    graph = _tied(*nodes)
    assert [own_gradient(slot, graph) for slot in graph.inputs] == own
    assert [tied_gradient(slot, graph) for slot in graph.inputs] == tied
    assert gradients(graph) == expected
