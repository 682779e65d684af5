"""Names from a log alone, and what is said about those that are not certain."""

import pytest

from aotlens.logs import mangled
from aotlens.logs.alignment import aligned, are_equal, can_be_equal
from aotlens.logs.calls import calls_of
from aotlens.logs.named import GraphNames
from unit.logs.kept_logs import brief, names_in, text_of


def graph(text: str, kind: str, number: int = 0) -> GraphNames:
    return [names for names in names_in(text).graphs if names.graph.kind == kind][number]


def test_a_joint_graph_has_the_names_of_dynamos_inputs() -> None:
    first, second = (graph(text_of("graph_break.log"), "joint", number) for number in range(2))
    assert list(map(brief, first.inputs)) == [
        ("primals_1", "parameter", "up.weight"),
        ("primals_2", "parameter", "up.bias"),
        ("primals_3", "argument", "x"),
        ("tangents_1", "tangent", None),
    ]
    assert list(map(brief, second.inputs))[:4] == [
        ("primals_1", "local", "h"),
        ("primals_2", "parameter", "down.weight"),
        ("primals_3", "parameter", "down.bias"),
        ("primals_4", "buffer", "b"),
    ]
    assert first.inputs[3].of == "addmm"
    assert first.inputs[3].made is not None and first.inputs[3].made.code == "h=self.up(x)"
    assert [(value.role, value.name, value.of) for value in first.outputs[1:]] == [
        ("gradient", "up.weight", "primals_1"),
        ("gradient", "up.bias", "primals_2"),
        ("gradient", "x", "primals_3"),
    ]
    assert first.inputs[0].gradient == 1
    assert first.doubts == ()


def test_sizes_tangents_and_saved_values() -> None:
    text = text_of("dynamic_shapes.log")
    joint, forward, backward = (graph(text, kind) for kind in ("joint", "forward", "backward"))
    assert brief(joint.inputs[2]) == ("primals_3", "size", "x.size(0)")
    assert joint.inputs[5].name == "a_b.weight"
    assert joint.inputs[5].doubts == ("mangled",)
    # Outputs 0 and 3 can have gradients of their own: 1 is a view of 0, and 2 is of booleans.
    assert [value.tangent for value in joint.outputs[:4]] == [9, None, None, 10]
    assert [brief(value) for value in forward.outputs[4:]] == [
        ("primals_4", "saved", "x"),
        ("primals_6", "saved", "a_b.weight"),
        ("primals_8", "saved", "mask"),
        ("primals_9", "saved", "k"),
        ("relu", "saved", None),
        ("primals_3", "saved", "x.size(0)"),
    ]
    assert brief(backward.inputs[1]) == ("primals_4", "argument", "x")
    assert brief(backward.inputs[5]) == ("relu", "saved", None)
    assert [(value.role, value.name) for value in backward.outputs[:2]] == [
        ("gradient", "up.weight"),
        ("gradient", "up.bias"),
    ]
    inference = graph(text, "inference")
    assert brief(inference.inputs[3]) == ("arg3_1", "argument", "x")


def test_descriptors_say_it_without_any_other_graph() -> None:
    joint = names_in(text_of("export_joint.txt")).graphs[0]
    assert [brief(value)[1:] for value in joint.inputs] == [
        ("parameter", "up.weight"),
        ("parameter", "up.bias"),
        ("parameter", "down.weight"),
        ("parameter", "down.bias"),
        ("buffer", "b"),
        ("argument", "args[0]"),
        ("tangent", None),
    ]
    assert [(value.role, value.name, value.of) for value in joint.outputs] == [
        ("result", None, None),
        ("gradient", "up.weight", "primals_1"),
        ("gradient", "up.bias", "primals_2"),
        ("gradient", "down.weight", "primals_3"),
        ("gradient", "down.bias", "primals_4"),
        ("gradient", "b", "primals_5"),
        ("gradient", "args[0]", "primals_6"),
    ]
    assert joint.outputs[0].tangent == 6


DESCRIBED = """\
===== Joint graph 0 =====
class inner_f(torch.nn.Module):
    def forward(
        self,
        primals,
        tangents,
    ):
        primals_1: "f32[8]"  # ParamAOTInput(target='w')
        primals_2: "f32[8]"  # PlainAOTInput(idx=0)
        tangents_1: "f32[8]"  # TangentAOTInput(output=PlainAOTOutput(idx=0))
        primals_1, primals_2, tangents_1, = fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)
        sin: "f32[8]" = torch.ops.aten.sin.default(primals_1)
        mul: "f32[8]" = torch.ops.aten.mul.Tensor(sin, primals_2)
        mul_1: "f32[8]" = torch.ops.aten.mul.Tensor(tangents_1, primals_2)
        return pytree.tree_unflatten([
            mul,  # PlainAOTOutput(idx=0)
            mul_1,  # GradAOTOutput(grad_of=ParamAOTInput(target='w'))
            None,  # None
        ], self._out_spec)
===== Backward graph 0 =====
class GraphModule(torch.nn.Module):
    def forward(
        self,
        primals_2: "f32[8]",  # PlainAOTInput(idx=0)
        sin: "f32[8]",
        tangents_1: "f32[8]",  # TangentAOTInput(output=PlainAOTOutput(idx=0))
    ):
        mul_1: "f32[8]" = torch.ops.aten.mul.Tensor(tangents_1, primals_2)
        return (
            mul_1,  # GradAOTOutput(grad_of=ParamAOTInput(target='w'))
            None,  # None
        )
"""


def test_a_described_backward_graph_takes_what_it_lacks_from_the_joint_graph() -> None:
    backward = graph(DESCRIBED, "backward")
    assert list(map(brief, backward.inputs)) == [
        ("primals_2", "argument", "args[0]"),
        ("sin", "saved", None),
        ("tangents_1", "tangent", None),
    ]
    assert [(value.role, value.name, value.of) for value in backward.outputs] == [
        ("gradient", "w", "primals_1"),
        ("gradient", "args[0]", "primals_2"),
    ]


def test_a_tangent_belongs_to_a_result_that_depends_on_something_with_a_gradient() -> None:
    text = """\
===== Joint graph 0 =====
class inner_f(torch.nn.Module):
    def forward(self, primals, tangents):
        primals_1: "f32[8]"; primals_2: "f32[8]"; tangents_1: "f32[8]"; 
        primals_1, primals_2, tangents_1, = fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)
        sin: "f32[8]" = torch.ops.aten.sin.default(primals_2)
        cos: "f32[8]" = torch.ops.aten.cos.default(primals_1)
        mul: "f32[8]" = torch.ops.aten.mul.Tensor(tangents_1, primals_1)
        return pytree.tree_unflatten([sin, cos, mul, None], self._out_spec)
"""
    assert [value.tangent for value in graph(text, "joint").outputs] == [None, 2, None, None]


def test_a_signature_and_a_graph_document_say_it() -> None:
    exported = names_in(text_of("exported_program.txt")).graphs[0]
    assert brief(exported.inputs[0]) == ("p_up_weight", "parameter", "up.weight")
    assert brief(exported.inputs[5]) == ("x", "argument", "x")
    document = names_in(text_of("graph_document.txt")).graphs[0]
    assert [brief(value) for value in document.inputs][4:] == [
        ("primals_5", "buffer", "b"),
        ("primals_6", "argument", "x"),
        ("tangents_1", "tangent", "output"),
    ]


DYNAMO = """\
class GraphModule(torch.nn.Module):
    def forward(self, L_x_: "f32[4, 8]", L_self_parameters_w_: "f32[8]", L_y_: "f32[4, 8]"):
        l_x_ = L_x_
        mul: "f32[4, 8]" = l_x_ * L_self_parameters_w_
        return (mul,)
"""
JOINT = """\
===== Joint graph 0 =====
class inner_f(torch.nn.Module):
    def forward(self, primals, tangents):
        {types}
        {names}, = fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)
        mul: "f32[4, 8]" = torch.ops.aten.mul.Tensor(primals_1, primals_2)
        return pytree.tree_unflatten([mul, None, None], self._out_spec)
"""


def joint(*types: str) -> str:
    names = [f"primals_{number}" for number in range(1, len(types))] + ["tangents_1"]
    pairs = "; ".join(f'{name}: "{text}"' for name, text in zip(names, types, strict=True))
    return JOINT.format(types=pairs, names=", ".join(names))


def test_fewer_inputs_than_dynamo_has_are_named_where_types_leave_one_way() -> None:
    names = graph(DYNAMO + joint("f32[4, 8]", "f32[8]", "f32[4, 8]"), "joint")
    assert names.doubts == ("nearest graph", "counts differ")
    assert [value.name for value in names.inputs] == ["x", "w", None]
    assert names.inputs[0].doubts == ("nearest graph", "counts differ")
    unsure = graph(DYNAMO + joint("f32[4, 8]", "f32[4, 8]"), "joint")
    assert [brief(value)[1:] for value in unsure.inputs] == [("unknown", None), ("tangent", None)]


def test_other_types_are_a_doubt() -> None:
    names = graph(DYNAMO + joint("f32[4, 8]", "f32[8, 8]", "f32[4, 8]", "f32[4, 8]"), "joint")
    assert [value.name for value in names.inputs] == ["x", "w", "y", None]
    assert "types differ" in names.inputs[1].doubts
    assert "types differ" not in names.inputs[0].doubts


def test_no_names_without_dynamos_graph() -> None:
    names = graph(joint("f32[4, 8]", "f32[8]", "f32[4, 8]"), "joint")
    assert [value.role for value in names.inputs] == ["unknown", "unknown", "tangent"]


def test_graphs_of_other_ranks_and_compiles_are_not_taken() -> None:
    prefix = "[rank{}]:V0301 10:11:12.123456 {} torch/x.py:1] [{}] "
    lines = [prefix.format(0, 70, "0/0") + line for line in DYNAMO.splitlines()]
    lines += [
        prefix.format(1, 71, "0/0") + line
        for line in joint("f32[4, 8]", "f32[8]", "f32[4, 8]", "f32[4, 8]").splitlines()
    ]
    assert [value.role for value in graph("\n".join(lines), "joint").inputs][:3] == ["unknown"] * 3


SOURCE = "L['self']._modules['a-b']._parameters['w']"


@pytest.mark.parametrize(
    "said",
    [
        f"create_graph_input L_self_modules_a_b_parameters_w_ {SOURCE} Parameter(…) at debug_level 0",
        f"[__guards] | | +- GuardManager: source={SOURCE}, accessed_by=DictGetItemGuardAccessor('w')",
    ],
)
def test_exact_names_where_the_log_has_dynamos_sources(said: str) -> None:
    prefix = "V0301 10:11:12.123456 77 torch/x.py:1] [0/0] "
    dynamo = DYNAMO.replace("L_self_parameters_w_", "L_self_modules_a_b_parameters_w_")
    lines = (dynamo + joint("f32[4, 8]", "f32[8]", "f32[4, 8]", "f32[4, 8]")).splitlines()
    text = "\n".join(prefix + line for line in [*lines, said])
    value = graph(text, "joint").inputs[1]
    assert (value.name, value.known_by, value.doubts) == ("a-b.w", "source", ())
    size = "create_symbol s77 = 4 for L['batch']['x'].size()[0] [2, int_oo]"
    text = "\n".join(prefix + line for line in [size, *(line.replace("L_y_", "s77") for line in lines)])
    assert graph(text, "joint").inputs[2].name == "batch['x'].size(0)"


def test_the_names_of_torch_before_2_5() -> None:
    """Dynamo's graph calls modules itself; AOTAutograd puts their parameters before the arguments."""
    text = """\
class GraphModule(torch.nn.Module):
    def forward(self, L_x_ : torch.Tensor):
        l_x_ = L_x_
        # File: /home/user/model.py:7, code: return self.up(x)
        l__self___up = self.L__self___up(l_x_);  l_x_ = None
        return (l__self___up,)
===== Joint graph 0 =====
class joint_helper(torch.nn.Module):
    def forward(self, primals, tangents):
        primals_1: "f32[16, 8]"; primals_2: "f32[16]"; primals_3: "f32[4, 8]"; tangents_1: "f32[4, 16]"
        primals_1, primals_2, primals_3, tangents_1, = fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)
        # File: /home/user/model.py:7, code: return self.up(x)
        addmm: "f32[4, 16]" = torch.ops.aten.addmm.default(primals_2, primals_3, primals_1)
        return pytree.tree_unflatten([addmm, None, None, None], self._out_spec)
"""
    names = graph(text, "joint")
    assert [(value.name, value.role) for value in names.inputs] == [
        (None, "unknown"), (None, "unknown"), ("x", "argument"), (None, "tangent"),
    ]  # fmt: skip
    assert "counts differ" in names.inputs[2].doubts


def test_mentions_are_named_by_their_compile() -> None:
    text = text_of("graph_break.log") + (
        "W1127 14:53:36.0 4711 torch/x.py:1] [0/0_1] primals_3 is not contiguous\n"
        "Traceback: primals_1, getitem_9 and threshold_backward\n"
    )
    found = {(item.mention.name, item.mention.compile.frame): item.found for item in names_in(text).mentions}
    ((_, value),) = found["primals_3", "0/0_1"]
    assert (value.role, value.name) == ("argument", "x")
    ((_, value),) = found["primals_1", "0/0_1"]
    assert value.name == "up.weight"
    assert not found["getitem_9", "0/0_1"]


def test_a_mention_in_a_text_without_compile_ids_has_all_meanings() -> None:
    text = DYNAMO + joint("f32[4, 8]", "f32[8]", "f32[4, 8]", "f32[4, 8]")
    other = text.replace("L_x_", "L_z_")
    ((item,)) = names_in(text + other + "error at primals_1\n").mentions
    assert sorted(value.name or "" for _, value in item.found) == ["x", "z"]


def test_the_graphs_of_one_call_belong_together() -> None:
    calls = calls_of(names_in(text_of("dynamic_shapes.log")))
    assert [(call.compile.frame, [names.graph.kind for names in call.graphs]) for call in calls] == [
        ("0/0", ["dynamo", "joint", "forward", "backward"]),
        ("1/0", ["dynamo", "body", "joint", "forward", "backward"]),
        ("0/1", ["dynamo", "inference"]),
    ]
    assert calls[0].main.graph.kind == "joint"
    assert calls_of(names_in(text_of("graph_break.log")))[1].resumes == ("forward", 10)


@pytest.mark.parametrize(
    ("node", "role", "name", "is_exact"),
    [
        ("L_self_modules_up_parameters_weight_", "parameter", "up.weight", True),
        (
            "L_self_modules_layers_modules_0_modules_bn_buffers_running_mean_",
            "buffer",
            "layers.0.bn.running_mean",
            False,
        ),
        ("L_self_parameters_w_", "parameter", "w", True),
        ("L_self_modules_gains_parameters_0_", "parameter", "gains.0", True),
        ("L_self_table", "attribute", "table", True),
        ("L_x_", "argument", "x", True),
        ("L_cfg_w_", "argument", "cfg_w", False),
        ("L_args_0_", "argument", "args[0]", False),
        ("L_kwargs_mask_", "argument", "kwargs['mask']", False),
        ("G_model_modules_up_parameters_weight_", "parameter", "model.up.weight", True),
        ("L_stack0_", "local", "___stack0", True),
        ("l_x_", "argument", "x", True),
    ],
)
def test_names_that_dynamo_mangled(node: str, role: str, name: str | None, is_exact: bool) -> None:
    assert mangled.of_placeholder(node, False) == mangled.ReadName(role, name, is_exact)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "role", "name"),
    [
        ("L['self']._modules['a-b']._parameters['weight']", "parameter", "a-b.weight"),
        ("L['self']._modules['bn']._buffers['running_mean']", "buffer", "bn.running_mean"),
        ("L['self']._modules['net'].table", "attribute", "net.table"),
        ("L['self'].table", "attribute", "table"),
        ("L['batch']['mask']", "argument", "batch['mask']"),
        ("L['x'].size()[0]", "size", "x.size(0)"),
        ("G['scale']", "global", "scale"),
    ],
)
def test_names_in_sources_of_dynamo(source: str, role: str, name: str) -> None:
    assert mangled.of_source(source, False) == mangled.ReadName(role, name, True)  # type: ignore[arg-type]


def test_the_names_of_code_after_a_break_are_locals() -> None:
    assert mangled.of_placeholder("L_h_", True) == mangled.ReadName("local", "h", True)


def test_types_are_compared_without_strides_and_symbols() -> None:
    assert can_be_equal("f32[4, 8][8, 1]cpu", "f32[4, 8]")
    assert can_be_equal("f32[s0, 8]", "f32[4, 8]")
    assert can_be_equal(None, "f32[4]")
    assert not can_be_equal("f32[4, 8]", "f32[8, 4]")
    assert not can_be_equal("f32[4]", "i64[4]")
    assert not can_be_equal("f32[]", "Sym(s0)")


def test_an_alignment_is_given_where_only_one_is_possible() -> None:
    assert aligned(["f32[4]", "f32[8]"], ["f32[4]", "i64[2]", "f32[8]"]) == [0, 2]
    assert aligned(["f32[4]"], ["f32[4]", "f32[4]"]) == [None]
    assert aligned(["f32[4]", "f32[2]"], ["f32[4]"]) == [None, None]
    assert aligned(["f32[3]"], ["f32[4]"]) == [None]


def test_random_numbers_on_a_gpu_have_inputs_and_outputs_of_their_own() -> None:
    text = text_of("cuda_random_numbers.log")
    joint, forward = graph(text, "joint"), graph(text, "forward")
    assert [(value.value.node, value.role) for value in joint.inputs[5:]] == [
        ("tangents_1", "tangent"),
        ("fwd_seed_1", "random state"),
        ("fwd_base_offset_1", "random state"),
        ("bwd_seed_1", "random state"),
        ("bwd_base_offset_1", "random state"),
    ]
    # The descriptors of the same run in its TORCH_TRACE: a new offset follows the results, another the gradients.
    assert [(value.value.node, value.role, value.of) for value in joint.outputs] == [
        ("addmm_1", "result", None),
        ("mul_2", "random state", None),
        ("t_8", "gradient", "primals_1"),
        ("view_1", "gradient", "primals_2"),
        (None, "gradient", "primals_3"),
        ("t_5", "gradient", "primals_4"),
        ("view", "gradient", "primals_5"),
        ("bwd_base_offset_1", "random state", None),
    ]
    assert [value.role for value in forward.outputs[:2]] == ["result", "random state"]
    assert {value.role for value in forward.outputs[2:]} == {"saved"}


def test_a_constant_among_the_results_has_no_incoming_gradient() -> None:
    joint = graph(text_of("cuda_dynamic.log"), "joint")
    assert [value.value.node for value in joint.outputs[:4]] == ["primals_1", "primals_2", None, "getitem"]
    assert [value.tangent for value in joint.outputs[:4]] == [None, None, None, 5]


def test_a_symbolic_size_is_no_other_size_of_the_same_graph() -> None:
    results = ["f32[s77, 16][16, 1]cpu", "f32[2, 16][16, 1]cpu"]
    assert aligned(["f32[s77, 16]"], results) == [None]
    assert aligned(["f32[s77, 16]"], results, are_equal) == [0]
