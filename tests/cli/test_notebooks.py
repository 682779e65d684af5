"""`aotlens trace notebook.ipynb`: what is run of a notebook, and how its places are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.support import Commands, assert_no_internals, commands
from notebook_files import code, markdown, write_notebook

CELLS = (
    markdown("# A model"),
    code("%pip install torch\nimport torch\nimport torch.nn as nn\nimport missing_package"),
    code("%%bash\nrm -rf /nothing"),
    code("text = open('input.txt').read()\nsize = len(set(text))\nwidth = 4"),
    code(
        "class Head(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.key = nn.Linear(width, width)\n        self.dead = nn.Linear(width, width)\n\n"
        "    def forward(self, x):\n        return self.key(x)\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.embed = nn.Embedding(size, width)\n        self.head = Head()\n\n"
        "    def forward(self, ids):\n        return self.head(self.embed(ids))"
    ),
    code("open('trained', 'w')\nmodel = Net()\nids = torch.randint(0, size, (4, 8))\nout = model(ids)"),
    code("x = ("),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Commands]:
    with commands() as running:
        yield running


def test_a_class_is_traced_with_the_code_that_it_needs(tmp_path: Path, shared: Commands) -> None:
    write_notebook(tmp_path / "a model.ipynb", *CELLS)
    (tmp_path / "input.txt").write_text("abc")
    outcome = shared.trace("a model.ipynb::Net", tmp_path)
    assert outcome.status == 0, outcome.text
    assert outcome.trace["example"]["origin"] == "call-site"
    assert outcome.trace["graphs"][0]["inputs"][0]["shape"] == [3, 4]
    assert not (tmp_path / "trained").exists(), "code was run that no target needs"
    assert "a model.ipynb, cell 5, line 13" in outcome.text
    assert "a model.ipynb, cell 5, line 5  warning[parameter-without-gradient]" in outcome.text
    assert outcome.trace["cells"][0] == {"cell": 2, "first_line": 1, "lines": 4}


def test_code_that_fails_is_no_matter_of_the_classes_that_need_it_not(tmp_path: Path, shared: Commands) -> None:
    write_notebook(tmp_path / "model.ipynb", *CELLS)
    outcome = shared.trace("model.ipynb", tmp_path)
    head, net = outcome.traces
    assert (head["target"]["qualname"], head["status"]) == ("Head", "traced")
    assert (net["target"]["qualname"], net["status"]) == ("Net", "failed")
    assert net["failure"]["message"].startswith("FileNotFoundError")
    assert "model.ipynb, cell 4, line 1: FileNotFoundError" in outcome.text
    assert_no_internals(outcome.text)


def test_a_name_that_only_training_binds_is_told(tmp_path: Path, shared: Commands) -> None:
    net = "class Net(nn.Module):\n    def forward(self, x):\n        return x * total"
    loop = "for _ in range(3):\n    loss = model(1)\n    loss.backward()\n    total = loss.item()"
    write_notebook(tmp_path / "model.ipynb", code("from torch import nn"), code(loop), code(net))
    outcome = shared.trace("model.ipynb::Net", tmp_path)
    assert "name 'total' is not defined" in outcome.text
    assert "is bound by the training loop in line 1 of cell 2 alone" in outcome.hint


def test_a_notebook_that_cannot_be_read_and_a_cell_that_is_not_python(tmp_path: Path, shared: Commands) -> None:
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    outcome = shared.trace("broken.ipynb", tmp_path)
    assert (outcome.status, outcome.failure["line"]) == (1, 1)
    assert outcome.failure["message"].startswith("the file is no notebook: it is not JSON")
    assert outcome.failure["hint"] is None
    cells = (
        code("from torch import nn"),
        code("\nclass Net(nn.Module):\n    def forward(self, x):\n        return (x"),
    )
    write_notebook(tmp_path / "cell.ipynb", *cells)
    outcome = shared.trace("cell.ipynb::Net", tmp_path)
    assert outcome.failure["stage"] == "syntax"
    assert "cell.ipynb, cell 2, line 4" in outcome.text
    assert outcome.failure["frames"][-1]["code"].strip() == "return (x"
    write_notebook(tmp_path / "model.ipynb", *CELLS)
    outcome = shared.trace("model.ipynb::Hed", tmp_path)
    assert "there is no Hed in this file" in outcome.text and "did you mean Head?" in outcome.text
