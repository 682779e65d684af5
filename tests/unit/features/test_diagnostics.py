"""Findings of maps as diagnostics: one on a line for each kind, whatever layers and models it comes from."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from aotlens.features.diagnostics import Diagnostic, diagnostics
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Finding, Target
from aotlens_tracer.wire.failures import stated
from aotlens_tracer.wire.findings import NeverUsed, NoPath, Subject
from aotlens_tracer.wire.operands import FailedOperation
from unit.features.world import DECODER, PARTS, document, load_map

LINE = 29  # of the gate that no Block uses


def gate(name: str, code: str = "parameter-without-gradient", **more: object) -> Finding:
    """A finding about a gate, in its line."""
    finding = Finding(code, str(DECODER), LINE, 21, (Subject("parameter", name),), NeverUsed())
    return replace(finding, **more)


def state(qualname: str, *findings: Finding, path: str = str(DECODER), failure: Failure | None = None) -> TargetState:
    """A traced target, or one that failed."""
    found = replace(load_map("decoder"), target=Target(path, qualname, 1), findings=findings)
    map: DescriptorMap | None = found if failure is None else None
    status = "traced" if failure is None else "failed"
    return TargetState(TargetKey(path, qualname), status, map, MappingProxyType({str(DECODER): 1}), failure=failure)


def found(*states: TargetState, contexts: dict[TargetKey, TargetKey] | None = None) -> list[Diagnostic]:
    """The diagnostics of the decoder's file."""
    source = document(DECODER)
    known = MappingProxyType({one.key: one for one in states})
    snapshot = Snapshot(MappingProxyType({source.path: source}), known, MappingProxyType(contexts or {}))
    return diagnostics(snapshot, source)


def layers(count: int) -> list[Finding]:
    return [gate(f"blocks.{layer}.gate") for layer in range(count)]


def test_thirty_two_layers_are_one_finding() -> None:
    (one,) = found(state("Decoder", *layers(32)))
    assert one.message == "blocks.{0..31}.gate of Decoder get no gradient: forward never uses them"
    assert (one.span.line, one.span.column) == (LINE, 21)


def test_a_finding_within_the_model_itself_needs_no_word_about_whose_it_is() -> None:
    (one,) = found(state("Block", gate("gate")))
    assert one.message == "gate gets no gradient: forward never uses it"


def test_models_that_say_the_same_are_all_named_and_that_of_the_class_first() -> None:
    other = state("Other", gate("inner.gate"), path=str(PARTS))
    states = (other, state("Decoder", *layers(6)), state("Block", gate("gate")))
    (one,) = found(*states)
    assert one.message.splitlines() == [
        "gate of Block gets no gradient: forward never uses it",
        "also blocks.{0..5}.gate of Decoder, inner.gate of Other",
    ]
    chosen = {TargetKey(str(DECODER), "Block"): other.key}
    assert found(*states, contexts=chosen)[0].message.startswith("inner.gate of Other gets")


def test_what_models_say_differently_is_one_finding_with_several_sentences() -> None:
    why = "it is used, but not on a differentiable path to an output that needs one"
    cut = gate("blocks.0.gate", reason=NoPath())
    (one,) = found(state("Decoder", cut), state("Block", gate("gate")))
    assert one.message.splitlines() == [
        "gate of Block gets no gradient: forward never uses it",
        f"blocks.0.gate of Decoder gets no gradient: {why}",
    ]


def test_kinds_stay_apart() -> None:
    both = found(state("Block", gate("gate"), gate("gate", "argument-without-gradient")))
    assert [one.code for one in both] == ["argument-without-gradient", "parameter-without-gradient"]


def test_several_places_on_one_line_are_the_line() -> None:
    (one,) = found(state("Block", gate("a"), gate("b", column=9)))
    text = document(DECODER).line(LINE)
    assert one.message.startswith("a, b get no gradient")
    assert (one.span.column, one.span.end_column) == (len(text) - len(text.lstrip()) + 1, len(text) + 1)


@pytest.mark.parametrize(("stage", "words"), [("forward", " (in Block)\nalso in Decoder"), ("import", "")])
def test_a_failure_of_several_targets_at_one_place(stage: str, words: str) -> None:
    """A failure of the whole file is reported without a list of its classes."""
    failure = stated(stage, "error", "no such size", str(DECODER), LINE)
    (one,) = found(state("Decoder", failure=failure), state("Block", failure=failure))
    assert one.message == f"no such size{words}"


def test_a_line_that_fails_in_a_layer_of_several_models_says_it_once() -> None:
    """What torch tells of the operation may differ."""
    failures = [
        replace(
            stated("forward", "error", "no such size", str(DECODER), LINE),
            operation=FailedOperation(name, ()),
        )
        for name in ("torch.nn.functional.linear", "torch.matmul")
    ]
    (one,) = found(state("Block", failure=failures[0]), state("Decoder", failure=failures[1]))
    assert one.message == "no such size (in Block)\nalso in Decoder"
