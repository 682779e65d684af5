"""Statements that change a tensor in place, rewritten so that they compute a new one."""

from __future__ import annotations

import pytest

from aotlens.syntax.changes import as_new_value
from aotlens.syntax.source_text import nodes_around
from aotlens.text.documents import Document

HEAD = "class Net(nn.Module):\n    def forward(self, x, *rest, mask=None):\n        h = x * 2\n        "


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("h += x", "h = h + x"),
        ("h *= x + 1", "h = h * (x + 1)"),
        ("h -= h.mean()", "h = h - h.mean()"),
        ("h @= self.w", "h = h @ self.w"),
        ("h.mul_(2)", "h = h.mul(2)"),
        ("h.masked_fill_(x > 0, 0.0)", "h = h.masked_fill(x > 0, 0.0)"),
        ("return F.relu(h, inplace=True)", "return F.relu(h, inplace=False)"),
        ("h = F.dropout(h, 0.5, self.training, inplace = True)", "h = F.dropout(h, 0.5, self.training, inplace=False)"),
        ("x += 1", None),
        ("mask.mul_(2)", None),
        ("h[0] += 1", None),
        ("h[0] = 1", None),
        ("self.h += x", None),
        ("y = h.add_(1)", None),
        ("torch.relu_(h)", None),
        ("F.relu_(h)", None),
        ("h.__len__()", None),
        ("torch.add(h, 1, out=h)", None),
    ],
)
def test_a_change_in_place_becomes_a_new_value(statement: str, wanted: str | None) -> None:
    document = Document("file:///net.py", "/net.py", 1, HEAD + statement + "\n")
    column = statement.find("F.") + 9 if "F." in statement else 9
    found = as_new_value(nodes_around(document, 4, column))
    if wanted is None:
        assert found is None
        return
    assert found is not None
    node, text = found
    span = document.span_of(node)
    assert span.line == span.end_line == 4
    assert span.column is not None and span.end_column is not None
    line = document.lines[3]
    assert (line[: span.column - 1] + text + line[span.end_column - 1 :]).strip() == wanted
