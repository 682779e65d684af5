"""Descriptor maps made by hand, as the tracer makes them: a deep model, one of everything, subclasses, a failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aotlens_tracer.wire.advice import StatedAdvice
from aotlens_tracer.wire.descriptor_map import (
    Argument,
    Descriptor,
    DescriptorMap,
    Example,
    Expected,
    Failure,
    Finding,
    Frame,
    Graph,
    GraphBreak,
    Input,
    Mesh,
    Operation,
    Output,
    Partition,
    Piece,
    Placement,
    Saved,
    Seconds,
    Sharding,
    Span,
    Subclass,
    Target,
    VanishedArgument,
)
from aotlens_tracer.wire.failures import stated
from aotlens_tracer.wire.findings import Cut, Place, Subject
from aotlens_tracer.wire.places import Expression
from aotlens_tracer.wire.problems import Raised

MODEL = "/home/ada/project/model.py"


def map_of(*graphs: Graph) -> DescriptorMap:
    """A map with these graphs and nothing else."""
    return DescriptorMap(Target(MODEL, "Model"), "traced", "export", graphs=graphs)


def desc(kind: str, expression: str | None = None, /, **fields: Any) -> Descriptor:
    """A descriptor with the repr that a dataclass of torch would have."""
    inside = ", ".join(
        f"{key}={value.descriptor if isinstance(value, Descriptor) else repr(value)}" for key, value in fields.items()
    )
    return Descriptor(kind, f"{kind}({inside})", expression, fields)


def param(name: str) -> Descriptor:
    return desc("ParamAOTInput", f"self.get_parameter({name!r})", target=name)


def arg(index: int) -> Descriptor:
    return desc("PlainAOTInput", f"args[{index}]", idx=index)


def out(index: int) -> Descriptor:
    return desc("PlainAOTOutput", f"output[{index}]", idx=index)


def grad(of: Descriptor) -> Descriptor:
    return desc("GradAOTOutput", f"__grad({of.expression})", grad_of=of)


def tangent(of: Descriptor) -> Descriptor:
    return desc("TangentAOTInput", f"__output_tangent({of.expression})", output=of)


def input_slot(
    index: int,
    descriptor: Descriptor | None,
    label: str,
    dtype: str | None,
    shape: Any,
    node: str | None = None,
    **more: Any,
) -> Input:
    d = descriptor
    return Input(
        index,
        node or f"primals_{index + 1}",
        d.kind if d else None,
        d.descriptor if d else None,
        d.expression if d else None,
        label,
        dtype,
        shape,
        d.fields if d else {},
        **more,
    )


def output_slot(
    index: int, descriptor: Descriptor | None, label: str, dtype: str | None, shape: Any, node: str | None, **more: Any
) -> Output:
    d = descriptor
    return Output(
        index,
        node,
        d.kind if d else None,
        d.descriptor if d else None,
        d.expression if d else None,
        label,
        dtype,
        shape,
        d.fields if d else {},
        **more,
    )


def deep(layers: int = 32) -> DescriptorMap:
    """A decoder of equal layers: six parameters each, one of them without a gradient in layer 5."""
    parts = [
        ("attn.norm.weight", (1024,), 31),
        ("attn.qkv.weight", (3072, 1024), 32),
        ("attn.proj.weight", (1024, 1024), 33),
        ("mlp.norm.weight", (1024,), 44),
        ("mlp.fc1.weight", (4096, 1024), 45),
        ("mlp.fc2.weight", (1024, 4096), 46),
    ]
    names: list[tuple[str, Any, int]] = [("embed.weight", (32000, 1024), 60)]
    names += [(f"layers.{layer}.{name}", shape, line) for layer in range(layers) for name, shape, line in parts]
    count = len(names)
    inputs, outputs, saved = (
        [],
        [
            output_slot(
                0,
                out(0),
                "output.logits",
                "float32",
                (2, 128, 32000),
                "view_300",
                tangent=count + 3,
                source=Span(MODEL, 71, 16, 71, 40),
            )
        ],
        [],
    )
    for index, (name, shape, line) in enumerate(names):
        inputs.append(
            input_slot(
                index,
                param(name),
                name,
                "float32",
                shape,
                definition=Span(MODEL, line, 9),
                gradient=index + 1,
                requires_grad=True,
                used=True,
            )
        )
    for index, (name, shape, _) in enumerate(names):
        missing = name == f"layers.{min(5, layers - 1)}.mlp.fc2.weight"
        outputs.append(
            output_slot(
                index + 1,
                grad(param(name)),
                f"grad({name})",
                None if missing else "float32",
                None if missing else shape,
                None if missing else f"mm_{3 * (count - index)}",
                gradient_of=index,
                source=None if missing else Span(MODEL, 50 + index % 6, 13),
            )
        )
    inputs.append(
        input_slot(
            count,
            desc("BufferAOTInput", "self.get_buffer('rope')", target="rope"),
            "rope",
            "float32",
            (128, 64),
            definition=Span(MODEL, 61, 9),
        )
    )
    inputs.append(input_slot(count + 1, arg(0), "batch['input_ids']", "int64", (2, 128)))
    inputs.append(input_slot(count + 2, arg(1), "batch['attention_mask']", "bool", (2, 1, 128, 128)))
    inputs.append(
        input_slot(
            count + 3, tangent(out(0)), "tangent(output.logits)", "float32", (2, 128, 32000), "tangents_1", tangent_of=0
        )
    )
    outputs += [output_slot(len(outputs) + i, None, "", None, None, None) for i in range(3)]
    for layer in range(layers):
        saved.append(
            Saved(
                f"gelu_{layer}",
                "SavedForBackwardsAOTOutput",
                4 << 20,
                None,
                "F.gelu(self.fc1(x))",
                "float32",
                (2, 128, 4096),
                Span(MODEL, 50, 20),
            )
        )
        saved.append(
            Saved(
                f"view_{7 * layer}",
                "SavedForBackwardsAOTOutput",
                1 << 20,
                None,
                "self.norm(x)",
                "float32",
                (2, 128, 1024),
                Span(MODEL, 38, 20),
            )
        )
        saved.append(
            Saved(
                f"t_{layer}",
                "SavedForBackwardsAOTOutput",
                16 << 20,
                f"primals_{2 + 6 * layer}",
                "self.fc1(x)",
                "float32",
                (1024, 4096),
                Span(MODEL, 50, 27),
            )
        )
    saved.append(Saved("sym_size", "SavedForBackwardsAOTOutput", None, None, "x.shape[1]", None, None, Span(MODEL, 66)))
    return DescriptorMap(
        Target(MODEL, "Decoder", 58),
        "traced",
        "export",
        Example(
            "pinned",
            constructor="Decoder(Config(dim=1024, layers=32))",
            arguments=(Argument("batch", "{'input_ids': i64[2, 128], 'attention_mask': b8[2, 1, 128, 128]}"),),
            source=Span(MODEL, 57, 1),
            mode="train",
        ),
        (Graph("dynamo", tuple(inputs), tuple(outputs), tuple(saved)),),
        findings=(
            Finding(
                "parameter-without-gradient",
                MODEL,
                52,
                13,
                (Subject("parameter", "layers.5.mlp.fc2.weight"),),
                Cut("detach", (Expression("x.detach()", Span(MODEL, 53, 9)),)),
                (Place("cut", Span(MODEL, 53, 9)),),
            ),
        ),
        seconds=Seconds(0.1, 0.2, 3.0, 0.4, 3.7),
        torch="2.13.0+cpu",
    )


def aliases() -> DescriptorMap:
    """Arguments that are changed in place, share memory and vanish; outputs that share a base; an effect token."""
    x, base = arg(0), desc("ViewBaseAOTInput", "args[1]._base", base_of=arg(1))
    hidden = desc("IntermediateBaseAOTOutput", "__intermediate_base(output[0])", base_of=out(0))
    token_in = desc("ForwardTokenAOTInput", "__forward_token0", idx=0)
    token_out = desc("ForwardTokenAOTOutput", "__forward_token0", idx=0)
    mutated = desc("InputMutationAOTOutput", "__input_mutation(args[1]._base)", mutated_input=base)
    inputs = (
        input_slot(0, token_in, "forward_token0", "float32", (0,), "token", token=0),
        input_slot(1, base, "base(a)", "float32", (8, 4), "primals_1", mutation=1, stands_for=("a", "b")),
        input_slot(2, x, "x|y", "float32", ("s77", "s77//2 + 1"), "primals_2", gradient=5, requires_grad=True),
        input_slot(
            3,
            param("head.weight"),
            "head.weight",
            "bfloat16",
            (4, 4),
            "primals_3",
            definition=Span("/usr/lib/python3.11/site-packages/transformers/models/llama/modeling_llama.py", 1042, 9),
            tied_to=("embed.weight",),
            gradient=6,
            requires_grad=True,
            used=False,
        ),
        input_slot(
            4, param("scale"), "scale", "float32", (), "primals_4", definition=Span(MODEL, 9, 9), requires_grad=False
        ),
        input_slot(5, tangent(hidden), "tangent(base(output[0]))", "float32", (8, 4), "tangents_1", tangent_of=4),
    )
    outputs = (
        output_slot(0, token_out, "forward_token0", "float32", (0,), "getitem", token=0),
        output_slot(1, mutated, "mutated(base(a))", "float32", (8, 4), "as_strided_scatter", mutation_of=1),
        output_slot(2, out(0), "output[0]", "float32", (32,), "view", source=Span(MODEL, 20, 16)),
        output_slot(3, out(1), "output[1]", "float32", (32,), "view_1", source=Span(MODEL, 20, 16)),
        output_slot(4, hidden, "base(output[0])", "float32", (8, 4), "mul", base_of=(2,), tangent=5),
        output_slot(5, grad(x), "grad(x|y)", "float32", ("s77", "s77//2 + 1"), "mul_2", gradient_of=2),
        output_slot(6, grad(param("head.weight")), "grad(head.weight)", None, None, None, gradient_of=3),
    )
    return DescriptorMap(
        Target(MODEL, "step", 12),
        "traced",
        "export",
        Example(
            "inferred", arguments=(Argument("x", "f32[6, 4]"), Argument("a", "f32[8, 2]"), Argument("b", "f32[8, 2]"))
        ),
        (
            Graph(
                "direct",
                inputs,
                outputs,
                (Saved("mul_1", "SavedForBackwardsNoVcCheckAOTOutput", 128, None, "x * 2 | 1", "float32", (8, 4)),),
                vanished=(
                    VanishedArgument("a", "args[1]", 1, "base"),
                    VanishedArgument("b", "args[2]", 1, "base"),
                    VanishedArgument("c", "args[3]", 2, "deduplication"),
                ),
            ),
        ),
        graph_breaks=(
            GraphBreak("Unsupported: call to `print`", MODEL, 15, ("Move it out of [forward].",)),
            GraphBreak("builtin"),
        ),
        seconds=Seconds(total=0.31),
        torch="2.13.0+cpu",
    )


FLATTEN = Span("/lib/torch/testing/_internal/two_tensor.py", 42)
MESH = Mesh((2, 4), ("dp", "tp"), (0, 0), "cpu")
SHARDED = Sharding(MESH, (Placement("Replicate", "Replicate()"), Placement("Shard", "Shard(dim=0)", 0)))


def sharded(label: str, role: str, **slots: tuple[int | None, int | None]) -> Subclass:
    """A DTensor `f32[8, 8]` whose rows are sharded on four ranks; the slots of its pieces as `input=(0, 1)`."""
    inputs, outputs = slots.get("input", (None, None)), slots.get("output", (None, None))
    pieces = (
        Piece("_local_tensor", "tensor", None, (2, 8), "float32", inputs[0], outputs[0]),
        Piece("device_mesh", "opaque", "DeviceMesh", None, None, inputs[1], outputs[1], "DeviceMesh((dp=2, tp=4))"),
    )
    return Subclass(
        label,
        "DTensor",
        tuple(index for index in inputs if index is not None),
        tuple(index for index in outputs if index is not None),
        role=role,
        shape=(8, 8),
        dtype="float32",
        pieces=pieces,
        sharding=SHARDED,
        gradient=Expected("DTensor", SHARDED) if role == "parameter" else None,
    )


def subclasses() -> DescriptorMap:
    """Four linear layers with DTensor weights: each is a local tensor and a device mesh."""
    inputs, outputs, groups = [], [output_slot(0, out(0), "output", "float32", (2, 8), "addmm", tangent=8)], []
    for layer in range(4):
        name = f"net.{layer}.weight"
        for attr, facts in (("_local_tensor", ("float32", (2, 8))), ("device_mesh", (None, None))):
            inputs.append(
                input_slot(
                    len(inputs),
                    desc(
                        "SubclassGetAttrAOTInput", f"self.get_parameter({name!r}).{attr}", base=param(name), attr=attr
                    ),
                    f"{name}.{attr}",
                    *facts,
                    gradient=1 + layer if attr == "_local_tensor" else None,
                )
            )
        outputs.append(
            output_slot(
                1 + layer,
                desc("SubclassGetAttrAOTOutput", base=grad(param(name)), attr="_local_tensor"),
                f"grad({name})._local_tensor",
                "float32",
                (2, 8),
                f"t_{layer}",
                gradient_of=2 * layer,
            )
        )
        groups.append(sharded(name, "parameter", input=(2 * layer, 2 * layer + 1)))
        groups.append(sharded(f"grad({name})", "gradient", output=(1 + layer, None)))
    inputs.append(input_slot(8, tangent(out(0)), "tangent(output)", "float32", (2, 8), "tangents_1", tangent_of=0))
    inputs.append(
        input_slot(9, desc("SubclassSizeAOTInput", "args[0].size(1)", base=arg(0), idx=1), "x.size(1)", None, None)
    )
    return DescriptorMap(
        Target(MODEL, "Sharded", 3),
        "traced",
        "export",
        Example(
            "recorded",
            recorded_in="train.py::Trainer",
            constructor="Sharded()",
            arguments=(Argument("x", "f32[2, 8]"),),
        ),
        (Graph("dynamo", tuple(inputs), tuple(outputs), (), tuple(groups)),),
        torch="2.13.0",
    )


def failed() -> DescriptorMap:
    """An example whose shapes do not fit."""
    return DescriptorMap(
        Target(MODEL, "Block", 12),
        "failed",
        "export",
        Example("option", constructor="Block(64)", arguments=(Argument("x", "f32[2, 16, 32]"),), mode="train"),
        failure=Failure(
            "forward",
            "error",
            Raised(
                "RuntimeError",
                "a and b must have same reduction dim, but got [32, 32] X [64, 256].\nSee [docs] for more.",
            ),
            MODEL,
            22,
            16,
            StatedAdvice("the example's x is f32[2, 16, 32]; self.fc1 expects 64 features"),
            (
                Frame(MODEL, 30, "Model.forward", "return self.block(x)"),
                Frame(MODEL, 22, "Block.forward", "    h = self.fc1(x)"),
            ),
            "Traceback (most recent call last): …",
        ),
    )


def untraced() -> DescriptorMap:
    """A target that was never reached: nothing is known but the failure."""
    return DescriptorMap(
        Target("/elsewhere/gone.py", "Gone"), "failed", "export", failure=stated("target", "timeout", "no answer")
    )


def _op(name: str, op: str, *operands: str, forward: str | None = "f") -> Operation:
    return Operation(name, op, "", operands, True, "float32", (4,), forward=forward)


def two_outputs(in_pieces: bool = False) -> Graph:
    """Two outputs of one trunk, whose gradients are added; a head of the first alone.

    With `in_pieces`, the gradient of the head is a tensor subclass with two pieces.
    """
    inputs = (
        input_slot(0, param("trunk"), "trunk", "float32", (4,), "primals_1", gradient=2),
        input_slot(1, param("head"), "head", "float32", (4,), "primals_2", gradient=3),
        input_slot(2, tangent(out(0)), "tangent(output[0])", "float32", (4,), "tangents_1", tangent_of=0),
        input_slot(3, tangent(out(1)), "tangent(output[1])", "float32", (4,), "tangents_2", tangent_of=1),
    )
    outputs = (
        output_slot(0, out(0), "output[0]", "float32", (4,), "mul", tangent=2),
        output_slot(1, out(1), "output[1]", "float32", (4,), "exp", tangent=3),
        output_slot(2, grad(param("trunk")), "grad(trunk)", "float32", (4,), "mul_4", gradient_of=0),
        output_slot(3, grad(param("head")), "grad(head)", "float32", (4,), "mul_1", gradient_of=1),
    )
    operations = (
        _op("mul_1", "aten.mul.Tensor", "tangents_1", "hidden"),
        _op("mul_2", "aten.mul.Tensor", "tangents_1", "primals_2"),
        _op("mul_3", "aten.mul.Tensor", "tangents_2", "exp"),
        _op("add", "aten.add.Tensor", "mul_2", "mul_3", forward=None),
        _op("mul_4", "aten.mul.Tensor", "add", "hidden"),
    )
    kept = [
        Saved(name, "SavedForBackwardsAOTOutput", 16, alias, name, "float32", (4,))
        for name, alias in (("hidden", None), ("exp", None), ("primals_2", "primals_2"))
    ]
    partition = Partition((), tuple(range(5)), (), ("mul_4", "mul_1"))
    graph = Graph("dynamo", inputs, outputs, tuple(kept), operations=operations, partition=partition)
    return _with_pieces(graph) if in_pieces else graph


def _with_pieces(graph: Graph) -> Graph:
    assert graph.partition is not None
    head = replace(graph.inputs[1], gradient_pieces=(3, 4))
    kinds = [desc("SubclassGetAttrAOTOutput", None, base=grad(param("head")), attr=attr) for attr in "ab"]
    pieces = [
        output_slot(index, kind, f"grad(head).{kind.fields['attr']}", "float32", (4,), "mul_1", gradient_of=1)
        for index, kind in enumerate(kinds, 3)
    ]
    return replace(
        graph,
        inputs=(graph.inputs[0], head, *graph.inputs[2:]),
        outputs=(*graph.outputs[:3], *pieces),
        partition=replace(graph.partition, returns=("mul_4", "mul_1", "mul_1")),
    )


def two_in_two() -> DescriptorMap:
    """A parameter that is a `TwoTensor` of a `TwoTensor` and a tensor, and its gradient; both have three pieces."""
    paths = (("a", "a"), ("a", "b"), ("b",))

    def pieces(side: str) -> tuple[Piece, ...]:
        a, b, c = (Piece(path[-1], "tensor", None, (4, 4), "float32", **{side: n}) for n, path in enumerate(paths))
        inner = Piece("a", "subclass", "TwoTensor", (4, 4), "float32", pieces=(a, b), flatten=FLATTEN)
        return inner, c

    def piece(kind: str, base: Descriptor, path: tuple[str, ...]) -> Descriptor:
        for attr in path:
            base = desc(kind, f"{base.expression}.{attr}", base=base, attr=attr)
        return base

    inputs, outputs = [], []
    for index, path in enumerate(paths):
        name = ".".join(path)
        descriptor = piece("SubclassGetAttrAOTInput", param("weight"), path)
        inputs.append(input_slot(index, descriptor, f"weight.{name}", "float32", (4, 4), gradient=index))
        descriptor = piece("SubclassGetAttrAOTOutput", grad(param("weight")), path)
        label = f"grad(weight).{name}"
        outputs.append(output_slot(index, descriptor, label, "float32", (4, 4), f"mm_{index}", gradient_of=index))
    common = {"flatten": FLATTEN, "shape": (4, 4), "dtype": "float32"}
    expected = Expected("TwoTensor")
    trees = (
        Subclass("weight", "TwoTensor", (0, 1, 2), (), role="parameter", pieces=pieces("input"), **common),
        Subclass("grad(weight)", "TwoTensor", (), (0, 1, 2), role="gradient", pieces=pieces("output"), **common),
    )
    trees = (replace(trees[0], gradient=expected, context=(("block", "32"),)), trees[1])
    return map_of(Graph("dynamo", tuple(inputs), tuple(outputs), (), trees))
