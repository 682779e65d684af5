"""Findings that say the same of several things are one, with all of their names and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pytest

from aotlens.explain.brief import all_names
from aotlens.explain.findings.about import also, subject_in_words
from aotlens.explain.findings.registry import KINDS
from aotlens.explain.findings.words import fold_findings, in_words, message, related, severity, why
from aotlens_tracer.wire.descriptor_map import Span
from aotlens_tracer.wire.findings import (
    BackwardReturnsNone,
    Broken,
    Cut,
    Failed,
    Finding,
    NeverUsed,
    NoGradient,
    NoPath,
    NothingTrained,
    NotInLoss,
    OnlyMetadata,
    OutputName,
    Place,
    ReachesOnly,
    Recompiled,
    ReturnedItself,
    Subject,
    UsedButNotReturned,
    UsedInConstructorOnly,
    places_of,
)
from aotlens_tracer.wire.graph_breaks import GraphBreak
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.places import Expression
from aotlens_tracer.wire.problems import Stated
from aotlens_tracer.wire.zero_gradients import AlwaysZero, ZeroCause

ARGMAX = Expression("scores.argmax(-1)", Span("m.py", 9, 5))
ELSEWHERE = Expression("x.detach()", Span("/home/ada/parts.py", 3, 5))


def changed(name: str, *outputs: int, line: int = 9, column: int = 5) -> Finding:
    """A buffer that is changed in place."""
    return Finding("buffer-mutation", "m.py", line, column, (Subject("buffer", name),), outputs=outputs)


def unused(name: str, line: int = 9, why: NoGradient | None = None) -> Finding:
    """A parameter without a gradient."""
    return Finding("parameter-without-gradient", "m.py", line, 5, (Subject("parameter", name),), why or NeverUsed())


def words(findings: Iterable[Finding]) -> list[str]:
    return [row.label for row in fold_findings(findings)]


def test_one_of_a_kind_is_its_message() -> None:
    broken = Finding("graph-break", "m.py", 3, subjects=(Subject("target", "Net"),), reason=Broken(GraphBreak("print")))
    for finding in (changed("seen", 3), unused("layers.0.w"), broken):
        assert words([finding]) == [message(finding)]
    assert message(changed("seen", 3)) == (
        "the buffer seen is changed in place: its new value is output 3 of the graph"
    )
    assert message(broken) == "Dynamo cannot take the whole of Net: print"
    refused = Finding("graph-break", "m.py", 3, None, broken.subjects, Broken(GraphBreak("no views", by="aotautograd")))
    assert message(refused) == (
        "Net is not captured through Dynamo: AOTAutograd refuses the graph that Dynamo made (no views)"
    )


def test_a_subclass_has_its_new_value_in_pieces() -> None:
    assert message(changed("seen", 0, 1)) == (
        "the buffer seen is changed in place: the pieces of its new value are outputs 0, 1 of the graph"
    )


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


REASONS: list[tuple[NoGradient, str, str]] = [
    (
        ReturnedItself((OutputName("output"),), Cut("detach", (ELSEWHERE,))),
        "output is the same tensor or a view of it, whose gradient does not pass through the graph; "
        "elsewhere it is cut off by `x.detach()` at parts.py:3",
        "output is the same tensor or a view of it, whose gradient does not pass through the graph; "
        "elsewhere they are cut off by `x.detach()` at parts.py:3",
    ),
    (
        NothingTrained(Cut("no-grad", (ARGMAX,))),
        "nothing that is returned needs one, because it is used under torch.no_grad() only, "
        "by `scores.argmax(-1)` on line 9",
        "nothing that is returned needs one, because they are used under torch.no_grad() only, "
        "by `scores.argmax(-1)` on line 9",
    ),
    (NeverUsed(), "forward never uses it", "forward never uses them"),
    (
        UsedInConstructorOnly((ARGMAX,)),
        "only the constructor uses it, by `scores.argmax(-1)` on line 9",
        "only the constructor uses them, by `scores.argmax(-1)` on line 9",
    ),
    (
        UsedInConstructorOnly((ARGMAX,), makes_parameter=True),
        "only the constructor uses it, by `scores.argmax(-1)` on line 9, which makes a new parameter",
        "only the constructor uses them, by `scores.argmax(-1)` on line 9, which makes a new parameter",
    ),
    (
        OnlyMetadata((ARGMAX,)),
        "nothing that is returned depends on its values: only a shape, dtype or device is read, "
        "by `scores.argmax(-1)` on line 9",
        "nothing that is returned depends on their values: only a shape, dtype or device is read, "
        "by `scores.argmax(-1)` on line 9",
    ),
    (
        Cut("inference-mode", (ARGMAX,)),
        "used under torch.inference_mode() only, by `scores.argmax(-1)` on line 9",
        "used under torch.inference_mode() only, by `scores.argmax(-1)` on line 9",
    ),
    (
        Cut("copy", (ARGMAX,)),
        "cut off by `scores.argmax(-1)` on line 9, which copies its values into a new tensor",
        "cut off by `scores.argmax(-1)` on line 9, which copies their values into a new tensor",
    ),
    (
        Cut("constant-of-derivative", (ARGMAX,)),
        "cut off by `scores.argmax(-1)` on line 9, a derivative that does not depend on it: additive constants vanish",
        "cut off by `scores.argmax(-1)` on line 9, "
        "a derivative that does not depend on them: additive constants vanish",
    ),
    (NeverUsed("@loss"), "the training step never uses it", "the training step never uses them"),
    (NeverUsed("step"), "`step` never uses it", "`step` never uses them"),
    (
        NoPath(),
        "it is used, but not on a differentiable path to an output that needs one",
        "they are used, but not on a differentiable path to an output that needs one",
    ),
    (
        ReachesOnly((OutputName("output[1]", index=1),), Cut("integer", (ARGMAX,))),
        "it reaches only output[1], which needs none, because it is cut off by `scores.argmax(-1)` on line 9, "
        "which gives integers",
        "they reach only output[1], which needs none, because they are cut off by `scores.argmax(-1)` on line 9, "
        "which gives integers",
    ),
    (
        NotInLoss((OutputName("output[1]", index=1),)),
        "the loss does not depend on it, only output[1] does",
        "the loss does not depend on them, only output[1] does",
    ),
    (
        ReachesOnly((OutputName("y"), OutputName("seen", is_new_value=True))),
        "it reaches only y and the new value of seen, which need none",
        "they reach only y and the new value of seen, which need none",
    ),
    *(
        (reason, text, text)
        for reason, text in (
            (Cut("detach", (ELSEWHERE,)), "cut off by `x.detach()` at parts.py:3"),
            (Cut("no-grad", (ARGMAX,)), "used under torch.no_grad() only, by `scores.argmax(-1)` on line 9"),
            (
                Cut("boolean", (ARGMAX,), (ELSEWHERE,)),
                "cut off by `scores.argmax(-1)` on line 9, which gives booleans; "
                "also cut off by `x.detach()` at parts.py:3",
            ),
            (Cut("number", (Expression("item"),)), "cut off by `item`, which makes a Python number of it"),
            (Cut("no-derivative", (ARGMAX,)), "cut off by `scores.argmax(-1)` on line 9, which has no derivative"),
            (
                UsedButNotReturned((ARGMAX, ELSEWHERE)),
                "used by `scores.argmax(-1)` on line 9 and `x.detach()` at parts.py:3, "
                "but nothing that is returned depends on that",
            ),
            (BackwardReturnsNone((ARGMAX,)), "cut off by `scores.argmax(-1)` on line 9, whose backward returns none"),
            (
                ReturnedItself((OutputName("a"), OutputName("b"))),
                "a and b are the same tensor or views of it, whose gradients do not pass through the graph",
            ),
            (NothingTrained(), "nothing that is returned needs one"),
        )
    ),
    (NothingTrained(NeverUsed()), "forward never uses it", "forward never uses them"),
]


@pytest.mark.parametrize(("reason", "one", "several"), REASONS)
def test_each_reason_of_one_and_of_several(reason: NoGradient, one: str, several: str) -> None:
    findings = [unused("q.weight", why=reason), unused("q.bias", why=reason)]
    assert message(findings[0]) == f"q.weight gets no gradient: {one}"
    assert words(findings) == [f"q.{{weight,bias}} get no gradient: {several}"]
    assert (why(findings[0]), why(findings[0], several=True)) == (one, several)


@pytest.mark.parametrize(
    "finding", [unused("w", why=reason) for reason, _, _ in REASONS] + [kind.example for kind in KINDS.values()]
)
def test_findings_go_to_json_and_back(finding: Finding) -> None:
    assert from_json(Finding, to_json(finding)) == finding


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (NeverUsed(), "warning"),
        (ReturnedItself((OutputName("y"),)), "information"),
        (NothingTrained(NeverUsed()), "hint"),
    ],
)
def test_what_may_be_intended_is_no_warning(reason: NoGradient, expected: str) -> None:
    assert severity(unused("w", why=reason)) == expected


def test_the_places_that_a_reason_names() -> None:
    cut = Cut("detach", (ARGMAX, Expression("item")), (ELSEWHERE,))
    assert ARGMAX.span is not None and ELSEWHERE.span is not None
    expected = [Place("cut", ARGMAX.span), Place("cut", ELSEWHERE.span)]
    for reason in (cut, ReachesOnly((OutputName("y"),), cut), NothingTrained(cut)):
        assert [*places_of(reason)] == expected
    at = Span("m.py", 12)
    assert [*places_of(ReturnedItself((OutputName("y", source=at),)))] == [Place("return", at)]
    assert [*places_of(ReturnedItself((OutputName("y", source=at),), cut))] == expected
    assert related(Finding("x", places=(Place("cut", at),))) == [("the gradient stops here", at)]
    assert related(Finding("input-mutation", places=(Place("change", at),))) == [("it is changed here too", at)]


def test_outputs_of_one_name_are_the_same_in_two_models() -> None:
    found = [unused("w", why=ReachesOnly((OutputName("y", index=index),))) for index in (1, 4)]
    assert words(found) == ["w gets no gradient: it reaches only y, which needs none"]


def test_what_differs_stays_apart() -> None:
    other = unused("b", why=NoPath())
    findings = [unused("a"), other, unused("c"), unused("d", line=10)]
    assert words(findings) == [
        "a, c get no gradient: forward never uses them",
        message(other),
        "d gets no gradient: forward never uses it",
    ]


@pytest.mark.parametrize("name", ["a", "is", "t", "no", "batch['mask']", "x.0.y"])
def test_a_name_that_is_also_in_the_sentence(name: str) -> None:
    """It is shown as it is, alone and beside another."""
    assert words([changed(name, 1)]) == [
        f"the buffer {name} is changed in place: its new value is output 1 of the graph"
    ]
    assert f"{name}, other.w are changed" in words([changed(name, 1), changed("other.w", 2)])[0]


def test_whose_it_is() -> None:
    found = [changed(f"blocks.{layer}.seen", layer) for layer in range(6)]
    assert in_words(found, "Model").startswith("the buffers blocks.{0..5}.seen of Model are changed in place")
    assert subject_in_words(found, "Model") == "blocks.{0..5}.seen of Model (outputs 0..5)"
    assert subject_in_words([unused("w")], "Model") == "w of Model"
    plain = [Finding("trace-failed", "m.py", 3, reason=Failed("forward", Stated("no such size")))]
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


def always_zero(name: str, *causes: ZeroCause) -> Finding:
    return Finding("gradient-always-zero", "m.py", 9, 5, (Subject("parameter", name),), AlwaysZero(causes))


ROUND = Expression("w.round()", Span("m.py", 7))


@pytest.mark.parametrize(
    ("causes", "text"),
    [
        (
            (ZeroCause("derivative", (ROUND,)),),
            "the derivative of `w.round()` on line 7 is zero everywhere (usual is a straight-through estimator)",
        ),
        (
            (ZeroCause("derivative", (ROUND, ELSEWHERE)),),
            "the derivative of `w.round()` on line 7 and `x.detach()` at parts.py:3 is zero everywhere "
            "(usual is a straight-through estimator)",
        ),
        ((ZeroCause("part", (ROUND,)),), "`w.round()` on line 7 takes a part that does not depend on it"),
        (
            (ZeroCause("single", (ROUND,)), ZeroCause("factor", (ELSEWHERE,))),
            "`w.round()` on line 7 is over a single element in this example, so that its result never changes, "
            "and `x.detach()` at parts.py:3 multiplies by zero",
        ),
        ((ZeroCause("backward", (ROUND,)),), "`w.round()` on line 7 is what a custom backward returns"),
        ((ZeroCause("body", (ROUND,)),), "`w.round()` on line 7 hands no gradient back to it"),
    ],
)
def test_each_cause_of_a_zero_gradient(causes: tuple[ZeroCause, ...], text: str) -> None:
    assert message(always_zero("w", *causes)) == f"w always gets a gradient of zero: {text}"


def test_several_zero_gradients() -> None:
    cause = ZeroCause("part", (ROUND,))
    folded = in_words([always_zero("a", cause), always_zero("b", cause)])
    assert folded == (
        "a, b always get a gradient of zero: `w.round()` on line 7 takes a part that does not depend on them"
    )


def test_a_graph_break_says_what_torch_compile_does_there() -> None:
    target = (Subject("target", "Net"),)

    def said(item: GraphBreak) -> str:
        return message(Finding("graph-break", "m.py", 3, subjects=target, reason=Broken(item)))

    split = GraphBreak("print", explanation="no", effect="splits", function="Net.forward", crossing=("h", "g"))
    assert said(split) == (
        "torch.compile ends a graph of `Net.forward` here and compiles the rest apart, with `h` and `g` from before: "
        "print: no"
    )
    looped = GraphBreak("print", effect="eager", function="Net.forward", then=("graph break in loop",))
    assert said(looped) == (
        "torch.compile leaves the rest of `Net.forward` to eager (it cannot go on inside a loop): print"
    )


def test_what_is_compiled_anew_is_named_with_its_reason() -> None:
    def said(when: Literal["each-call", "next-call", "same-call"], is_reached: bool = False) -> tuple[str, str]:
        reason = Recompiled(when, "L['self'].step == 0", "Net.forward", 8, is_reached)
        finding = Finding("recompiled", "m.py", 3, subjects=(Subject("value", "self.step"),), reason=reason)
        return severity(finding), message(finding)

    assert said("each-call") == (
        "warning",
        "each call compiles `Net.forward` anew, because it changes self.step (compiled for `self.step == 0`): after 8 "
        "compilations it is left to eager",
    )
    assert said("next-call")[0] == "hint"
    assert said("same-call")[0] == "information"
    assert said("same-call", True) == (
        "warning",
        "`Net.forward` is compiled anew for each module whose self.step differs (the first has `self.step == 0`): "
        "after 8 compilations it is left to eager, which happens here",
    )


def test_many_other_subjects_are_not_all_listed() -> None:
    """A package that is missing concerns each model of a project, and two may have the same name."""
    assert also(["in A", "in B", "in A"]) == "also in A, in B"
    names = [f"in Model{number}" for number in range(30)]
    assert also(names[:6]) == "also " + ", ".join(names[:6])
    assert also(names) == "also in Model0, in Model1, in Model2 and 27 more"
