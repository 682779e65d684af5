"""In-place errors of public reports: the statement that overwrites, and what needs the value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import CORPUS

if TYPE_CHECKING:
    from .conftest import Report

CASES = {
    ("case03_inplace_after_relu", "Residual"): ("h = torch.relu(self.a(x))", "h += x"),
    ("case03_inplace_after_relu", "Sig"): ("h = torch.sigmoid(self.a(x))", "h[:, i] = h[:, i] * 2"),
    ("case19_mutated_inputs", "StdKept"): ("h = h / stats[0]", "stats[1] = g.std()"),
    ("inplace_more", "Scores"): ("weights = F.softmax(self.score(x), -1)", "weights[:, i] += x[:, i]"),
    ("inplace_more", "NoCopy"): ("out += self.second(x)", "out += self.second(x)"),
    ("inplace_more", "PreActivation"): ("skip = self.norm(h)", "return self.block(h) + skip"),
    ("inplace_more", "OwnNorm"): ("y = self.scale * x * self.var.rsqrt() * self.var", "self.var.mul_(0.9)"),
    ("inplace_more", "States"): (
        "states[t + 1] = self.cell(x, states[t])",
        "states[t + 1] = self.cell(x, states[t])",
    ),
    ("inplace_more", "Renormalised"): (
        "distance = (self.table[ids] - self.table.pow(2).sum()).norm(dim=-1)",
        "self.table.div_(self.table.norm(dim=-1, keepdim=True))",
    ),
}


@pytest.mark.parametrize(("file", "qualname"), CASES, ids=lambda part: str(part))
def test_an_in_place_error_names_what_overwrites_and_what_needs_the_value(
    report: Report, file: str, qualname: str
) -> None:
    needed, overwrites = CASES[file, qualname]
    lines = [line.strip() for line in (Path(CORPUS) / "reports" / f"{file}.py").read_text().splitlines()]
    failure = report(file, qualname)["failure"]
    (finding,) = [each for each in report(file, qualname)["findings"] if each["code"] == "trace-failed"]
    assert lines[failure["line"] - 1] == lines[finding["line"] - 1] == overwrites
    assert [lines[place["span"]["line"] - 1] for place in finding["places"] if place["role"] == "need"] == [needed]
    assert "overwrites a value that the derivative of" in failure["message"]
