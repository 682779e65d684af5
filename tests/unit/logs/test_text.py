"""Graphs are found in any text, with their inputs, outputs and places."""

import time

import pytest

from aotlens.logs.graphs import CompileId, LoggedGraph, LogPlace
from aotlens.logs.names import names_of
from aotlens.logs.text import parse_log
from unit.logs.kept_logs import log_of, text_of


def nodes(graph: LoggedGraph) -> tuple[list[str | None], list[str | None]]:
    return [value.node for value in graph.inputs], [value.node for value in graph.outputs]


def prefixed(prefix: str, text: str) -> str:
    return "".join(f"{prefix}{line}\n" for line in text.splitlines())


def word(text: str, place: LogPlace | None) -> str:
    assert place is not None
    return text.split("\n")[place.line - 1][place.column - 1 : place.end_column - 1]


def test_the_graphs_of_a_log_with_a_graph_break() -> None:
    log = log_of("graph_break.log")
    assert [(graph.kind, graph.compile.frame, graph.number) for graph in log.graphs] == [
        ("dynamo", "0/0_1", None),
        ("joint", "0/0_1", 0),
        ("dynamo", "1/0", None),
        ("joint", "1/0", 1),
    ]
    assert {graph.convention for graph in log.graphs} == {"compile"}
    assert nodes(log.graphs[1]) == (
        ["primals_1", "primals_2", "primals_3", "tangents_1"],
        ["addmm", "t_3", "view", None],
    )
    assert [value.type for value in log.graphs[1].inputs][:2] == ["f32[16, 8][8, 1]cpu", "f32[16][1]cpu"]
    assert log.artifacts == ("graph_breaks", "graph_code", "aot_joint_graph")


@pytest.mark.parametrize(
    "name", ["graph_break.log", "dynamic_shapes.log", "export_joint.txt", "exported_program.txt", "graph_document.txt"]
)
def test_the_place_of_each_value_has_its_name(name: str) -> None:
    text = text_of(name)
    for graph in parse_log(text).graphs:
        assert graph.spans
        for value in (*graph.inputs, *graph.outputs, *graph.operations):
            if value.node is not None:
                assert word(text, value.place) == value.node


def test_all_graphs_of_a_log_with_dynamic_shapes() -> None:
    log = log_of("dynamic_shapes.log")
    kinds = [(graph.kind, graph.compile.frame, graph.number) for graph in log.graphs]
    assert kinds == [
        ("dynamo", "0/0", None),
        ("joint", "0/0", 0),
        ("forward", "0/0", 0),
        ("backward", "0/0", 0),
        ("dynamo", "1/0", None),
        ("body", "1/0", None),
        ("joint", "1/0", 1),
        ("forward", "1/0", 1),
        ("backward", "1/0", 1),
        ("dynamo", "0/1", None),
        ("inference", "0/1", 2),
    ]
    assert all(graph.is_whole for graph in log.graphs)


def test_the_forms_in_which_an_exported_graph_is_printed() -> None:
    log = log_of("export_joint.txt")
    assert [graph.form for graph in log.graphs] == ["code", "code", "nodes", "code"]
    assert {tuple(value.node for value in graph.inputs) for graph in log.graphs} == {
        (*(f"primals_{number}" for number in range(1, 7)), "tangents_1")
    }
    assert {tuple(value.node for value in graph.outputs) for graph in log.graphs} == {
        ("add", "t_8", "view_1", "t_5", "view", None, None)
    }
    first = log.graphs[0]
    assert first.convention == "export"
    assert first.inputs[0].descriptor == "ParamAOTInput(target='up.weight')"
    assert first.outputs[1].descriptor == "GradAOTOutput(grad_of=ParamAOTInput(target='up.weight'))"
    assert log.graphs[1].convention is None


def test_the_signature_of_an_exported_program_belongs_to_its_graph() -> None:
    first, *rest = log_of("exported_program.txt").graphs
    assert first.kind == "exported"
    assert first.signature["p_up_weight"] == "PARAMETER target='up.weight'"
    assert first.signature["x"] == "USER_INPUT"
    assert not any(graph.signature for graph in rest)


def test_a_graph_at_a_line() -> None:
    log = log_of("graph_break.log")
    graph = log.graphs[1]
    assert log.graph_at(graph.first_line) is graph
    assert log.graph_at(graph.last_line) is graph
    assert log.graph_at(1) is None
    assert log.graph_at(10_000) is None


def test_old_prefixes_and_untyped_inputs() -> None:
    prefix = "[2023-10-23 10:11:12,345] [1/0] torch._dynamo.output_graph.__graph_code: [DEBUG] "
    text = """\
TRACED GRAPH
 ===== __compiled_fn_0 =====
 <eval_with_key>.0 class GraphModule(torch.nn.Module):
    def forward(self, L_x_ : torch.Tensor):
        l_x_ = L_x_
        # File: /home/user/model.py:7, code: return x.sin()
        sin = l_x_.sin();  l_x_ = None
        return (sin,)
"""
    (graph,) = parse_log(prefixed(prefix, text)).graphs
    assert (graph.kind, graph.compile, graph.title) == ("dynamo", CompileId("1/0"), "__compiled_fn_0")
    assert nodes(graph) == (["L_x_"], ["sin"])
    assert graph.aliases == {"l_x_": "L_x_"}
    (operation,) = graph.operations
    found = operation.target, operation.line, operation.code, operation.reads
    assert found == ("l_x_.sin", 7, "return x.sin()", ("L_x_",))


def test_a_prefix_on_the_first_line_of_a_message_alone() -> None:
    text = """\
[2023-03-24 10:10:10,000] torch._functorch.aot_autograd.__aot_graphs: [INFO] TRACED GRAPH
 ===== Forward graph 3 =====
 <eval_with_key>.4 class GraphModule(torch.nn.Module):
    def forward(self, primals_1: f32[4, 8], primals_2: f32[8]):
        mul: f32[4, 8] = torch.ops.aten.mul.Tensor(primals_1, primals_2)
        return [mul, primals_1, primals_2]
"""
    (graph,) = parse_log(text).graphs
    assert (graph.kind, graph.number, graph.inputs[1].type) == ("forward", 3, "f32[8]")
    assert nodes(graph)[1] == ["mul", "primals_1", "primals_2"]


def test_the_table_of_a_graph() -> None:
    text = """\
TRACED GRAPH
 __compiled_fn_1 <eval_with_key>.3 opcode         name    target                    args          kwargs
-------------  ------  ------------------------  ------------  --------
placeholder    l_x_    L_x_                      ()            {}
placeholder    l_w_    L_self_parameters_w_      ()            {}
call_function  mul     <built-in function mul>   (l_x_, l_w_)  {}
output         output  output                    ((mul,),)     {}
"""
    (graph,) = parse_log(text).graphs
    assert (graph.kind, graph.form) == ("dynamo", "table")
    assert nodes(graph) == (["L_x_", "L_self_parameters_w_"], ["mul"])
    assert graph.operations[0].reads == ("L_x_", "L_self_parameters_w_")


OUTPUT_CODE = """\
Output code:
# AOT ID: ['4_backward']
import torch
cpp_fused_0 = async_compile.cpp('''
void kernel(const float* in_ptr0)
''')
def call(args):
    primals_2, primals_4, tangents_1 = args
    args.clear()
    s0 = primals_4
    assert_size_stride(primals_2, (8, ), (1, ))
    return (reinterpret_tensor(buf0, (8, 8), (8, 1), 0), None, buf1, )
def benchmark_compiled_module():
    primals_2 = rand_strided((8, ), (1, ), device='cpu', dtype=torch.bfloat16)
"""


def test_the_output_code_of_inductor() -> None:
    prefix = "V0301 10:11:12.123456 77 torch/_inductor/codecache.py:1] [0/0] [__output_code] "
    end = "V0301 10:11:12.123456 77 torch/_inductor/graph.py:1] [0/0] Output code written to: /tmp/x.py\n"
    (graph,) = parse_log(prefixed(prefix, OUTPUT_CODE) + end).graphs
    assert (graph.kind, graph.form, graph.number, graph.is_whole) == ("backward", "inductor", 4, True)
    assert nodes(graph) == (["primals_2", "primals_4", "tangents_1"], ["buf0", None, "buf1"])
    assert [value.type for value in graph.inputs] == ["bf16[8]", "Sym(s0)", None]
    assert (graph.first_line, graph.last_line) == (2, 14)


def test_mentions_have_the_compile_that_is_nearest() -> None:
    text = """\
I0301 10:11:12.123456 77 torch/_dynamo/x.py:1] [2/1] tracing
Traceback (most recent call last):
  File "/home/user/run.py", line 3, in <module>
AssertionError: Node primals_3 was invalid, but is output; see getitem_12 and arg0_1
W0301 10:11:12.123456 77 torch/_functorch/x.py:1] [3/0] tangents_1 is not contiguous
"""
    found = parse_log(text).mentions
    assert [(mention.name, mention.compile.frame, mention.place.line) for mention in found] == [
        ("primals_3", "2/1", 4),
        ("getitem_12", "2/1", 4),
        ("arg0_1", "2/1", 4),
        ("tangents_1", "3/0", 5),
    ]
    assert word(text, found[0].place) == "primals_3"


def test_a_log_that_ends_inside_a_graph() -> None:
    text = text_of("graph_break.log")
    cut = text[: text.index("sum_1:")]
    graph = parse_log(cut).graphs[-1]
    assert (graph.kind, graph.is_whole, len(graph.inputs), len(graph.outputs)) == ("joint", False, 4, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "def forward(self, x):\n    return self.linear(x)\n",
        "class Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n",
        "class Net(torch.nn.Module):\n    def forward(self, x, mask=None):\n        y = x + 1\n        return y\n",
        "def call(self, args):\n    return args\n",
        "===== Joint graph 0 =====\n",
        "opcode name target args kwargs\n",
        "\x1b[31m\x1b[0m \x00 \ud800",
    ],
)
def test_text_that_has_no_graph(text: str) -> None:
    assert parse_log(text).graphs == []


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000,
        "def forward(self, " + "a: " * 300_000,
        "class GraphModule(torch.nn.Module):\n    def forward(self, primals_1):\n        x = (" + "a," * 400_000,
        "class GraphModule(torch.nn.Module):\n    def forward(self, primals_1):\n        " + "a = " * 300_000,
        'def forward(self, primals_1: "f32[8]"):\n' + "    x = torch.ops.aten.t(primals_1\n" * 20_000,
        " " * 1_000_000,
        "\x1b[" * 300_000,
        "2023-01-01 " * 80_000,
        "%a : " * 200_000 + "= placeholder[target=",
        "===== " * 150_000,
        "# File: " * 120_000,
        "primals_" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    parse_log(text)
    assert time.process_time() - started < 5


def test_a_signature_in_passing_is_no_graph_and_its_names_are_found() -> None:
    log = parse_log("See primals_1.\ndef forward(self, primals_3, tangents_1):\nand getitem_7 below.\n")
    assert log.graphs == []
    found = [(mention.name, mention.place.line, mention.place.column) for mention in log.mentions]
    assert found == [("primals_1", 1, 5), ("primals_3", 2, 19), ("tangents_1", 2, 30), ("getitem_7", 3, 5)]
    typed = parse_log('def forward(self, primals_3: "f32[2, 2]", tangents_1: "f32[2]"):\n')
    assert len(typed.graphs) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def forward(self, primals_{0}):\n    return primals_{0}\n",
        "def forward(self, arg{0}_1):\n    return arg{0}_1\n",
        "def forward(self, a):\n    # File: a.py:{0} in f, code: x\n    b = a\n    return b\n",
        "def forward(self, a):\n    # File: a.py:1 in torch_dynamo_resume_in_f_at_{0}\n    b = a\n    return b\n",
        "def forward(self, a):  # PlainAOTInput(idx={0})\n    return a\n",
        "[rank{0}]: def forward(self, a):\n[rank{0}]:     return a\n",
        "# AOT ID: ['{0}_forward']\ndef call(args):\n    a, = args\n",
        "===== Joint graph {0} =====\ndef forward(self, a):\n    return a\n",
    ],
)
def test_no_number_is_too_long(text: str) -> None:
    names_of(parse_log(text.replace("{0}", "1" * 5000)))


def test_a_log_with_as_many_ranks_as_lines_takes_no_long_time() -> None:
    start = time.monotonic()
    parse_log("".join(f"[rank{rank}]: class A(torch.nn.Module):\n" for rank in range(20_000)))
    assert time.monotonic() - start < 5
