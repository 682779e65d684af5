"""Traces without a written example: the example that is used, how it is shown, and errors that are the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.support import HEADER, Commands, Outcome, assert_no_internals, commands, write

ATTENTION = """
class Attention(nn.Module):
    def __init__(self, width, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)

    def forward(self, x, mask=None):
        q, k, v = self.qkv(x).chunk(3, -1)
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)

"""
NET = """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embed = nn.Embedding(100, width)
        self.layers = nn.ModuleList(Attention(width, heads=2) for _ in range(2))

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, mask=torch.ones(16, 16, dtype=torch.bool))
        return x

"""
PIN = "# aotlens: Net(64)(torch.randint(100, (2, 16)))"
PINNED = NET.replace("\nclass Net", f"\n{PIN}\nclass Net")
MAIN = """
if __name__ == "__main__":
    net = Net(32)
    print(net(torch.zeros(1, 16, dtype=torch.int64)).shape)
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Commands]:
    with commands() as running:
        yield running


def line_of(folder: Path, text: str) -> int:
    """The line of model.py that a text begins on."""
    return (folder / "model.py").read_text().partition(text)[0].count("\n") + 1


def examples(outcome: Outcome) -> dict[str, Any]:
    return {trace["target"]["qualname"]: trace["example"] for trace in outcome.traces}


def origins(outcome: Outcome) -> dict[str, str]:
    """The origin of each class's example, or the status of a class that was not traced."""
    return {
        trace["target"]["qualname"]: trace["example"]["origin"] if trace["status"] == "traced" else trace["status"]
        for trace in outcome.traces
    }


def test_a_class_is_recorded_in_the_call_of_the_one_that_contains_it(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + ATTENTION + PINNED)
    for target in ("model.py", "model.py::Attention"):
        outcome = shared.trace(target, tmp_path)
        assert outcome.status == 0, outcome.text
        example = examples(outcome)["Attention"]
        assert (example["origin"], example["recorded_in"]) == ("recorded", "model.py::Net")
        assert example["recorded_origin"] == "pinned"
        assert example["constructor"] == "Attention(width=64, heads=2)"
        assert example["arguments"] == [
            {"name": "x", "value": "f32[2, 16, 64]"},
            {"name": "mask", "value": "b8[16, 16]"},
        ]
        assert_no_internals(outcome.text)
    assert f"recorded in model.py::Net (pinned at model.py:{line_of(tmp_path, PIN)})" in outcome.text


def test_what_was_recorded_keeps_its_birthplaces_and_its_gradients(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + ATTENTION + PINNED)
    (graph,) = shared.trace("model.py::Attention", tmp_path).trace["graphs"]
    inputs = {slot["label"]: slot for slot in graph["inputs"]}
    assert inputs["qkv.weight"]["definition"]["line"] == line_of(tmp_path, "self.qkv =")
    # In the model that it was recorded in, a gradient flows on into x.
    assert graph["outputs"][inputs["x"]["gradient"]]["node"] is not None


def test_what_was_recorded_can_be_pinned(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + ATTENTION + PINNED)
    recorded = shared.trace("model.py::Attention", tmp_path).trace
    pin = recorded["example"]["pin"]
    tensors = "torch.randn(2, 16, 64, requires_grad=True), mask=torch.ones(16, 16, dtype=torch.bool)"
    assert pin == f"Attention(width=64, heads=2)({tensors})"
    pinned = shared.trace("model.py::Attention", tmp_path, example=pin).trace
    for key in ("inputs", "outputs", "saved"):
        assert [slot["label"] for slot in pinned["graphs"][0][key]] == [
            slot["label"] for slot in recorded["graphs"][0][key]
        ]


def test_a_root_that_fails_later_still_records(tmp_path: Path, shared: Commands) -> None:
    broken = PINNED.replace("        return x\n", "        return x @ torch.ones(3, 3)\n")
    write(tmp_path, "model.py", HEADER + ATTENTION + broken)
    outcome = shared.trace("model.py", tmp_path)
    assert origins(outcome) == {"Attention": "recorded", "Net": "failed"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "if torch.rand(()) > 1:\n                continue",
            "a value is read, which fake tensors lack (aten._local_scalar_dense",
        ),
        ("x = x[torch.rand(len(x)) >= 0]", "values decide a size, which fake tensors lack (aten.nonzero"),
    ],
)
def test_a_root_whose_call_needs_data_records_with_real_tensors(
    tmp_path: Path, shared: Commands, line: str, reason: str
) -> None:
    dropping = PINNED.replace("            x = layer", f"            {line}\n            x = layer")
    write(tmp_path, "model.py", HEADER + ATTENTION + dropping)
    example = examples(shared.trace("model.py::Attention", tmp_path))["Attention"]
    assert (example["origin"], example["weights"]) == ("recorded", "real")
    assert reason in example["weights_reason"]


RATES = """
# aotlens: Net()(torch.randn(2, 8))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rates = [rate.item() for rate in RATES]
        self.register_buffer("steps", torch.arange(8))
        self.out = nn.Linear(8, 8)

    def forward(self, x):
        for rate in self.rates:
            x = x + rate * self.out(x)
        return x
"""


def weights_of(outcome: Outcome) -> str:
    """Whether the weights of the one class, which is traced, take memory."""
    assert outcome.trace["status"] == "traced", outcome.trace["failure"]
    return outcome.trace["example"]["weights"]


@pytest.mark.parametrize(
    ("rates", "weights"),
    [("torch.linspace(0, 0.1, 3)", "fake"), ("torch.tensor([0.1, 0.2]).cumsum(0)", "fake"), ("torch.rand(3)", "real")],
)
def test_a_constructor_reads_what_it_makes_of_numbers(
    tmp_path: Path, shared: Commands, rates: str, weights: str
) -> None:
    write(tmp_path, "model.py", HEADER + RATES.replace("in RATES", f"in {rates}"))
    assert weights_of(shared.trace("model.py", tmp_path)) == weights


def test_weights_that_are_drawn_within_bounds_take_no_memory(tmp_path: Path, shared: Commands) -> None:
    drawn = "nn.Linear(8, 8)\n        nn.init.trunc_normal_(self.out.weight, std=0.02)"
    write(
        tmp_path, "model.py", HEADER + RATES.replace("in RATES", "in torch.ones(2)").replace("nn.Linear(8, 8)", drawn)
    )
    assert weights_of(shared.trace("model.py", tmp_path)) == "fake"


def test_a_constructor_makes_what_keeps_no_values(tmp_path: Path, shared: Commands) -> None:
    sparse = RATES.replace("in RATES", "in torch.ones(2)").replace(
        'self.register_buffer("steps", torch.arange(8))',
        "self.adjacency = torch.eye(8).to_sparse(), torch.zeros(8, pin_memory=True)",
    )
    write(tmp_path, "model.py", HEADER + sparse)
    assert weights_of(shared.trace("model.py", tmp_path)) == "fake"


def test_a_call_reads_no_values_that_were_known_in_the_constructor(tmp_path: Path, shared: Commands) -> None:
    reading = RATES.replace("in RATES", "in torch.linspace(0, 0.1, 3)")
    reading = reading.replace("        return x\n", "        return x if self.steps[1] > 0 else -x\n")
    write(tmp_path, "model.py", HEADER + reading)
    outcome = shared.trace("model.py", tmp_path)
    assert outcome.trace["status"] == "failed"
    assert "value" in outcome.trace["failure"]["message"]


def test_classes_of_other_files_are_recorded_where_those_were_imported(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "attention.py", HEADER + ATTENTION)
    write(tmp_path, "model.py", f"{HEADER}from attention import Attention\n{PINNED}")
    outcome = shared.trace("model.py", tmp_path)
    assert origins(outcome) == {"Net": "pinned"}


def test_one_line_for_each_class(tmp_path: Path, shared: Commands) -> None:
    other = "\nclass Other(nn.Module):\n    def forward(self, x, context):\n        return x @ context\n"
    write(tmp_path, "model.py", HEADER + ATTENTION + PINNED + other)
    outcome = shared.trace("model.py", tmp_path)
    first, _, *lines = outcome.text.splitlines()
    assert first.startswith("model.py  ")
    assert [line.split()[0] for line in lines[:3]] == ["Attention", "Net", "Other"]
    assert "recorded in Net" in lines[0]
    assert "x: f32[2, 16, 64], mask: b8[16, 16] → f32[2, 16, 64]" in lines[0]
    assert "pinned" in lines[1]


def test_a_main_block_is_an_example(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + ATTENTION + NET + MAIN)
    outcome = shared.trace("model.py", tmp_path)
    assert origins(outcome) == {"Attention": "recorded", "Net": "call-site"}
    net = examples(outcome)["Net"]
    line = line_of(tmp_path, "print(net(")
    assert (net["source"]["path"], net["source"]["line"]) == ("model.py", line)
    assert net["constructor"] == "Net(width=32)"
    assert net["pin"] == "Net(width=32)(torch.zeros(1, 16, dtype=torch.int64))"
    assert f"call site model.py:{line}" in outcome.text


USES = {
    "README.md": "```python\nimport torch\nfrom pkg.model import Net\n\nnet = Net(8)\nnet(IDS)\n```\n",
    "docs/use.rst": "Use::\n\n    import torch\n    from pkg import model\n    model.Net(8)(IDS)\n",
    "tests/test_net.py": "import torch\nfrom pkg.model import Net as N\n\n\ndef test():\n    N(8)(IDS)\n",
    "pkg/use.py": "import torch\nfrom .model import Net\n\n\ndef main():\n    Net(8)(IDS)\n",
}
IDS = "torch.zeros(1, 16, dtype=torch.int64)"


@pytest.mark.parametrize("name", USES)
def test_documentation_tests_and_programs_are_examples(tmp_path: Path, shared: Commands, name: str) -> None:
    write(tmp_path, "pyproject.toml", "")
    write(tmp_path, "pkg/__init__.py", "")
    write(tmp_path, "pkg/model.py", HEADER + ATTENTION + NET)
    write(tmp_path, name, USES[name].replace("IDS", IDS))
    outcome = shared.trace("pkg/model.py::Net", tmp_path)
    assert origins(outcome) == {"Net": "call-site"}, outcome.text
    assert examples(outcome)["Net"]["source"]["path"] == name


def test_a_docstring_is_an_example(tmp_path: Path, shared: Commands) -> None:
    doc = '    """A net.\n\n    >>> net = Net(8).eval()\n    >>> net(torch.zeros(1, 16).long())\n    """\n'
    write(tmp_path, "model.py", HEADER + ATTENTION + NET.replace("Module):\n", f"Module):\n{doc}"))
    outcome = shared.trace("model.py::Net", tmp_path)
    example = examples(outcome)["Net"]
    assert (example["origin"], example["mode"]) == ("call-site", "eval")
    assert example["source"]["line"] == line_of(tmp_path, ">>> net(")


def with_main(code: str) -> str:
    return f'{HEADER}{ATTENTION}{NET}\nif __name__ == "__main__":\n' + "".join(
        f"    {line}\n" for line in code.splitlines()
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("width = int(open('width.txt').read())\nNet(width)(torch.zeros(1, 16).long())", "FileNotFoundError"),
        ("Net(width)(torch.zeros(1, 16).long())", "NameError: name 'width' is not defined"),
        ("x = open('x.txt', 'w')\nNet(8)(x)", "it writes x.txt"),
        (
            "import subprocess\nx = subprocess.run(['true'])\nNet(8)(x)",
            "it was stopped, because it has a side effect (subprocess.Popen",
        ),
        ("import urllib.request as u\nx = u.urlopen('http://localhost:9')\nNet(8)(x)", "it has a side effect"),
        ("x = exit()\nNet(8)(x)", "sys.exit"),
    ],
)
def test_a_call_site_that_cannot_be_evaluated_is_passed_over(
    tmp_path: Path, shared: Commands, code: str, reason: str
) -> None:
    write(tmp_path, "model.py", with_main(f"{code}\nNet(4)(torch.zeros(1, 16).long())"))
    outcome = shared.trace("model.py::Net", tmp_path, explain=True)
    assert origins(outcome) == {"Net": "call-site"}, outcome.text
    assert outcome.trace["example"]["constructor"] == "Net(width=4)"
    attempt = outcome.trace["attempts"][0]
    assert reason in attempt["reason"]
    assert (attempt["origin"], attempt["source"]["path"]) == ("call-site", "model.py")
    assert f"passed over: call site model.py:{attempt['source']['line']}" in outcome.text
    assert not (tmp_path / "x.txt").exists()
    assert_no_internals(outcome.text)


def test_a_class_of_the_same_name_is_another_one(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + ATTENTION + NET)
    write(tmp_path, "other.py", HEADER + ATTENTION + NET)
    write(tmp_path, "use.py", f"import torch\nfrom other import Net\nNet(4)({IDS})\n")
    outcome = shared.trace("model.py::Net", tmp_path)
    assert "in which there is no Net" in outcome.trace["attempts"][0]["reason"]
    assert outcome.trace["example"]["origin"] == "inferred"


@pytest.mark.parametrize(
    ("broken", "stage", "message"),
    [
        (NET.replace("nn.Embedding(100, width)", "nn.Embedding(100, widht)"), "example", "widht"),
        (NET.replace("return x", "return x.nope"), "forward", "nope"),
        (NET.replace("return x", "return x @ torch.ones(3, 3)"), "forward", "same reduction dim|cannot be multiplied"),
    ],
)
def test_a_broken_module_with_a_call_site_is_reported_and_nothing_else_is_tried(
    tmp_path: Path, shared: Commands, broken: str, stage: str, message: str
) -> None:
    readme = "```python\nfrom model import Net\nNet(16)(torch.zeros(1, 16).long())\n```\n"
    write(tmp_path, "README.md", readme)
    write(tmp_path, "model.py", HEADER + ATTENTION + broken + MAIN)
    outcome = shared.trace("model.py::Net", tmp_path)
    assert outcome.status == 1
    assert outcome.failure["stage"] == stage
    assert outcome.failure["path"] == "model.py"
    assert re.search(message, outcome.failure["message"])
    assert outcome.trace["attempts"] == []
    assert outcome.trace["example"]["source"]["line"] == line_of(tmp_path, "print(net(")


def test_a_call_that_no_longer_fits_is_an_error_in_the_own_file_alone(tmp_path: Path, shared: Commands) -> None:
    stale = MAIN.replace("Net(32)", "Net(32, depth=2)")
    write(tmp_path, "model.py", HEADER + ATTENTION + NET + stale)
    outcome = shared.trace("model.py::Net", tmp_path)
    assert "unexpected keyword argument 'depth'" in outcome.failure["message"]
    write(tmp_path, "model.py", HEADER + ATTENTION + NET)
    write(
        tmp_path,
        "use.py",
        "import torch\nfrom model import Net\nNet(1, depth=2)(1)\nNet(4)(torch.zeros(1, 16).long())\n",
    )
    outcome = shared.trace("model.py::Net", tmp_path)
    assert outcome.trace["example"]["source"]["line"] == 4
    assert "depth" in outcome.trace["attempts"][0]["reason"]


def test_a_pinned_example_that_fails_is_reported_though_there_are_call_sites(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + ATTENTION + PINNED.replace("Net(64)", "Net(wdth)") + MAIN)
    outcome = shared.trace("model.py::Net", tmp_path)
    assert "wdth" in outcome.failure["message"]
    assert outcome.trace["attempts"] == []


def test_a_class_that_its_root_never_calls(tmp_path: Path, shared: Commands) -> None:
    lazy = PINNED.replace("for layer in self.layers", "for layer in []")
    write(tmp_path, "model.py", HEADER + ATTENTION + lazy)
    outcome = shared.trace("model.py", tmp_path)
    (attempt,) = outcome.traces[0]["attempts"]
    assert attempt["recorded_in"] == "model.py::Net"
    assert attempt["reason"] == "the call of Net does not reach it"


def test_an_endless_call_site_is_given_up(tmp_path: Path, shared: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    main = "def wait():\n    while True:\n        pass\n"
    write(tmp_path, "model.py", f"{HEADER}{main}{ATTENTION}{NET}\nif __name__ == '__main__':\n    Net(wait())(1)\n")
    outcome = shared.trace("model.py::Net", tmp_path, timeout=60.0)
    assert "it takes more than 20 s" in outcome.trace["attempts"][0]["reason"]


def test_a_part_is_recorded_in_the_guess_of_the_whole_whether_asked_for_alone_or_with_it(
    tmp_path: Path, shared: Commands
) -> None:
    wrapped = (
        "class Wrapped(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.net = Net(48)\n\n"
    )
    wrapped += "    def forward(self, ids):\n        return self.net(ids)\n"
    write(tmp_path, "model.py", HEADER + ATTENTION + NET + wrapped)
    whole = examples(shared.trace("model.py", tmp_path))["Attention"]
    assert (whole["recorded_in"], whole["recorded_origin"]) == ("model.py::Wrapped", "inferred")
    assert whole["arguments"][0]["value"] == "f32[2, 16, 48]"
    assert shared.trace("model.py::Attention", tmp_path).trace["example"] == whole


@pytest.mark.parametrize(
    ("call", "origin", "recorded_in"),
    [
        ("print(net(ids).sum())", "call-site", None),
        ("net(ids).sum().backward()", "recorded", "model.py::@loss"),
    ],
)
def test_the_call_in_a_loop_is_a_call_site_and_in_a_training_loop_part_of_a_step(
    call: str, origin: str, recorded_in: str | None, tmp_path: Path, shared: Commands
) -> None:
    loop = f"""
if __name__ == "__main__":
    net = Net(32)
    for step in range(3):
        ids = torch.zeros(1, 16 + step, dtype=torch.int64)
        {call}
"""
    write(tmp_path, "model.py", HEADER + ATTENTION + NET + loop)
    example = shared.trace("model.py::Net", tmp_path).trace["example"]
    assert (example["origin"], example["source"]["line"]) == (origin, line_of(tmp_path, "net(ids)"))
    assert example["recorded_in"] == recorded_in
    assert example["arguments"] == [{"name": "ids", "value": "i64[1, 16]"}]


DROPPING = """
class Dropping(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2))

    def forward(self, x):
        for layer in self.layers:
            if self.training and torch.rand(()) < 0.1:
                continue
            x = layer(x)
        return x

"""
CALLED = """
if __name__ == "__main__":
    print(Dropping(32)(torch.randn(4, 32)))
"""


def test_what_reads_values_in_training_alone_is_traced_in_evaluation(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + DROPPING + CALLED)
    outcome = shared.trace("model.py", tmp_path)
    trace = outcome.trace
    assert trace["status"] == "traced", trace["failure"]
    assert (trace["example"]["origin"], trace["example"]["mode"]) == ("call-site", "eval")
    assert trace["example"]["pin"] == "Dropping(width=32).eval()(torch.randn(4, 32))"
    (attempt,) = trace["attempts"]
    assert attempt["reason"].startswith("reads values in training, and is traced in evaluation: ")
    in_training = shared.trace("model.py", tmp_path, mode="train").trace
    assert "the value of a tensor is needed" in in_training["failure"]["message"]


def test_what_is_read_in_evaluation_too_is_told_of_training(tmp_path: Path, shared: Commands) -> None:
    write(tmp_path, "model.py", HEADER + DROPPING.replace("self.training and ", "") + CALLED)
    trace = shared.trace("model.py", tmp_path).trace
    assert trace["status"] == "failed"
    assert "the value of a tensor is needed" in trace["failure"]["message"]
    assert (trace["example"]["mode"], trace["attempts"]) == ("train", [])


def test_a_result_whose_size_depends_on_data_is_told(tmp_path: Path, shared: Commands) -> None:
    body = "        torch._dynamo.graph_break()\n        return x[x > 0].sum()\n"
    source = DROPPING.replace("        return x\n", body).replace("self.training and torch.rand(()) < 0.1", "False")
    write(tmp_path, "model.py", HEADER + source + CALLED)
    failure = shared.trace("model.py", tmp_path).trace["failure"]
    assert "the values of a tensor decide the size of a result" in failure["message"]
    assert failure["line"] == line_of(tmp_path, "return x[x > 0]")
