"""The gradients that eager gives on real tensors, for random values and tangents."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import torch

_PINNED = re.compile(r"^# aotlens: (.*)\n(?:@.*\n)*class (\w+)", re.MULTILINE)


def pins(file: Path) -> dict[str, str]:
    """The expression above each class of a file: the call that is traced."""
    return {name: expression for expression, name in _PINNED.findall(file.read_text(encoding="utf-8"))}


def missing_and_zero(file: Path, pin: str) -> tuple[set[str], set[str]]:
    """The parameters and arguments without a gradient, and those with zeros for each of several values and tangents."""
    spec = importlib.util.spec_from_file_location(f"real_{file.parent.name}_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    call = ast.parse(pin, mode="eval").body
    assert isinstance(call, ast.Call)
    runs = [_run(call, vars(module), seed) for seed in range(4)]
    return set.intersection(*(missing for missing, _ in runs)), set.intersection(*(zero for _, zero in runs))


def _run(call: ast.Call, namespace: dict[str, Any], seed: int) -> tuple[set[str], set[str]]:
    torch.manual_seed(seed)
    function = eval(ast.unparse(call.func), namespace)
    args = [eval(ast.unparse(arg), namespace) for arg in call.args]
    leaves: dict[str, Any] = dict(zip(_parameters(function), args, strict=False))
    if isinstance(function, torch.nn.Module):
        leaves |= dict(function.named_parameters())
    leaves = {name: leaf for name, leaf in leaves.items() if isinstance(leaf, torch.Tensor) and leaf.requires_grad}
    output = function(*args)
    results = [leaf for leaf in torch.utils._pytree.tree_leaves(output) if isinstance(leaf, torch.Tensor)]
    results = [leaf for leaf in results if leaf.requires_grad]
    if results:
        torch.autograd.backward(results, [torch.randn_like(result) for result in results])
    # A parameter that the call freezes is no longer one that has to get a gradient.
    leaves = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    missing = {name for name, leaf in leaves.items() if leaf.grad is None}
    zero = {name for name, leaf in leaves.items() if leaf.grad is not None and not leaf.grad.abs().max() > 0}
    return missing, zero


def _parameters(function: Any) -> list[str]:
    code = getattr(function, "forward", function)
    code = getattr(code, "__func__", code).__code__
    names = code.co_varnames[: code.co_argcount]
    return [name for name in names if name != "self"]
