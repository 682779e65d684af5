"""Hints are given only where the exception proves the cause. Near misses look alike, and get none."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensorMode

from aotlens_tracer.examples.inferred import stand_ins
from aotlens_tracer.failures import refused_modules
from aotlens_tracer.failures.advice import advice_for
from aotlens_tracer.failures.codebase import EXAMPLE_FILE, Codebase
from aotlens_tracer.wire.advice import InstallPackage, Known, NamesInExample, PlantedModule


def compiled(text: str) -> None:
    exec(compile(text, "/home/me/model.py", "exec"), {})


def example(text: str) -> None:
    eval(compile(text, EXAMPLE_FILE, "eval"), {"torch": torch})


def users(text: str) -> Callable[[], None]:
    """A statement of the user's that raises an error with such a text."""
    return lambda: compiled(f"raise RuntimeError({text!r})")


def on_fake_tensors(call: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        with FakeTensorMode():
            return call()

    return run


def changed_in_place() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


def leaf_changed_in_place() -> None:
    torch.ones(3, requires_grad=True).add_(1)


def one_view_changed_in_place() -> None:
    first, _ = (2 * torch.ones(2, 3, requires_grad=True)).unbind(0)
    first.add_(1)


class _Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, grad):
        return grad[:2]


def packed() -> object:
    return nn.utils.rnn.pack_padded_sequence(torch.ones(2, 5, 4), torch.tensor([5, 3]), batch_first=True)


CASES = {
    # What the user's code raises itself says nothing about the cause.
    "leaf-in-place": (leaf_changed_in_place, "forward", Known("leaf-changed-in-place")),
    "view-in-place": (one_view_changed_in_place, "forward", Known("one-of-several-views")),
    "in-place": (changed_in_place, "forward", Known("changed-in-place")),
    "in-place, in words": (
        users("one of the variables needed was modified by an inplace operation"),
        "forward",
        None,
    ),
    "gradient": (
        lambda: _Wrong.apply(torch.ones(3, requires_grad=True)).sum().backward(),
        "forward",
        Known("wrong-gradient-shape"),
    ),
    "gradient, in words": (users("it returned an invalid gradient"), "forward", None),
    "two devices": (
        on_fake_tensors(lambda: torch.ones(3) + torch.ones(3, device="cuda")),
        "forward",
        Known("several-devices"),
    ),
    "two devices, in words": (users("all experts have to be on the same device"), "forward", None),
    "cuda, in words": (users("CUDA enabled kernels are slow, no NVIDIA driver 470"), "forward", None),
    # `raise MemoryError` is no lack of memory.
    "memory, raised": (lambda: compiled("raise MemoryError('cache is full')"), "forward", None),
    # Two errors at the end of input.
    "input": (lambda: compiled("raise_eof = input()"), "import", Known("reads-input")),
    "empty pickle": (lambda: pickle.load(io.BytesIO(b"")), "import", None),
    # Names.
    "name in the example": (lambda: example("Block(4)"), "example", NamesInExample("model.py")),
    "name in the constructor": (lambda: compiled("Block(4)"), "example", None),
    "exit at import": (lambda: compiled("import sys; sys.exit(2)"), "import", Known("runs-at-import")),
    "exit in forward": (lambda: compiled("import sys; sys.exit(2)"), "forward", None),
    # Modules.
    "package": (lambda: compiled("import no_such_package.part"), "import", InstallPackage),
    "required package": (
        lambda: compiled("raise ImportError('Requires no_such_package >= 1.0')"),
        "example",
        InstallPackage,
    ),
    "no package": (lambda: compiled("raise ModuleNotFoundError('flash is needed')"), "import", None),
    "gone from Python": (lambda: compiled("raise ModuleNotFoundError('no', name='asynchat')"), "import", None),
    # Encodings.
    "path in a string": (lambda: compiled("p = 'C:\\Users\\me'"), "import", Known("raw-string")),
    "plain syntax": (lambda: compiled("encoding = = 3"), "import", None),
    # Data.
    "mask": (
        on_fake_tensors(lambda: torch.ones(3)[torch.ones(3, dtype=torch.bool)]),
        "capture",
        Known("data-dependent-size"),
    ),
    "unique": (on_fake_tensors(lambda: torch.unique(torch.ones(3))), "capture", None),
    "packing": (on_fake_tensors(packed), "capture", Known("packed-sequence")),
    "item": (on_fake_tensors(lambda: torch.ones(()).item()), "capture", Known("reads-value")),
    # Shapes have no general advice.
    "shapes": (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "forward", None),
}


@pytest.mark.parametrize("name", CASES)
def test_advice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, stage, expected = CASES[name]
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(BaseException) as raised:  # SystemExit too
        call()
    advice = advice_for(raised.value, stage, Codebase("/home/me/model.py"))
    if isinstance(expected, type):
        assert isinstance(advice, expected)
    else:
        assert advice == expected


def test_a_module_that_was_refused_is_said_to_be_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_modules, "_places", {"planted_module": "/tmp/planted_module.py"})
    with pytest.raises(ModuleNotFoundError) as raised:
        stand_ins.importing(lambda: __import__("planted_module.part"))
    advice = advice_for(raised.value, "import", Codebase("/home/me/model.py"))
    assert advice == PlantedModule("planted_module", "/tmp/planted_module.py")
    with pytest.raises(ModuleNotFoundError) as raised:
        __import__("torch.no_such_part")
    monkeypatch.setattr(refused_modules, "_places", {"torch": "/tmp/torch.py"})
    assert not isinstance(advice_for(raised.value, "import", Codebase("")), PlantedModule), "found elsewhere"
