"""The truth about gradients: the parameters that one backward pass in eager, on real tensors, gives a gradient.

Reads questions from stdin, one line of JSON each, and writes an answer for each. It shares no code with aotlens.

    {"path": "/folder/model.py", "name": "Net", "pin": "Net(4)(torch.rand(2, 4))", "mode": "train"}
    {"name": "Net", "with": ["fc.weight"], "without": ["fc.bias"], "zero": []}

A question that cannot be answered has `left_out` with the reason. `zero` are the parameters whose gradient is zero
everywhere.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import random
import signal
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import torch

SECONDS = 60


def load(path: Path) -> types.ModuleType:
    """The file as the module that its package would import."""
    root, names = path.parent, [path.stem] if path.stem != "__init__" else []
    while (root / "__init__.py").exists():
        names.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module(".".join(names))


def build(pin: str, namespace: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The callable of an expression `CALLEE(ARGUMENTS)`, and the arguments."""
    call = ast.parse(pin, mode="eval").body
    assert isinstance(call, ast.Call)
    scope = {"torch": torch, **namespace, "arguments": lambda *args, **kwargs: (args, kwargs)}
    callee = eval(compile(ast.Expression(call.func), "<pin>", "eval"), scope)
    call.func = ast.copy_location(ast.Name("arguments", ast.Load()), call.func)
    args, kwargs = eval(compile(ast.Expression(call), "<pin>", "eval"), scope)
    return callee, args, kwargs


def answer(question: dict[str, Any]) -> dict[str, list[str]]:
    """The parameters of one module with and without a gradient after a call and a backward pass from its results."""
    torch.manual_seed(0)
    random.seed(0)
    callee, args, kwargs = build(question["pin"], vars(load(Path(question["path"]))))
    owner = callee if isinstance(callee, torch.nn.Module) else getattr(callee, "__self__", None)
    if not isinstance(owner, torch.nn.Module):
        raise TypeError("the callable belongs to no module")
    owner.train(question["mode"] == "train")
    leaves = torch.utils._pytree.tree_leaves(callee(*args, **kwargs))
    results = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    if results:
        torch.autograd.backward(results, [torch.ones_like(result) for result in results])
    found: dict[str, list[str]] = {"with": [], "without": [], "zero": []}
    for name, value in owner.named_parameters(remove_duplicate=False):
        if value.requires_grad or value.grad is not None:
            found["without" if value.grad is None else "with"].append(name)
            if value.grad is not None and not value.grad.any():
                found["zero"].append(name)
    return found


def too_long(*_: object) -> None:
    """End a call that takes too long."""
    raise TimeoutError(f"longer than {SECONDS} s")


def main() -> None:
    """Answer each line of stdin."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, too_long)
    for line in sys.stdin:
        question = json.loads(line)
        signal.alarm(SECONDS)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found: dict[str, Any] = answer(question)
        except Exception as error:
            found = {"left_out": f"{type(error).__name__}: {str(error)[:200]}"}
        finally:
            signal.alarm(0)
        print(json.dumps({"name": question["name"], **found}), flush=True)


if __name__ == "__main__":
    main()
