"""Guards in words: the conditions with the user's names."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.guards import compiled_for, condition_in_words, guard_in_words
from aotlens.explain.tables.guards import guard_table
from aotlens.model.guards import guards_at, shown_guards
from aotlens_tracer.wire.compiled import Compiled, Guard
from aotlens_tracer.wire.descriptor_map import Graph, Span

PATH = "/net.py"
SCALE = Guard(
    "EQUALS_MATCH",
    "L['self'].scale",
    "self.scale",
    ("L['self'].scale == 2",),
    "number",
    Span(PATH, 4),
    True,
    "convert it into a tensor.",
)
X = Guard("TENSOR_MATCH", "L['x']", "x", ("torch.float32", "size=[2, 4]"), "tensor", Span(PATH, 5))
GRAPH = Graph("dynamo", (), (), None, compiled=Compiled("0/0", "Net.forward", guards=(SCALE, X)))


def test_conditions_have_the_names_of_the_user() -> None:
    assert guard_in_words(SCALE) == "self.scale == 2"
    assert guard_in_words(X) == "x: torch.float32, size=[2, 4]"
    assert condition_in_words("L['y'].size()[0] == L['self']._modules['up'].rows") == "y.size(0) == self.up.rows"


def test_the_table_has_those_that_may_fail_and_all_if_asked() -> None:
    assert shown_guards(GRAPH) == [SCALE]
    assert shown_guards(GRAPH, full=True) == [SCALE, X]
    table = guard_table(shown_guards(GRAPH, full=True), str)
    assert [row[0].text for row in table.rows] == ["self.scale == 2", "x: torch.float32, size=[2, 4]"]
    assert table.notes[-1] == "Torch's advice: convert it into a tensor."


def test_a_line_says_what_it_is_compiled_for() -> None:
    assert guards_at([GRAPH, GRAPH], PATH, [4, 5]) == [SCALE]
    assert guards_at([GRAPH], "/other.py", [4]) == []
    assert compiled_for([SCALE]) == "torch.compile compiles this for `self.scale == 2`, and anew if that does not hold"
    many = [replace(SCALE, conditions=(f"L['n{number}'] == 1",)) for number in range(7)]
    assert "`n4 == 1` and 2 more, and anew" in compiled_for(many)
