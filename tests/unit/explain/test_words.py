"""Every descriptor class of torch has words, and they say what torch's source says."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch._functorch._aot_autograd import descriptors as D
from torch.utils._dtype_abbrs import dtype_abbrs

from aotlens.explain import words
from aotlens.explain.shapes import bytes_in_words, dtype_in_brief, tensor_in_brief
from aotlens.model import descriptors
from aotlens.model.descriptors import STAGES, Label
from aotlens_tracer.wire.descriptor_map import Descriptor, Graph, VanishedArgument
from unit.explain import maps
from unit.explain.maps import arg, desc, grad, input_slot, out, output_slot, param, tangent

CLASSES = {
    name: cls
    for name, cls in vars(D).items()
    if isinstance(cls, type)
    and issubclass(cls, (D.AOTInput, D.AOTOutput))
    and cls not in (D.AOTInput, D.AOTOutput, D.DifferentiableAOTInput, D.DifferentiableAOTOutput)
}

# One real descriptor of each class, and what its sentence must name: the thing, and the stage that introduced it.
X, Y = D.PlainAOTInput(0), D.PlainAOTOutput(1)
W = D.ParamAOTInput("blocks.0.w")
EXAMPLES = [
    (W, ["`blocks.0.w`", "parameter"], "original calling convention"),
    (D.BufferAOTInput("running_mean"), ["`running_mean`", "buffer"], "original calling convention"),
    (D.DummyAOTInput(7), ["7"], None),
    (X, ["`batch['mask']`", "argument", "as you passed it"], "original calling convention"),
    (D.SubclassGetAttrAOTInput(W, "_data"), ["`_data` piece of parameter `blocks.0.w`"], "subclass unwrapping"),
    (D.SubclassSizeAOTInput(X, 1), ["size of dimension 1 of argument `batch['mask']`"], "subclass unwrapping"),
    (D.SubclassStrideAOTInput(X, 1), ["stride of dimension 1 of argument `batch['mask']`"], "subclass unwrapping"),
    (D.ViewBaseAOTInput(X), ["tensor that argument `batch['mask']` is a view of"], "synthetic base"),
    (D.SyntheticBaseAOTInput(X), ["whole storage of argument `batch['mask']`"], "synthetic base"),
    (D.PhiloxForwardSeedAOTInput(), ["seed", "forward"], "functionalized RNG"),
    (D.PhiloxForwardBaseOffsetAOTInput(), ["offset", "forward"], "functionalized RNG"),
    (D.PhiloxBackwardSeedAOTInput(), ["seed", "backward"], "functionalized RNG"),
    (D.PhiloxBackwardBaseOffsetAOTInput(), ["offset", "backward"], "functionalized RNG"),
    (D.ForwardTokenAOTInput(0), ["token 0", "into the forward"], "effect tokens"),
    (D.BackwardTokenAOTInput(0), ["token 0", "into the backward"], "effect tokens"),
    (D.TangentAOTInput(Y), ["tangent of output `out.logits`"], "joint graph"),
    (Y, ["output `out.logits`"], "original calling convention"),
    (D.InputMutationAOTOutput(X), ["new value of argument `batch['mask']`", "in place"], "mutation and alias handling"),
    (D.IntermediateBaseAOTOutput(Y), ["output `out.logits` is a view of"], "mutation and alias handling"),
    (D.MetadataMutationAOTOutput(2), ["number 2", "shape or strides"], "synthetic base"),
    (D.GradAOTOutput(W), ["gradient of parameter `blocks.0.w`"], "joint graph"),
    (D.PhiloxUpdatedForwardOffsetAOTOutput(), ["offset", "forward"], "functionalized RNG"),
    (D.PhiloxUpdatedBackwardOffsetAOTOutput(), ["offset", "backward"], "functionalized RNG"),
    (D.ForwardTokenAOTOutput(3), ["token 3", "out of the forward"], "effect tokens"),
    (D.BackwardTokenAOTOutput(3), ["token 3", "out of the backward"], "effect tokens"),
    (
        D.SubclassGetAttrAOTOutput(D.GradAOTOutput(W), "_local_tensor"),
        ["`_local_tensor` piece of the gradient of parameter `blocks.0.w`"],
        "subclass unwrapping",
    ),
    (D.SubclassSizeAOTOutput(Y, 0), ["size of dimension 0 of output `out.logits`"], "subclass unwrapping"),
    (D.SubclassStrideAOTOutput(Y, 0), ["stride of dimension 0 of output `out.logits`"], "subclass unwrapping"),
    (D.DummyAOTOutput(7), ["7"], None),
    (D.SavedForBackwardsAOTOutput(4), ["value 4", "keeps for the backward"], "partitioner"),
    (D.SavedForBackwardsNoVcCheckAOTOutput(4), ["value 4", "without a version check", "ctx"], "partitioner"),
]
LABELS = {
    "PlainAOTInput(idx=0)": Label("batch['mask']", "argument"),
    "PlainAOTOutput(idx=1)": Label("out.logits", "output"),
}


def copied(real: object) -> Descriptor:
    """The tracer's copy of one of torch's descriptors."""
    fields = {field.name: getattr(real, field.name) for field in dataclasses.fields(real)}  # type: ignore[arg-type]
    return Descriptor(
        type(real).__name__,
        repr(real),
        real.expr(),  # type: ignore[attr-defined]
        {key: copied(value) if dataclasses.is_dataclass(value) else value for key, value in fields.items()},
    )


def test_every_class_of_torch_is_known_and_exemplified() -> None:
    assert set(CLASSES) == set(STAGES)
    assert {type(real).__name__ for real, _, _ in EXAMPLES} == set(CLASSES)
    assert len(CLASSES) == 31


@pytest.mark.parametrize(("real", "named", "stage"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_a_sentence_names_the_thing_and_the_stage(real: object, named: list[str], stage: str | None) -> None:
    descriptor = copied(real)
    sentence = words.describe(descriptor, LABELS)
    for part in named:
        assert part.lower() in sentence.lower()
    assert sentence[0].isupper() and sentence.endswith(".")
    assert "?" not in sentence and "{" not in sentence and descriptor.kind not in sentence
    if stage is None:
        assert descriptors.stage(descriptor.kind) == "none"
    else:
        assert stage in sentence and stage in descriptors.stage(descriptor.kind)


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_a_legend_names_no_instance(kind: str) -> None:
    sentence = words.legend(kind)
    assert sentence.endswith(".") and "?" not in sentence and "{" not in sentence and "unknown" not in sentence
    assert words.role(kind, {}) and words.role(kind, {}) != words.role(None)


def test_stages_are_those_of_the_table_in_torch_own_documentation() -> None:
    """The docstring of descriptors.py ends in a table: phase, inputs introduced, outputs introduced."""
    documentation = D.__doc__ or ""
    phases = {
        "Begin": descriptors.CONVENTION,
        "Precompile synthetic base": descriptors.BASES,
        "Prepare for autograd": descriptors.ALIASING,
        "Create joint": descriptors.AUTOGRAD,
        "Precompile subclass": descriptors.SUBCLASSES,
        "Effect tokens": descriptors.TOKENS,
    }
    phase, checked = "", set()
    start, end = documentation.index("    Begin          "), documentation.index("    End          ")
    for line in documentation[start:end].splitlines():
        phase = line[4:32].strip() or phase
        for word in line[32:].split():
            # "w/ InputMutationAOTOutput" says what a tangent may wrap; the metadata trace only repeats other phases.
            if word in CLASSES and phase in phases and f"w/ {word}" not in line:
                assert descriptors.stage(word) == phases[phase], word
                checked.add(word)
    assert len(checked) == 15


def test_nested_descriptors_read_well() -> None:
    nested = desc(
        "SubclassGetAttrAOTOutput", base=desc("SubclassGetAttrAOTOutput", base=grad(param("w")), attr="a"), attr="b"
    )
    assert words.name(nested) == "the `b` piece of the `a` piece of the gradient of parameter `w`"
    mutation = desc("InputMutationAOTOutput", mutated_input=desc("ViewBaseAOTInput", base_of=arg(0)))
    assert words.name(tangent(mutation), {arg(0).descriptor: Label("x", "argument")}) == (
        "the tangent of the new value of the tensor that argument `x` is a view of"
    )


@pytest.mark.parametrize(
    ("descriptor", "expected"),
    [
        (param("w"), "parameter"),
        (desc("SubclassGetAttrAOTInput", base=param("w"), attr="a"), "parameter piece"),
        (desc("SubclassGetAttrAOTOutput", base=grad(param("w")), attr="a"), "gradient piece"),
        (
            desc("SubclassSizeAOTInput", base=desc("SubclassGetAttrAOTInput", base=arg(0), attr="a"), idx=0),
            "argument size",
        ),
        (desc("SubclassGetAttrAOTInput", base=tangent(out(0)), attr="a"), "tangent piece"),
        (desc("InputMutationAOTOutput", mutated_input=arg(0)), "mutated input"),
        (desc("FancyRNGNewAOTInput", idx=0), "fancy rng new input"),
    ],
)
def test_roles(descriptor: Descriptor, expected: str) -> None:
    assert words.role(descriptor.kind, descriptor.fields) == expected


def test_an_unknown_class_is_shown_with_its_kind_and_fields() -> None:
    unknown = desc("ShardedViewAOTInput", base=param("w"), rank=3)
    sentence = words.describe(unknown)
    assert "`ShardedViewAOTInput`" in sentence and "parameter `w`" in sentence and "`3`" in sentence
    assert "does not know" in sentence
    assert descriptors.stage(unknown.kind) == "unknown"
    assert words.name(grad(unknown)).startswith("the gradient of the sharded view input")


def test_a_known_class_with_other_fields_raises_nothing() -> None:
    for kind in set(STAGES):
        assert words.describe(Descriptor(kind, f"{kind}()", None, {}))


def test_a_missing_gradient_is_not_described_as_if_it_were_there() -> None:
    missing = output_slot(3, grad(param("w")), "grad(w)", None, None, None)
    assert words.meaning(missing) == "The gradient of parameter `w` does not exist."
    present = output_slot(3, grad(param("w")), "grad(w)", "float32", (2,), "mm")
    assert "does not exist" not in words.meaning(present)


def test_slots_without_descriptor() -> None:
    empty = output_slot(3, None, "", None, None, None)
    assert "requires none" in words.meaning(empty)
    assert "no descriptor" in words.meaning(input_slot(0, None, "x", "float32", ()))


def test_labels_come_from_slots_pieces_and_vanished_arguments() -> None:
    graph = Graph(
        "dynamo",
        (
            input_slot(0, arg(0), "batch['x']", "float32", (2,)),
            input_slot(1, desc("SubclassGetAttrAOTInput", base=arg(1), attr="a"), "y.a", "float32", (2,)),
            input_slot(2, desc("SubclassSizeAOTInput", base=arg(1), idx=0), "y.size(0)", None, None),
            input_slot(3, param("w"), "w", "float32", ()),
        ),
        (output_slot(0, desc("SubclassGetAttrAOTOutput", base=out(0), attr="a"), "output.a", "float32", (), "mm"),),
        vanished=(VanishedArgument("z", "args[2]", None, "unknown"),),
    )
    assert descriptors.labels_of(graph) == {
        "PlainAOTInput(idx=0)": Label("batch['x']", "argument"),
        "PlainAOTInput(idx=1)": Label("y", "argument"),
        "PlainAOTInput(idx=2)": Label("z", "argument"),
        "PlainAOTOutput(idx=0)": Label("output", "output"),
    }
    aliases = maps.aliases().graphs[0]
    assert words.name(aliases.inputs[1].as_descriptor(), descriptors.labels_of(aliases)).endswith(
        "argument `a` is a view of"
    )  # type: ignore[arg-type]


def test_dtypes_are_abbreviated_as_torch_does() -> None:
    for dtype, short in dtype_abbrs.items():
        name = str(dtype).removeprefix("torch.")
        assert dtype_in_brief(name) in (short, name)
    assert dtype_in_brief(str(torch.bfloat16)) == "bf16"


def test_shapes_and_bytes_in_brief() -> None:
    assert tensor_in_brief("float32", (2, "s0", 64)) == "f32[2, s0, 64]"
    assert tensor_in_brief("int64", ()) == "i64[]"
    assert tensor_in_brief(None, None) == "—"
    assert [bytes_in_words(n) for n in (0, 1023, 1024, 1572864, (1 << 20) - 1, 5 << 40)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.5 MiB",
        "1.0 MiB",
        "5.0 TiB",
    ]
    assert bytes_in_words(None) == "—" and bytes_in_words("4*s0") == "4*s0 B"
