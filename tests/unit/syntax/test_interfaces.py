"""The facts of a class about its arguments."""

from __future__ import annotations

import pytest

from aotlens.syntax.interfaces import interface_of
from aotlens.text.documents import Document

NET = '''\
class Net(nn.Module):
    """Takes images."""

    def __init__(self, width=64):
        super().__init__()
        self.fc = nn.Linear(width, 4 * width)

    def forward(self, x):  # a comment
        """x: (b, c, h, w)"""
        return self.fc(x)
'''


def interface(text: str, line: int = 1) -> str:
    return interface_of(Document("file:///t/net.py", "/t/net.py", 1, text), line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("4 * width", "3 * width"),
        ("return self.fc(x)", "return self.fc(x) + x"),
        ("(self, width=64)", "(\n        self,\n        width=64)"),
    ],
)
def test_it_does_not_change_with_code_and_layout(old: str, new: str) -> None:
    assert interface(NET.replace(old, new)) == interface(NET) != ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("width=64", "width=32"),
        ("forward(self, x)", "forward(self, x, mask=None)"),
        ("forward(self, x)", "forward(self, x: Tensor)"),
        ("forward(self, x)", "forward(self, x  # (b, n, d)\n    )"),
        ("(b, c, h, w)", "(b, n, d)"),
        ("images", "tokens"),
    ],
)
def test_it_changes_with_parameters_their_comments_and_docstrings(old: str, new: str) -> None:
    assert interface(NET.replace(old, new)) != interface(NET)


def test_a_function_has_none() -> None:
    assert interface("def step(x):\n    return x\n") == interface("", 1) == ""
