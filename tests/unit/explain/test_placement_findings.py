"""The words of findings about the placements of DTensors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.explain.findings.words import fold_findings, related, severity
from aotlens_tracer.wire.findings import Finding, OtherPlacements, Place, Subject, WrongTangent
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.subclasses import Mesh, Placement, Sharding, Transfer

MESH = Mesh((8,), ("tp",), (0,), "cpu")
REASON = OtherPlacements(
    Sharding(MESH, (Placement("Replicate", "Replicate()"),)),
    Sharding(MESH, (Placement("Partial", "Partial(sum)", None, "sum"),)),
    (Transfer("all_reduce", 64, 8, "tp"),),
)
READS = ", wherever it reads the gradient"


def finding(name: str, reason: OtherPlacements = REASON) -> Finding:
    made = (Place("made", Span("m.py", 4)),)
    return Finding("gradient-placements", "m.py", 9, 5, (Subject("parameter", name),), reason, made)


@pytest.mark.parametrize(
    ("transfers", "words", "expected"),
    [
        (REASON.transfers, f": an optimizer runs an all_reduce of 64 B over tp (8 ranks){READS}", "information"),
        (
            (Transfer("all_gather_into_tensor", None, 4, "1"), Transfer("reduce_scatter_tensor", 2048, None, None)),
            ": an optimizer runs an all_gather over mesh dimension 1 (4 ranks) and a reduce_scatter of 2.0 KiB "
            f"over an unknown group{READS}",
            "information",
        ),
        ((), "; this costs no communication", "hint"),
        (None, ": an optimizer has to redistribute it", "information"),
    ],
)
def test_the_price_of_other_placements(transfers: tuple[Transfer, ...] | None, words: str, expected: str) -> None:
    found = finding("norm.weight", replace(REASON, transfers=transfers))
    (row,) = fold_findings([found])
    assert row.label == f'norm.weight is Replicate() on tp, but its gradient is Partial("sum") on tp{words}'
    assert severity(found) == expected
    assert related(found) == [("it is made here", Span("m.py", 4))]


def test_parameters_of_one_line_are_one_row() -> None:
    (row,) = fold_findings([finding("norm.bias"), finding("norm.weight")])
    assert row.label == (
        'norm.{bias,weight} are Replicate() on tp, but their gradients are Partial("sum") on tp: '
        "an optimizer runs an all_reduce of 64 B over tp (8 ranks) for each, wherever it reads the gradient"
    )


def test_a_hook_that_redistributes_the_gradient_is_named() -> None:
    (row,) = fold_findings([finding(name, replace(REASON, by="fully_shard")) for name in ("norm.bias", "norm.weight")])
    assert row.label.endswith(
        ": fully_shard runs an all_reduce of 64 B over tp (8 ranks) for each in each backward pass"
    )
    (row,) = fold_findings([finding("norm.bias", replace(REASON, transfers=(), by="fully_shard"))])
    assert row.label.endswith(": fully_shard redistributes it in each backward pass")


def test_a_result_beside_others_is_a_hint() -> None:
    reason = WrongTangent("DTensor", True, in_some_runs=True)
    found = [
        Finding("tangent-type", "m.py", 9, 5, (Subject("output", f"output[{n}]"),), reason, outputs=(n,))
        for n in (0, 1)
    ]
    (row,) = fold_findings(found)
    assert row.label == (
        "a backward pass from other results alone will fail under torch.compile: AOTAutograd assumes that the gradient "
        "of output[{0,1}] is a DTensor, and passes plain zeros if there is none; detach output[{0,1}] if nothing is "
        "trained through them"
    )
    assert severity(found[0]) == "hint"
