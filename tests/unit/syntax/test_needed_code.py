"""The code of a notebook that a target needs, at its lines."""

from __future__ import annotations

import pytest

from aotlens.syntax.needed_code import needed_code

NOTEBOOK = """\
import sys
sys.path.append("..")
import pandas as pd
import torch
from torch import nn, Tensor
torch.set_default_dtype(torch.float64)
frame = pd.read_csv("x.csv"); rows = len(frame)
chars = "abc"
size = len(chars)
table = {}
for c in chars:
    table[c] = len(table)
class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(size, width(3))

    def forward(self, x) -> Tensor:
        loss = self.fc(x)
        return loss

model = Net()
for epoch in range(3):
    loss = model(torch.randn(3, size)).sum()
    loss.backward()
    size = 4
def width(k):
    return k + len(table)
Net.extra = width
try:
    import fast
except ImportError:
    fast = None
"""


def lines_left_out(text: str, *names: str) -> str:
    found = needed_code(text, names)
    assert len(found.text.split("\n")) == len(text.split("\n"))
    kept = zip(text.split("\n"), found.text.split("\n"))
    left_out = [line for line, now in kept if now != line]
    assert len(left_out) == sum(last - first + 1 for first, last in found.left_out)
    return "\n".join(left_out)


def test_a_class_has_what_it_needs_and_neither_training_nor_data() -> None:
    assert lines_left_out(NOTEBOOK, "Net") == (
        'import pandas as pd\nframe = pd.read_csv("x.csv"); rows = len(frame)\nmodel = Net()\nfor epoch in range(3):\n'
        "    loss = model(torch.randn(3, size)).sum()\n    loss.backward()\n    size = 4\n"
        "try:\n    import fast\nexcept ImportError:\n    fast = None"
    )


def test_what_decides_how_imports_work_is_needed_by_all() -> None:
    text = "import os\nimport torch\nos.environ['A'] = '1'\ntorch.manual_seed(0)\nfrom a import *\nimport sys\nx = 1\n"
    assert lines_left_out(text, "nothing") == "import sys\nx = 1"


@pytest.mark.parametrize(
    ("text", "name", "left_out"),
    [
        ("a = 1; b = 2\nc = a", "b", "c = a"),
        ("if x:\n    a = 1\nelse:\n    a = 2\nx = 3\nb = 1", "a", "b = 1"),
        ("a = []\nb = []\na.append(1)\nb.append(2)", "a", "b = []\nb.append(2)"),
        ("def f(): return g()\ndef h(): ...\ndef g(): return h()\ndef i(): ...", "f", "def i(): ..."),
        ("with open('x') as f:\n    text = f.read()\nn = 1", "text", "n = 1"),
        ("x = (\n", "y", "x = ("),
        ("class A:\n    b: 'int' = C\nC = 1\nD = 2", "A", "D = 2"),
        ("from __future__ import annotations\na = 1", "a", ""),
        ("a = 1\nfrom __future__ import annotations", "a", "from __future__ import annotations"),
        ("@wraps\nclass A: ...\nfrom x import wraps, other\nimport y", "A", "import y"),
    ],
)
def test_names_decide(text: str, name: str, left_out: str) -> None:
    assert lines_left_out(text, name) == left_out


def test_code_that_is_not_python_is_needed_by_those_who_name_it() -> None:
    text = "x = 1\nclass Net(\n"
    assert lines_left_out(text, "Net") == "x = 1"
