"""The template of an example has the parameters of the constructor and of forward, and parses as Python."""

from __future__ import annotations

import ast
from pathlib import Path
from types import MappingProxyType

import pytest

from aotlens.features.fixes.code_actions import code_actions
from aotlens.features.fixes.examples import pin_comment
from aotlens.features.fixes.pin_template import template
from aotlens.model.examples import is_incomplete
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.definitions import definitions
from aotlens_tracer.wire.descriptor_map import Span
from unit.features.world import document

FORWARD = "    def forward(self, x):\n        return x\n"


def built(text: str, name: str = "Block") -> str:
    """The template for a class of a text, which has to be an expression."""
    source = document(Path("/project/model.py"), text)
    (definition,) = (one for one in source.definitions if one.qualname == name)
    found = template(source, definition)
    ast.parse(found, mode="eval")
    return found


def constructor(signature: str) -> str:
    text = f"class Block(nn.Module):\n    def __init__(self{signature}):\n        pass\n\n{FORWARD}"
    return built(text).removesuffix("(x=torch.randn(...))")


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("", "Block()"),
        (", dim", "Block(dim=...)"),
        (", dim: int, heads: int = 8, *, bias=True, name", "Block(dim=..., heads=8, bias=True, name=...)"),
        (", dim,\n        # how wide\n        width=(3, 3),\n    ", "Block(dim=..., width=(3, 3))"),
        (", dim, /, heads=2", "Block(..., heads=2)"),
        (", dim=4, /, heads=2", "Block(4, heads=2)"),
        (", *layers", "Block(...)"),
        (", dim, *layers, bias: bool", "Block(..., ..., bias=...)"),
        (", dim, **options", "Block(dim=...)"),
        (", norm=nn.LayerNorm, act: Callable[[int], str] = lambda x: x", "Block()"),
        (", weight: torch.Tensor, inner: nn.Module", "Block(weight=torch.randn(...), inner=...)"),
        (", é: int, 𝕏='}'", "Block(é=..., 𝕏='}')"),
    ],
)
def test_constructors(signature: str, expected: str) -> None:
    assert constructor(signature) == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("self", "()"),
        ("self, x, mask=None", "(x=torch.randn(...), mask=None)"),
        ("self, x: Tensor | None, n: int", "(x=torch.randn(...), n=...)"),
        ("self, *inputs", "(torch.randn(...))"),
        ("self, x, *rest, scale: float = 1.0", "(torch.randn(...), torch.randn(...), scale=1.0)"),
        ("self, batch: dict[str, Tensor], ids: 'LongTensor'", "(batch=..., ids=torch.randn(...))"),
    ],
)
def test_forward(signature: str, expected: str) -> None:
    text = f"class Block(nn.Module):\n    def forward({signature}):\n        return 1\n"
    assert built(text) == f"Block(){expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"class Base(nn.Module):\n    def __init__(self, n): pass\n{FORWARD}\nclass Block(Base): pass\n",
            "Block(n=...)",
        ),
        ("class Block(nn.Sequential): pass\n", "Block(...)"),
        ("class Block(torch.nn.Module): pass\n", "Block()"),
        (
            "@dataclass(eq=False)\nclass Block(Module):\n    dim: int\n    bias: bool = True\n    n: ClassVar[int]\n",
            None,
        ),
        ("class Block(A, B): pass\nclass A(nn.Module): pass\nclass B(nn.Module): pass\n", "Block()"),
        ("class Block(Block): pass\n", "Block(...)"),
        ("class A(B): pass\nclass B(A): pass\nclass Block(A): pass\n", "Block(...)"),
        (
            "class Block(nn.Module):\n    @overload\n    def __init__(self): ...\n    def __init__(self, n): pass\n",
            "Block(n=...)",
        ),
    ],
)
def test_what_is_not_written_in_the_class_itself(text: str, expected: str | None) -> None:
    assert built(text).startswith(expected or "Block(dim=..., bias=True)(")


def test_a_class_in_a_class() -> None:
    assert built(
        f"class Outer:\n    class Block(nn.Module):\n    {FORWARD.replace('    return', '        return')}",
        "Outer.Block",
    )


def test_a_long_signature_is_broken_into_lines_that_are_one_pin() -> None:
    """Arguments with a default are left out if they do not fit."""
    optional = "".join(f", option_{number}=None" for number in range(9))
    assert constructor(f", dim{optional}") == "Block(dim=...)"
    required = "".join(f", argument_number_{number}" for number in range(9))
    text = f"class Block(nn.Module):\n    def __init__(self{required}):\n        pass\n\n{FORWARD}"
    found = built(text)
    assert found.splitlines()[:2] == ["Block(", "    argument_number_0=...,"]
    source = document(Path("/project/model.py"), text)
    key = TargetKey(source.path, "Block")
    snapshot = Snapshot({source.path: source}, {key: TargetState(key)})
    edit = pin_comment(snapshot, source, TargetState(key))
    assert edit is not None
    (pin,) = definitions(edit.text + text)[0].pins
    assert ast.dump(ast.parse(pin.expression, mode="eval")) == ast.dump(ast.parse(found, mode="eval"))


def test_what_is_still_to_be_completed() -> None:
    assert is_incomplete("Block(dim=...)(x=torch.randn(2))") and is_incomplete("Block()(torch.randn(...))")
    assert not is_incomplete("Block(3)(torch.ones(2, 3)[..., 0])") and not is_incomplete("Block(")


def offered(path: str, **more: frozenset[str]) -> list[str]:
    """The actions on a class without an example."""
    source = document(Path("/x"), f"class Block(nn.Module):\n{FORWARD}")
    source = type(source)(path if ":" in path else f"file://{path}", path, 1, source.text)
    key = TargetKey(path, "Block")
    snapshot = Snapshot({path: source}, MappingProxyType({key: TargetState(key)}), **more)
    titles = [action.title for action in code_actions(snapshot, source, Span(path, 1, 7))]
    pins = [title for title in titles if title.startswith("Pin ")]
    assert (pin_comment(snapshot, source, TargetState(key)) is None) == (not pins)
    return pins


def test_nothing_is_pinned_where_nothing_is_to_be_written() -> None:
    assert offered("/project/model.py") == ["Pin an example for Block, to be completed"]
    assert offered("/project/model.py", read_only=frozenset({"/project/model.py"})) == []
    assert offered("/env/lib/python3.11/site-packages/pkg/model.py") == []
    assert offered("/usr/lib/python3.12/model.py") == []
    assert offered("untitled:Untitled-1") == []
