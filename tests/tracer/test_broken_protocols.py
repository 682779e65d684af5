"""Tensor subclasses that torch cannot take apart: each fault, what torch and eager do, and where a trace says it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import torch
import torch._dynamo

from aotlens.explain.subclass_faults import broken_protocol as in_words
from aotlens_tracer.findings.broken_protocols import broken_protocol
from support import CORPUS, trace_json

FOLDER = CORPUS / "subclasses"

FAULTS = {
    "NoFlatten": ("class NoFlatten", "`NoFlatten` does not define `__tensor_flatten__`, so torch cannot take it apart"),
    "NoUnflatten": (
        "class NoUnflatten",
        "`NoUnflatten` does not define `__tensor_unflatten__`, so torch cannot take it apart",
    ),
    "NullUnflatten": (
        "class NullUnflatten",
        "`NullUnflatten` does not define `__tensor_unflatten__`, so torch cannot take it apart",
    ),
    "NotATensor": (
        "__tensor_flatten__",
        "`NotATensor.__tensor_flatten__` lists `block`, which is an int, no tensor: return it in the context",
    ),
    "NoneListed": (
        "__tensor_flatten__",
        "`NoneListed.__tensor_flatten__` lists `zero`, which is None: list it only if it is a tensor",
    ),
    "NoSuchAttribute": (
        "__tensor_flatten__",
        "`NoSuchAttribute.__tensor_flatten__` names `zero_point`, which the object does not have",
    ),
    "FewArguments": (
        "__tensor_unflatten__",
        "`FewArguments.__tensor_unflatten__` takes 2 arguments, torch passes 4 (inner, context, outer_size, "
        "outer_stride)",
    ),
    "NoClassMethod": (
        "__tensor_unflatten__",
        "`NoClassMethod.__tensor_unflatten__` begins with `self`, but torch calls it on the class: make it a "
        "staticmethod, or a classmethod whose first parameter is the class",
    ),
    "WrongKey": ('inner["scales"]', "`WrongKey.__tensor_unflatten__` raises KeyError: 'scales'"),
    "FlattensToDict": (
        "__tensor_flatten__",
        "`FlattensToDict.__tensor_flatten__` returns a dict, not a pair: the names of the attributes that are tensors, "
        "and a context",
    ),
    "FlattensToNames": (
        "__tensor_flatten__",
        "`FlattensToNames.__tensor_flatten__` returns a list of names, not a pair: the names of the attributes that "
        "are tensors, and a context",
    ),
    "FlattensToTensors": (
        "__tensor_flatten__",
        "`FlattensToTensors.__tensor_flatten__` lists a tensor, not the name of an attribute",
    ),
    "NoReturn": ("__tensor_unflatten__", "`NoReturn.__tensor_unflatten__` returns None, not a NoReturn"),
    "OtherType": ("__tensor_unflatten__", "`OtherType.__tensor_unflatten__` returns a Tensor, not an OtherType"),
    "OtherShape": (
        "__tensor_unflatten__",
        "`OtherShape.__tensor_unflatten__` returns an object of shape (8, 4), where its outer_size is (4, 8)",
    ),
    "TensorInContext": (
        "__tensor_flatten__",
        "`TensorInContext.__tensor_flatten__` has the tensor `scale` in its context, where torch compares it and takes "
        "it as a constant: keep it in an attribute, and list that",
    ),
    "ChangedContext": (
        "__tensor_flatten__",
        "`ChangedContext.__tensor_flatten__` returns another context each time: torch compares it with `==` before it "
        "runs a compiled graph again, which then always fails",
    ),
    "OfAnother": (
        "_make_subclass",
        "`OfAnother` makes its objects of another tensor: torch takes apart only those that "
        "`torch.Tensor._make_wrapper_subclass` makes",
    ),
    "LosesBlock": (
        "__tensor_unflatten__",
        "`LosesBlock.__tensor_unflatten__` loses `block`: it was given 64, and the object it returns has 32",
    ),
}
"""What the place of each fault has in its line, and the sentence."""

COMPILED = ("OtherType",)
"""The faults with which torch.compile runs: it goes on with another tensor than the user's."""


@pytest.fixture(scope="module")
def broken() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        import broken as module  # type: ignore[import-not-found]  # a file of the corpus

        yield module
        del sys.modules["broken"]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_at_its_line(name: str, broken: ModuleType) -> None:
    found = broken_protocol(broken.made(getattr(broken, name)), None)
    assert found is not None and found.span is not None
    start, sentence = FAULTS[name]
    lines = (FOLDER / "broken.py").read_text(encoding="utf-8").splitlines()
    at = found.span.line - 1
    assert start in " ".join(lines[at : at + 3])  # a decorator may stand above the method
    assert in_words(found) == sentence


def test_classes_that_keep_the_protocol_have_no_fault(broken: ModuleType) -> None:
    two = broken.TwoTensor(torch.randn(2, 2), torch.randn(2, 2))
    nested = torch.nested.nested_tensor([torch.randn(2, 3), torch.randn(4, 3)], layout=torch.jagged)
    plain = torch.nn.Parameter(torch.randn(2))
    for value in (broken.made(broken.Scaled), broken.made(broken.Unhashable), two, nested, plain, 3):
        assert broken_protocol(value, "x") is None


def test_methods_that_a_class_inherits_from_torch_are_told_at_the_class(broken: ModuleType) -> None:
    found = broken_protocol(broken.Inherits(torch.randn(2), torch.randn(2)), "weight")
    assert found is not None and found.span is not None
    assert in_words(found).startswith("`Inherits.__tensor_unflatten__` returns a TwoTensor, not an Inherits")
    lines = (FOLDER / "broken.py").read_text(encoding="utf-8").splitlines()
    assert lines[found.span.line - 1].startswith("class Inherits(")


@pytest.mark.parametrize("name", FAULTS)
def test_eager_works_with_each_fault_and_torch_compile_does_not(name: str, broken: ModuleType) -> None:
    torch._dynamo.reset()
    model = broken.Linear(broken.made(getattr(broken, name)))
    x = torch.randn(2, 8)
    model(x).sum().backward()
    compiled: Any = torch.compile(model, backend="aot_eager", fullgraph=True)
    if name in COMPILED:
        compiled(x)
        return
    with pytest.raises(Exception):  # noqa: B017  # torch has no error of its own for this
        compiled(x)


def test_a_trace_says_it_at_the_class() -> None:
    found = {trace["target"]["qualname"]: trace for trace in trace_json("broken.py", cwd=FOLDER)["traces"]}
    lines = (FOLDER / "broken.py").read_text(encoding="utf-8").splitlines()
    failed = {
        "InParameter": ('inner["scales"]', "WrongKey", "weight"),
        "InTwo": ("__tensor_flatten__", "NoSuchAttribute", "weight.a"),
        "MadeInside": ("__tensor_flatten__", "NamesC", None),
    }
    for name, (text, kind, label) in failed.items():
        failure = found[name]["failure"]
        assert (failure["stage"], failure["path"]) == ("capture", "broken.py"), name
        assert text in lines[failure["line"] - 1], name
        assert failure["message"].startswith(f"`{kind}.__tensor_"), name
        assert label is None or failure["message"].endswith(f"(the class of `{label}`)"), name
        assert "internal error" not in str(found[name]["graph_breaks"]), name
    for name, (kind, result) in {"NoneOfMm": ("NoResult", "None"), "NoMm": ("NotForMm", "NotImplemented")}.items():
        failure = found[name]["failure"]
        assert (failure["stage"], failure["path"]) == ("forward", "broken.py"), name
        assert "def __torch_dispatch__" in " ".join(lines[failure["line"] - 1 : failure["line"] + 1]), name
        assert failure["message"] == f"`{kind}.__torch_dispatch__` returns {result} for aten.mm.default, in eager too"
    for name, subjects in {"Traced": ["weight"], "Attribute": ["scale"], "UsedInside": []}.items():
        trace = found[name]
        assert trace["status"] == "traced", trace["failure"]
        (finding,) = [one for one in trace["findings"] if one["code"] == "broken-flatten-protocol"]
        assert [one["name"] for one in finding["subjects"]] == subjects
