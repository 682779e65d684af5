"""Things in the code of a graph pass, by syntax alone: functions of `fx_utils`, descriptors, fields and nodes."""

from __future__ import annotations

import textwrap

import pytest

from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.pass_kinds import DescriptorValue, FxKey, FxNode, FxTable
from aotlens.syntax.subjects import PassSubject
from aotlens.text.documents import Document

HEADER = """\
import torch, torch._functorch._aot_autograd.fx_utils
from torch._functorch._aot_autograd import fx_utils as fxu, descriptors as d
from torch._functorch._aot_autograd.fx_utils import get_param_and_grad_nodes as pg, get_named_param_nodes
from torch._functorch._aot_autograd.descriptors import ParamAOTInput as P, BufferAOTInput, GradAOTOutput, AOTInput
"""
PARAM = DescriptorValue(only=(("ParamAOTInput",),))
PLACEHOLDER = DescriptorValue(node=FxNode(op="placeholder"))
OUTPUT = DescriptorValue(node=FxNode(op="output"))
KEY = DescriptorValue(function="get_param_and_grad_nodes")


def at(code: str, header: str = HEADER) -> PassSubject | None:
    """The thing of a pass at the `$0` of some code."""
    before, _, after = (header + textwrap.dedent(code)).partition("$0")
    document = Document("file:///passes.py", "/passes.py", 1, before + after)
    found = subjects_at(document, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return next((subject for subject in found if isinstance(subject, PassSubject)), None)


def value(code: str) -> object:
    found = at(code)
    return found.value if found is not None else None


def field(base: DescriptorValue, name: str) -> DescriptorValue:
    return DescriptorValue(base=base, field=name)


@pytest.mark.parametrize(
    ("code", "function"),
    [
        ("p$0g(graph)", "get_param_and_grad_nodes"),
        ("fxu.get_buf$0fer_nodes(g)", "get_buffer_nodes"),
        ("torch._functorch._aot_autograd.fx_utils.get_all_input_and_grad_$0nodes(g)", "get_all_input_and_grad_nodes"),
        ("def f():\n    from torch._functorch._aot_autograd.fx_utils import get_param_nodes as n\n    $0n(g)", None),
        ("from torch._functorch._aot_autograd.fx_utils import get_param$0_nodes", "get_param_nodes"),
        ("from torch._functorch._aot_autograd.fx_utils import get_param_nodes as n$0", "get_param_nodes"),
    ],
)
def test_a_function_is_known_by_its_import(code: str, function: str | None) -> None:
    assert value(code) == FxTable(function or "get_param_nodes", called=False)


@pytest.mark.parametrize(
    "code",
    ["get_par$0am_nodes(g)", "self.fxu.get_buf$0fer_nodes(g)", "fxu.no$0thing(g)", "mine.get_param_no$0des(g)"],
)
def test_a_function_of_another_module_is_none(code: str) -> None:
    assert value(code) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("for de$0sc, (param, grad) in pg(g).items(): pass", KEY),
        ("for desc, (par$0am, grad) in pg(g).items(): pass", FxNode("get_param_and_grad_nodes")),
        ("for desc, (param, grad) in pg(g).items():\n    use(gr$0ad)", FxNode("get_param_and_grad_nodes", 1)),
        ("for desc, pair in pg(g).items():\n    use(pair[1], pa$0ir)", FxTable("get_param_and_grad_nodes")),
        ("for param, grad in list(pg(g).values()):\n    gr$0ad", FxNode("get_param_and_grad_nodes", 1)),
        ("for i, (param, grad) in enumerate(pg(g).values()):\n    gr$0ad", FxNode("get_param_and_grad_nodes", 1)),
        ("for desc in sorted(pg(g)):\n    des$0c", KEY),
        ("found = pg(g)\nparam, grad = found[P('w')]\ngra$0d", FxNode("get_param_and_grad_nodes", 1)),
        ("{d$0.target for d in pg(g)}", KEY),
        ("[n for d, (n, _) in pg(g).items() if d.ta$0rget]", field(KEY, "target")),
        ("for name, node in get_named_param_nodes(g).items():\n    na$0me", FxKey("get_named_param_nodes")),
        ("w = get_named_param_nodes(g)['w']\n$0w", FxNode("get_named_param_nodes")),
        ("for n in fxu.get_param_nodes(g):\n    n$0", FxNode("get_param_nodes")),
        (
            "for n in fxu.get_param_nodes(g):\n    n.meta['desc'].tar$0get",
            field(DescriptorValue(node=FxNode("get_param_nodes")), "target"),
        ),
    ],
)
def test_what_the_functions_return(code: str, expected: object) -> None:
    assert value(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = node.meta['desc']\n$0x", DescriptorValue(node=FxNode())),
        ("node.meta['de$0sc']", DescriptorValue(node=FxNode())),
        ("node.meta.get('de$0sc')", DescriptorValue(node=FxNode())),
        ("for n in g.nodes:\n    if n.op == 'placeholder':\n        n.meta['de$0sc']", PLACEHOLDER),
        ("for n in g.find_nodes(op='placeholder'):\n    x = n.meta['desc']\n    $0x", PLACEHOLDER),
        (
            "for n in g.nodes:\n    if n.op != 'placeholder': continue\n    n.meta['de$0sc']",
            DescriptorValue(node=FxNode()),
        ),
        ("for out, x in zip(n.args[0], g.output_node().meta['desc']):\n    $0x", OUTPUT),
        ("def f(x: P): return $0x", PARAM),
        (
            "def f(x: 'ParamAOTInput | d.BufferAOTInput'): $0x",
            DescriptorValue(only=(("ParamAOTInput", "BufferAOTInput"),)),
        ),
        ("def f(x: d.ParamAOTInput): return x.tar$0get", field(PARAM, "target")),
        ("x: P = find()\n$0x", PARAM),
        ("x = P('w')\n$0x.target", PARAM),
        ("def f(x):\n    if isinstance(x, P):\n        $0x", PARAM),
        ("def f(x):\n    if not isinstance(x, P):\n        return\n    $0x", PARAM),
        ("def f(x):\n    if not isinstance(x, P):\n        $0x", None),
        ("def f(x):\n    assert isinstance(x, P) and x.target\n    $0x", PARAM),
        ("def f(x): return isinstance(x, P) and $0x.target", PARAM),
        ("def f(x): return not isinstance(x, P) or $0x.target", PARAM),
        ("def f(x): return $0x.target if isinstance(x, P) else None", PARAM),
        ("def f(x):\n    if type(x) is P:\n        $0x", PARAM),
        ("def f(x):\n    if isinstance(x, int):\n        pass\n    elif isinstance(x, P):\n        $0x", PARAM),
        (
            "def f(x):\n    if isinstance(x, (P, BufferAOTInput)):\n        $0x",
            DescriptorValue(only=(("ParamAOTInput", "BufferAOTInput"),)),
        ),
        ("def f(x):\n    if isinstance(x, P | None):\n        $0x", PARAM),
        (
            "def f(x):\n    if isinstance(x, AOTInput):\n        if not isinstance(x, P):\n            $0x",
            DescriptorValue(only=(("AOTInput",),), never=("ParamAOTInput",)),
        ),
        (
            "def f(x):\n    if isinstance(x, GradAOTOutput) and isinstance(x.grad_of, P):\n        x.grad_of.tar$0get",
            field(
                DescriptorValue(
                    base=DescriptorValue(only=(("GradAOTOutput",),)), field="grad_of", only=(("ParamAOTInput",),)
                ),
                "target",
            ),
        ),
        ("match x:\n    case P(target=name):\n        na$0me", field(PARAM, "target")),
        ("match x:\n    case P(tar$0get=name):\n        pass", field(PARAM, "target")),
        ("match x:\n    case P() as p:\n        $0p", PARAM),
        ("match x:\n    case P():\n        $0x", PARAM),
        (
            "match x:\n    case P() | BufferAOTInput():\n        $0x",
            DescriptorValue(only=(("ParamAOTInput", "BufferAOTInput"),)),
        ),
        (
            "match x:\n    case GradAOTOutput(grad_of=P(target=name)):\n        na$0me",
            field(
                DescriptorValue(
                    base=DescriptorValue(only=(("GradAOTOutput",),)), field="grad_of", only=(("ParamAOTInput",),)
                ),
                "target",
            ),
        ),
    ],
)
def test_descriptors_are_known_by_the_code_around_them(code: str, expected: object) -> None:
    assert value(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "self.tar$0get",
        "node.tar$0get",
        "def f(desc): return desc.tar$0get",
        "for desc in pg(g):\n    desc = other\n    desc.tar$0get",
        "def f(x):\n    if isinstance(x, P): pass\n    x.tar$0get",
        "def f(x):\n    if isinstance(x, P) or other:\n        x.tar$0get",
        "meta['de$0sc']",
        "node.meta['va$0l']",
        "f(tar$0get=1)",
        "for desc, (param, grad) in pg(g).items():\n    grad.meta['de$0sc']",
        "lambda desc: desc.tar$0get",
    ],
)
def test_nothing_is_guessed(code: str) -> None:
    assert value(code) is None


def test_a_file_without_torch_has_nothing_of_the_kind() -> None:
    assert at("node.meta['de$0sc']", header="import json\n") is None


@pytest.mark.parametrize(
    ("code", "hook"),
    [
        ("def f(g):\n    p$0g(g)\ntorch._inductor.config.joint_custom_pre_pass = f", "joint_custom_pre_pass"),
        ("def f(g):\n    p$0g(g)\nwith config.patch(post_grad_custom_pre_pass=f): pass", "post_grad_custom_pre_pass"),
        ("def f(g):\n    p$0g(g)\ntorch.compile(m, options={'joint_custom_post_pass': f})", "joint_custom_post_pass"),
        ("def f(g):\n    p$0g(g)\ndef h(g):\n    f(g)\ntorch.compile(m, backend=h)", "backend"),
        (
            "class A(Pass):\n    def __call__(self, g):\n        p$0g(g)\nconfig.joint_custom_pre_pass = A()",
            "joint_custom_pre_pass",
        ),
        ("def f(g):\n    p$0g(g)\nbackend = aot_autograd(partition_fn=f)", "partition_fn"),
        ("def f(g):\n    p$0g(g)\nf(backend)", None),
        ("def f(g):\n    p$0g(g)\nself.backend = make(f)", None),
    ],
)
def test_the_place_from_which_torch_compile_calls_a_pass(code: str, hook: str | None) -> None:
    found = at(code)
    assert found is not None
    assert (found.hook.name if found.hook is not None else None) == hook


def test_a_function_that_exports_the_graph_itself() -> None:
    code = (
        "def f(m):\n    joint = aot_export_joint_with_descriptors(stack, m, args)\n    p$0g(joint.graph_module.graph)"
    )
    found = at(code)
    assert found is not None and found.exports
    other = at("def f(g):\n    p$0g(g)")
    assert other is not None and not other.exports
