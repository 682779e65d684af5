"""Sizes that may change, in words: their legend, and the finding about a mark that cannot hold."""

from __future__ import annotations

from aotlens.explain.findings.words import message, related, severity
from aotlens.explain.render.plain import inline
from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.sizes import legend_in_words
from aotlens.explain.tables.sizes import sizes
from aotlens_tracer.wire.descriptor_map import Graph, Output, Span, Symbol
from aotlens_tracer.wire.findings import Finding, Place, RestrictedDimension, SpecializedDimension, Subject


def said(reason: SpecializedDimension | RestrictedDimension) -> tuple[str, str]:
    finding = Finding("dimension-specialized", "m.py", 3, subjects=(Subject("value", "x.size(0)"),), reason=reason)
    return severity(finding), message(finding)


def graph(*symbols: Symbol, outputs: tuple[Output, ...] = ()) -> Graph:
    return Graph("dynamo", (), outputs, symbols=symbols)


BATCH = Symbol("s77", "batch", ("x.a.size(0)", "x.size(0)"), 6, 2, 64, Span("m.py", 3))
DATA = Symbol("u0", None, (), None, 0, None, Span("m.py", 9), is_backed=False)


def test_the_legend_says_what_a_name_is_and_what_it_may_be() -> None:
    rows = Symbol("s5", None, ("x.size(1)",), is_ragged=True)
    assert [inline(line) for line in legend_in_words(graph(BATCH, DATA, rows))] == [
        "batch is x.size(0), x.a.size(0), 6 here, 2 to 64",
        "u0 depends on data, at least 0",
        "s5 is x.size(1), differs by row",
    ]


def test_the_table_has_torchs_symbols_and_the_places() -> None:
    also = Symbol("s9", None, ("y.size(0)",), 6, 2, shared_name="batch")
    table = sizes(graph(BATCH, DATA, also), lambda path: path, full=False)
    assert table.summary == "3, 1 of them by data"
    assert [cell.text for cell in table.rows[0]] == [
        "batch",
        "x.size(0), x.a.size(0)",
        "6",
        "2 to 64",
        "s77",
        "m.py:3",
        "—",
    ]
    assert [cell.text for cell in table.rows[1]][-2:] == ["—", "m.py:9"]
    assert table.notes == ("`s9` is called `batch` too, but nothing in the call makes torch take all as equal.",)


def test_a_size_is_shown_with_its_value() -> None:
    out = Output(0, "mul", "PlainAOTOutput", "PlainAOTOutput(idx=0)", "output", "output", None, None, symbol="batch*8")
    assert slot_in_brief(out, graph(BATCH)) == "batch*8 = 48"
    assert slot_in_brief(out, graph()) == "batch*8"


def test_a_mark_that_cannot_hold_says_what_the_code_takes() -> None:
    advice = "torch.compile raises an error; give the bounds that the code takes, or no bounds"
    assert said(RestrictedDimension(2, 64, 2, 31, "x.size(0) < 32")) == (
        "error",
        f"x.size(0) is marked dynamic, 2 to 64, and this takes 2 to 31 only, by `x.size(0) < 32`: {advice}",
    )
    assert said(RestrictedDimension(0, 64, 2, 64, "x.size(0) % 2 == 0"))[1] == (
        f"x.size(0) is marked dynamic, at most 64, and this holds only if `x.size(0) % 2 == 0`: {advice}"
    )
    assert said(RestrictedDimension(2, None, 5, None, None))[1] == (
        f"x.size(0) is marked dynamic, at least 2, and this takes at least 5 only: {advice}"
    )


def test_a_constant_says_how_its_size_is_marked() -> None:
    assert said(SpecializedDimension(6, "refused"))[0] == "error"
    severity_, text = said(SpecializedDimension(6, "direct"))
    assert severity_ == "warning" and text.startswith("x.size(0) is marked dynamic, and the graph has the constant 6")


def test_the_mark_is_a_related_place() -> None:
    places = (Place("mark", Span("m.py", 3)),)
    finding = Finding("dimension-specialized", "m.py", 9, reason=SpecializedDimension(6, "refused"), places=places)
    assert related(finding) == [("it is marked dynamic here", Span("m.py", 3))]
