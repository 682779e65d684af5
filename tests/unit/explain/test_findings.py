"""Findings that say the same of several things are one, with all of their names and numbers."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from aotlens.explain.findings import fold_findings, in_words, subject_in_words
from aotlens.model.folding import all_names
from aotlens_tracer.wire.descriptor_map import Finding


def changed(name: str, output: int, line: int = 9, column: int = 5) -> Finding:
    """A buffer that is changed in place."""
    message = f"the buffer {name} is changed in place: its new value is output {output} of the graph"
    return Finding("buffer-mutation", "hint", message, "m.py", line, column, name, output)


def unused(name: str, line: int = 9, why: str = "forward never uses it") -> Finding:
    """A parameter without a gradient."""
    message = f"{name} gets no gradient: {why}"
    return Finding("parameter-without-gradient", "warning", message, "m.py", line, 5, name)


def words(findings: Iterable[Finding]) -> list[str]:
    return [row.label for row in fold_findings(findings)]


def test_one_of_a_kind_is_told_as_the_tracer_tells_it() -> None:
    for finding in (changed("seen", 3), unused("layers.0.w"), Finding("graph-break", "warning", "print", "m.py", 3)):
        assert words([finding]) == [finding.message]


def test_batch_norms_on_one_line() -> None:
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    names = [f"unit.{layer}.bn.{name}" for layer in ("body.conv1", "body.conv2", "identity") for name in buffers]
    assert words(changed(name, number) for number, name in enumerate(names)) == [
        "the buffers unit.body.conv{1,2}.bn.{running_mean,running_var,num_batches_tracked}, "
        "unit.identity.bn.{running_mean,running_var,num_batches_tracked} are changed in place: "
        "their new values are outputs 0..8 of the graph"
    ]


def test_layers() -> None:
    assert words(unused(f"layers.{layer}.gate") for layer in range(32)) == [
        "layers.{0..31}.gate get no gradient: forward never uses them"
    ]
    assert words(changed(f"layers.{layer}.seen", 2 * layer) for layer in range(3)) == [
        "the buffers layers.{0..2}.seen are changed in place: their new values are outputs 0, 2, 4 of the graph"
    ]


def test_what_reaches_the_same_outputs() -> None:
    why = "output[1], which needs no gradient: cut off by `scores.argmax(-1)` on line 9, which gives integers"
    assert words(unused(name, why=f"reaches only {why}") for name in ("q.weight", "q.bias")) == [
        f"q.{{weight,bias}} get no gradient: they reach only {why}"
    ]


def test_what_differs_stays_apart() -> None:
    other = unused("b", why="it is used, but not on a differentiable path to an output that needs one")
    findings = [unused("a"), other, unused("c"), unused("d", line=10)]
    assert words(findings) == [
        "a, c get no gradient: forward never uses them",
        other.message,
        "d gets no gradient: forward never uses it",
    ]


@pytest.mark.parametrize("name", ["a", "is", "t", "no", "batch['mask']", "x.0.y"])
def test_a_name_that_is_also_in_the_sentence(name: str) -> None:
    """It is told as it is, alone and beside another."""
    assert words([changed(name, 1)]) == [changed(name, 1).message]
    assert f"{name}, other.w are changed" in words([changed(name, 1), changed("other.w", 2)])[0]


def test_whose_it_is() -> None:
    found = [changed(f"blocks.{layer}.seen", layer) for layer in range(6)]
    assert in_words(found, "Model").startswith("the buffers blocks.{0..5}.seen of Model are changed in place")
    assert subject_in_words(found, "Model") == "blocks.{0..5}.seen of Model (outputs 0..5)"
    assert subject_in_words([unused("w")], "Model") == "w of Model"
    plain = [Finding("trace-failed", "error", "no such size", "m.py", 3)]
    assert (in_words(plain, "Model"), subject_in_words(plain, "Model")) == ("no such size (in Model)", "in Model")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a"], "a"),
        (["a", "b.w"], "a, b.w"),
        (["fc.weight", "fc.bias"], "fc.{weight,bias}"),
        (["scales.0", "scales.1", "scales.2"], "scales.{0..2}"),
        ([f"l.{i}.{n}" for i in range(3) for n in "wb"], "l.{0..2}.{w,b}"),
        (["l.0.w", "l.0.b", "l.1.w"], "l.0.{w,b}, l.1.w"),
        (["conv1.w", "conv2.w", "conv.w"], "conv{1,2}.w, conv.w"),
        (["0", "1"], "0, 1"),
        ([], ""),
    ],
)
def test_all_names(names: list[str], expected: str) -> None:
    assert ", ".join(all_names(names)) == expected
