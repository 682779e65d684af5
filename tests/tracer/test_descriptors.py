"""Each descriptor class, from a real trace of a small module, through the command line's JSON.

DummyAOTInput and DummyAOTOutput cannot be traced: torch builds the first only where descriptors are thrown away
(torch/_functorch/_aot_autograd/subclass_utils.py) and the second nowhere. They are built by hand. The Philox classes
come from a trace too: on a CUDA device where there is one, else with a stand-in for its random state
(corpus/descriptors/philox.py).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch._functorch._aot_autograd.descriptors as torch_descriptors

from support import CORPUS, trace_json

FOLDER = CORPUS / "descriptors"


@pytest.fixture(scope="module")
def graphs() -> dict[str, dict[str, Any]]:
    """The graph of each class of the corpus."""
    found = {}
    for file in ("zoo.py", "philox.py"):
        for trace in trace_json(file, cwd=FOLDER)["traces"]:
            assert trace["status"] == "traced", (trace["target"], trace["failure"])
            found[trace["target"]["qualname"]] = trace["graphs"][0]
    return found


@dataclass
class Case:
    """In the graph of `module`, among `where`: a slot with this descriptor and label; `pairs` with these labels."""

    kind: str
    module: str
    where: str
    descriptor: str
    label: str
    pairs: dict[str, str | None] | None = None


CASES = [
    Case(
        "ParamAOTInput",
        "Affine",
        "inputs",
        "ParamAOTInput(target='linear.weight')",
        "linear.weight",
        {"gradient": "grad(linear.weight)"},
    ),
    Case(
        "BufferAOTInput",
        "Centered",
        "inputs",
        "BufferAOTInput(target='mean')",
        "mean",
        {"gradient": None, "mutation": "mutated(mean)"},
    ),
    Case("PlainAOTInput", "Centered", "inputs", "PlainAOTInput(idx=0)", "x", {"gradient": "grad(x)"}),
    Case(
        "TangentAOTInput",
        "Affine",
        "inputs",
        "TangentAOTInput(output=PlainAOTOutput(idx=0))",
        "tangent(output)",
        {"tangent_of": "output"},
    ),
    Case(
        "TangentAOTInput",
        "ScaledInPlace",
        "inputs",
        "TangentAOTInput(output=InputMutationAOTOutput(mutated_input=PlainAOTInput(idx=0)))",
        "tangent(mutated(x))",
        {"tangent_of": "mutated(x)"},
    ),
    Case(
        "ViewBaseAOTInput",
        "MutatedView",
        "inputs",
        "ViewBaseAOTInput(base_of=PlainAOTInput(idx=0))",
        "base(a)",
        {"mutation": "mutated(base(a))"},
    ),
    Case(
        "SyntheticBaseAOTInput",
        "MutatedAlias",
        "inputs",
        "SyntheticBaseAOTInput(base_of=PlainAOTInput(idx=0))",
        "base(a)",
        {"mutation": "mutated(base(a))"},
    ),
    Case(
        "SubclassGetAttrAOTInput",
        "Sine",
        "inputs",
        "SubclassGetAttrAOTInput(base=PlainAOTInput(idx=0), attr='a')",
        "x.a",
        {"gradient": "grad(x).a"},
    ),
    Case(
        "SubclassGetAttrAOTInput",
        "ShardedLinear",
        "inputs",
        "SubclassGetAttrAOTInput(base=ParamAOTInput(target='weight'), attr='_local_tensor')",
        "weight._local_tensor",
        {"gradient": "grad(weight)._local_tensor"},
    ),
    Case(
        "SubclassGetAttrAOTInput",
        "Sine",
        "inputs",
        "SubclassGetAttrAOTInput(base=TangentAOTInput(output=PlainAOTOutput(idx=0)), attr='b')",
        "tangent(output).b",
        {"tangent_of": "output.b"},
    ),
    Case(
        "SubclassSizeAOTInput",
        "SineOfRows",
        "inputs",
        "SubclassSizeAOTInput(base=PlainAOTInput(idx=0), idx=0)",
        "x.size(0)",
        {"gradient": "grad(x).size(0)"},
    ),
    Case(
        "SubclassStrideAOTInput",
        "SineOfColumns",
        "inputs",
        "SubclassStrideAOTInput(base=PlainAOTInput(idx=0), idx=0)",
        "x.stride(0)",
        {"gradient": "grad(x).stride(0)"},
    ),
    Case(
        "ForwardTokenAOTInput",
        "Greeting",
        "inputs",
        "ForwardTokenAOTInput(idx=0)",
        "forward_token0",
        {"token": "forward_token0"},
    ),
    Case(
        "BackwardTokenAOTInput",
        "Spectrum",
        "inputs",
        "BackwardTokenAOTInput(idx=0)",
        "backward_token0",
        {"token": "backward_token0"},
    ),
    Case("PlainAOTOutput", "Affine", "outputs", "PlainAOTOutput(idx=0)", "output", {"tangent": "tangent(output)"}),
    Case(
        "InputMutationAOTOutput",
        "Centered",
        "outputs",
        "InputMutationAOTOutput(mutated_input=BufferAOTInput(target='mean'))",
        "mutated(mean)",
        {"mutation_of": "mean", "tangent": None},
    ),
    Case(
        "InputMutationAOTOutput",
        "ScaledInPlace",
        "outputs",
        "InputMutationAOTOutput(mutated_input=PlainAOTInput(idx=0))",
        "mutated(x)",
        {"mutation_of": "x", "tangent": "tangent(mutated(x))"},
    ),
    Case(
        "IntermediateBaseAOTOutput",
        "TwoViews",
        "outputs",
        "IntermediateBaseAOTOutput(base_of=PlainAOTOutput(idx=0))",
        "base(output[0])",
        {"tangent": "tangent(base(output[0]))"},
    ),
    Case("MetadataMutationAOTOutput", "TransposedAlias", "outputs", "MetadataMutationAOTOutput(idx=0)", "reshaped(0)"),
    Case("MetadataMutationAOTOutput", "ReshapedView", "outputs", "MetadataMutationAOTOutput(idx=0)", "reshaped(0)"),
    Case(
        "GradAOTOutput",
        "Affine",
        "outputs",
        "GradAOTOutput(grad_of=ParamAOTInput(target='linear.bias'))",
        "grad(linear.bias)",
        {"gradient_of": "linear.bias"},
    ),
    Case(
        "ForwardTokenAOTOutput",
        "Inverse",
        "outputs",
        "ForwardTokenAOTOutput(idx=0)",
        "forward_token0",
        {"token": "forward_token0"},
    ),
    Case(
        "BackwardTokenAOTOutput",
        "Spectrum",
        "outputs",
        "BackwardTokenAOTOutput(idx=0)",
        "backward_token0",
        {"token": "backward_token0"},
    ),
    Case(
        "SubclassGetAttrAOTOutput",
        "Ragged",
        "outputs",
        "SubclassGetAttrAOTOutput(base=PlainAOTOutput(idx=0), attr='_values')",
        "output._values",
        {"tangent": "tangent(output)._values"},
    ),
    Case(
        "SubclassGetAttrAOTOutput",
        "Sine",
        "outputs",
        "SubclassGetAttrAOTOutput(base=GradAOTOutput(grad_of=PlainAOTInput(idx=0)), attr='a')",
        "grad(x).a",
        {"gradient_of": "x.a"},
    ),
    Case(
        "SubclassSizeAOTOutput",
        "SineOfRows",
        "outputs",
        "SubclassSizeAOTOutput(base=PlainAOTOutput(idx=0), idx=0)",
        "output.size(0)",
    ),
    Case(
        "SubclassStrideAOTOutput",
        "SineOfColumns",
        "outputs",
        "SubclassStrideAOTOutput(base=GradAOTOutput(grad_of=PlainAOTInput(idx=0)), idx=0)",
        "grad(x).stride(0)",
        {"gradient_of": "x.stride(0)"},
    ),
    Case("PhiloxForwardSeedAOTInput", "Dropout", "inputs", "PhiloxForwardSeedAOTInput()", "philox_forward_seed"),
    Case(
        "PhiloxForwardBaseOffsetAOTInput",
        "Dropout",
        "inputs",
        "PhiloxForwardBaseOffsetAOTInput()",
        "philox_forward_base_offset",
    ),
    Case("PhiloxBackwardSeedAOTInput", "Dropout", "inputs", "PhiloxBackwardSeedAOTInput()", "philox_backward_seed"),
    Case(
        "PhiloxBackwardBaseOffsetAOTInput",
        "Dropout",
        "inputs",
        "PhiloxBackwardBaseOffsetAOTInput()",
        "philox_backward_base_offset",
    ),
    Case(
        "PhiloxUpdatedForwardOffsetAOTOutput",
        "Dropout",
        "outputs",
        "PhiloxUpdatedForwardOffsetAOTOutput()",
        "philox_updated_forward_offset",
    ),
    Case(
        "PhiloxUpdatedBackwardOffsetAOTOutput",
        "Dropout",
        "outputs",
        "PhiloxUpdatedBackwardOffsetAOTOutput()",
        "philox_updated_backward_offset",
    ),
]

INPUT_SIDE = ("tangent", "gradient_of", "mutation_of")
"""Pairings of outputs that are indices of inputs; of inputs, all are indices of outputs."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.module}")
def test_descriptor(case: Case, graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs[case.module]
    slot = next(slot for slot in graph[case.where] if slot["descriptor"] == case.descriptor)
    assert slot["kind"] == case.kind
    assert slot["label"] == case.label
    assert case.kind in slot["descriptor"]
    assert slot["expression"] == _rebuilt(slot).expr()
    assert repr(_rebuilt(slot)) == case.descriptor
    assert slot["meaning"]
    for name, expected in (case.pairs or {}).items():
        other = "inputs" if name in INPUT_SIDE or (name == "token" and case.where == "outputs") else "outputs"
        index = slot[name]
        assert (graph[other][index]["label"] if index is not None else None) == expected, name


def _rebuilt(described: dict[str, Any]) -> Any:
    """The JSON of a descriptor as torch's own object again: nesting and fields must not be lost on the way."""
    fields = {
        name: _rebuilt(value) if isinstance(value, dict) else value for name, value in described["fields"].items()
    }
    return getattr(torch_descriptors, described["kind"])(**fields)


def test_saved_for_backward(graphs: dict[str, dict[str, Any]]) -> None:
    saved = {value["kind"]: value for value in graphs["Stash"]["saved"]}
    view_of_input = saved["SavedForBackwardsAOTOutput"]
    if sys.version_info >= (3, 11):  # without columns the label is the whole line
        assert saved["SavedForBackwardsNoVcCheckAOTOutput"]["label"] == "x @ w"
        assert view_of_input["label"] == "x.t()"
    assert saved["SavedForBackwardsNoVcCheckAOTOutput"]["bytes"] == 2 * 4 * 4
    assert saved["SavedForBackwardsNoVcCheckAOTOutput"]["alias_of"] is None
    assert view_of_input["alias_of"] == "primals_2"  # a view of the argument: no memory of its own
    assert view_of_input["source"]["path"] == "zoo.py"


def test_every_class_of_torch_is_covered() -> None:
    """All concrete descriptor classes of this torch are traced above, but for the two that no trace shows."""
    base = (torch_descriptors.AOTInput, torch_descriptors.AOTOutput)
    abstract = {*base, torch_descriptors.DifferentiableAOTInput, torch_descriptors.DifferentiableAOTOutput}
    classes = {
        name
        for name, value in vars(torch_descriptors).items()
        if isinstance(value, type) and issubclass(value, base) and value not in abstract
    }
    traced = {case.kind for case in CASES} | {"SavedForBackwardsAOTOutput", "SavedForBackwardsNoVcCheckAOTOutput"}
    assert classes - traced == {"DummyAOTInput", "DummyAOTOutput"}


def test_dummies_and_unknown_classes_are_copied() -> None:
    """Built by hand, as no trace shows them: the dummies, and what a newer torch may bring."""
    import dataclasses

    from aotlens_tracer.graph.descriptors import copy_descriptor
    from aotlens_tracer.graph.slot_labels import Labels

    @dataclasses.dataclass(frozen=True)
    class ShardAOTInput(torch_descriptors.AOTInput):
        base: torch_descriptors.AOTInput
        rank: int
        placement: object

    labels = Labels(["x"], ["output"])
    for dummy in (torch_descriptors.DummyAOTInput(idx=3), torch_descriptors.DummyAOTOutput(idx=3)):
        copied = copy_descriptor(dummy)
        assert (copied.kind, copied.descriptor) == (type(dummy).__name__, repr(dummy))
        assert (copied.expression, copied.fields) == ("__dummy3", {"idx": 3})
        assert labels.of(copied) == "dummy3"
    unknown = copy_descriptor(ShardAOTInput(torch_descriptors.PlainAOTInput(0), 2, ("Shard", 0)))
    assert unknown.kind == "ShardAOTInput"
    assert unknown.expression is None  # its class has no expr()
    assert unknown.descriptor.endswith("ShardAOTInput(base=PlainAOTInput(idx=0), rank=2, placement=('Shard', 0))")
    assert unknown.fields["base"].descriptor == "PlainAOTInput(idx=0)"
    assert (unknown.fields["rank"], unknown.fields["placement"]) == (2, "('Shard', 0)")
    assert labels.of(unknown) == unknown.descriptor


def test_arguments_that_vanished_are_named(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["MutatedView"]
    assert [(v["label"], v["into"], v["reason"]) for v in graph["vanished"]] == [("a", 0, "base"), ("b", 0, "base")]
    assert graph["inputs"][0]["stands_for"] == ["a", "b"]


def test_views_of_an_intermediate_are_paired_with_their_base(graphs: dict[str, dict[str, Any]]) -> None:
    base = next(out for out in graphs["TwoViews"]["outputs"] if out["kind"] == "IntermediateBaseAOTOutput")
    assert base["base_of"] == [0, 1]


def test_subclasses_are_named_with_their_types(graphs: dict[str, dict[str, Any]]) -> None:
    found = {(s["label"], s["type"], len(s["inputs"]), len(s["outputs"])) for s in graphs["Sine"]["subclasses"]}
    assert found == {
        ("x", "TwoTensor", 2, 0),
        ("tangent(output)", "TwoTensor", 2, 0),
        ("output", "TwoTensor", 0, 2),
        ("grad(x)", "TwoTensor", 0, 2),
    }
    assert ("weight", "DTensor") in {(s["label"], s["type"]) for s in graphs["ShardedLinear"]["subclasses"]}
    for graph, file in (("Sine", "two_tensor.py"), ("ShardedLinear", "_api.py")):
        for subclass in graphs[graph]["subclasses"]:
            path, line = Path(subclass["flatten"]["path"]), subclass["flatten"]["line"]
            assert path.name == file
            assert "def __tensor_flatten__" in path.read_text(encoding="utf-8").splitlines()[line - 1]


def test_symbolic_sizes_are_strings(graphs: dict[str, dict[str, Any]]) -> None:
    rows, columns = graphs["SineOfRows"]["inputs"][0]["shape"]
    assert isinstance(rows, str)
    assert columns == 5
