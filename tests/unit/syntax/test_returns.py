"""The expression of an output, if the `return` has it written out."""

from __future__ import annotations

import pytest

from aotlens.syntax.returns import returned, with_method
from aotlens.syntax.signatures import function_node
from aotlens.text.documents import Document


def found(statement: str, label: str, method: str = "detach") -> str | None:
    body = statement.replace("\n", "\n    ")
    document = Document("file:///m.py", "/m.py", 1, f"def f(x, y):\n    {body}\n")
    function = function_node(document, 1, "f")
    assert function is not None
    node = returned(function, label)
    return with_method(node, method) if node is not None else None


@pytest.mark.parametrize(
    ("statement", "label", "expected"),
    [
        ("return x, y", "output[1]", "y.detach()"),
        ("return (x, -y)", "output[1]", "(-y).detach()"),
        ("return [x @ y, y]", "output[0]", "(x @ y).detach()"),
        ('return {"a": x, "b": y[0]}', "output['b']", "y[0].detach()"),
        ("return Out(loss=x, logits=y + 1)", "output.logits", "(y + 1).detach()"),
        ('return x, {"b": (y, x)}', "output[1]['b'][0]", "y.detach()"),
        ("def g():\n    return x\nreturn x, y", "output[0]", "x.detach()"),
        ("return x if x.sum() else y, y", "output[0]", "(x if x.sum() else y).detach()"),
    ],
)
def test_written_out(statement: str, label: str, expected: str) -> None:
    assert found(statement, label) == expected


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("return z", "output[1]"),
        ("return x, *y", "output[0]"),
        ('return {"a": x, **y}', "output['a']"),
        ('return {"a": x, "a": y}', "output['a']"),
        ("return Out(x, y)", "output.logits"),
        ("return Out(x, y)", "output[1]"),
        ("if y:\n    return y, x\nreturn x, y", "output[0]"),
        ("return x, None", "output[1]"),
        ("return (x, y), y", "output[0]"),
        ("return x, y", "mutated(x)"),
        ("return x, y", "output[1]._local_tensor"),
        ("pass", "output"),
    ],
)
def test_not_written_out(statement: str, label: str) -> None:
    assert found(statement, label) is None
