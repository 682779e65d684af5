"""The words of findings about state that the call keeps."""

from __future__ import annotations

from aotlens.explain.findings.words import fold_findings, message, related, severity, why
from aotlens_tracer.wire.eager_run import KeptState
from aotlens_tracer.wire.findings import (
    Finding,
    GraphKept,
    NewTensor,
    ReachesKept,
    StateName,
    Subject,
    places_of,
)
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.places import Span

LINE = Span("m.py", 51, 9)


def kept_for(name: str, reason: GraphKept) -> Finding:
    return Finding("graph-kept-across-calls", "m.py", 31, 9, (Subject("state", name),), reason)


def test_a_graph_that_is_kept_is_said_with_what_it_does() -> None:
    assert message(kept_for("self.hidden", GraphKept("fails"))) == (
        "self.hidden is kept with the graph of this call, and the next call uses it: the second backward fails, "
        "because it goes through that graph a second time; detach it for the next call, or compute it anew"
    )
    assert message(kept_for("self.hidden", GraphKept("goes-back"))) == (
        "self.hidden is kept with the graph of this call, and the next call uses it: its backward goes back through "
        "all earlier calls, whose memory is kept; detach it for the next call, or compute it anew"
    )
    assert message(kept_for("LOSSES[0]", GraphKept("grows"))) == (
        "LOSSES is kept with the graph of each call, so memory grows with every call: detach it, or clear what is kept"
    )
    assert message(kept_for("self.table", GraphKept("fails", "constructor"))) == (
        "self.table has a graph from the constructor, and each call uses it: the second backward fails, because it "
        "goes through that graph a second time; compute it in forward, or detach it"
    )


def test_several_graphs_that_one_line_keeps_are_one_sentence() -> None:
    both = [kept_for(f"self.state[{number}]", GraphKept("fails")) for number in (0, 1)]
    (row,) = fold_findings(both)
    assert row.label.startswith(
        "self.state[0] and self.state[1] are kept with the graph of this call, and the next call uses them"
    )


def test_a_gradient_through_kept_state_is_no_warning_and_names_the_line() -> None:
    reason = ReachesKept((StateName("self.aux_loss", LINE), StateName("self.z_loss", Span("m.py", 52, 9))))
    finding = Finding("parameter-without-gradient", "m.py", 47, 9, (Subject("parameter", "router.weight"),), reason)
    assert severity(finding) == "information"
    assert message(finding) == (
        "router.weight gets no gradient from what is returned: it gets one only through `self.aux_loss` and "
        "`self.z_loss`, kept on line 51 and on line 52, if the loss uses that"
    )
    assert why(finding) == message(finding).partition(": ")[2]
    assert from_json(Finding, to_json(finding)) == finding


def test_buffers_that_are_replaced_are_one_sentence() -> None:
    both = [
        Finding("buffer-mutation", "m.py", 9, 5, (Subject("buffer", name),), NewTensor()) for name in ("mean", "var")
    ]
    assert message(both[0]) == "the buffer mean is replaced: the call gives it a new tensor"
    assert [row.label for row in fold_findings(both)] == [
        "the buffers mean, var are replaced: the call gives them a new tensor"
    ]


def test_the_name_of_kept_state_is_written_as_the_target_would_write_it() -> None:
    def written(name: str, kind: str = "attribute") -> str:
        return KeptState(kind, name, None, False).written  # type: ignore[arg-type]  # one of the kinds

    assert written("aux_loss") == "self.aux_loss"
    assert written("state[0]", "item") == "self.state[0]"
    assert written("blocks.0.aux_loss") == "blocks.0.aux_loss"
    assert written("STATS['loss']", "global") == "STATS['loss']"


def test_places_of_kept_state_are_related() -> None:
    reason = ReachesKept((StateName("self.aux_loss", LINE),))
    finding = Finding("parameter-without-gradient", "m.py", 47, reason=reason, places=tuple(places_of(reason)))
    assert related(finding) == [("it is kept here", LINE)]
