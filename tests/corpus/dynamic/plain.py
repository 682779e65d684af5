"""The truth: what plain torch makes of the pins of sizes.py, with their options, one line of JSON for each.

    python plain.py FILE

It shares no code with aotlens: the options are evaluated, with a function `dynamic` and torch's own `Dim`.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import json
import re
import sys
from typing import Any

import torch
import torch._dynamo
from torch._dynamo.functional_export import dynamo_graph_capture_for_export
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors
from torch.fx.experimental.symbolic_shapes import ConstraintViolationError
from torch.utils._sympy.numbers import int_oo

PINNED = re.compile(r"^# aotlens: (?P<example>.+)\nclass (?P<name>\w+)", re.MULTILINE)

WRONG = ("NoSuchDimension", "NoTensor", "Outside", "NoSuchName", "Data")
"""The pins whose options do not fit their calls, and one whose argument torch does not know as a pytree."""


def dynamic(*dimensions: int, name: str | None = None, min: int | None = None, max: int | None = None) -> Any:
    """What an option says of some dimensions."""
    return dict.fromkeys(dimensions, (min, max))


def marks(option: ast.AnnAssign, names: dict[str, Any]) -> dict[int, Any]:
    """The bounds of each dimension that an option marks; None for a weak mark."""
    said = eval(ast.unparse(option.annotation), {**names, "torch": torch, "dynamic": dynamic})
    return {dimension: bounds_of(dim) for dimension, dim in said.items()}


def bounds_of(dim: Any) -> tuple[Any, Any] | None:
    """The bounds that a Dim gives; those of `dynamic` are bounds already."""
    if isinstance(dim, tuple):
        return dim
    if isinstance(dim, str):
        return None, None
    if dim is torch.export.Dim.AUTO:
        return None
    return (None, None) if (dim.min, dim.max) == (0, int_oo) else (dim.min, dim.max)


def call(example: str, names: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The module of an example and its arguments, which are marked as the options say."""
    first, *options = ast.parse(example).body
    scope = {**names, "torch": torch, "arguments": lambda *args, **kwargs: (args, kwargs)}
    node: Any = first.value  # type: ignore[attr-defined]  # an expression
    module = eval(ast.unparse(node.func), scope)
    node.func = ast.Name("arguments", ast.Load())
    args, kwargs = eval(ast.unparse(node), scope)
    given = inspect.signature(module.forward).bind(*args, **kwargs).arguments
    for option in options:
        assert isinstance(option, ast.AnnAssign)
        tensor = eval(ast.unparse(option.target), dict(given))
        for dimension, bounds in marks(option, names).items():
            if bounds is None:
                torch._dynamo.maybe_mark_dynamic(tensor, dimension)
            else:
                low, high = bounds
                torch._dynamo.mark_dynamic(tensor, dimension, min=low, max=high)
    return module, args, kwargs


def texts(descriptor: Any) -> list[str | None]:
    """The repr and the expression of a descriptor."""
    return [None, None] if descriptor is None else [repr(descriptor), descriptor.expr()]


def shape(node: Any) -> list[int | str] | str | None:
    """The shape of a node's value, or the text of a symbolic number."""
    value = node.meta.get("val") if isinstance(node, torch.fx.Node) else None
    if isinstance(value, torch.SymInt):
        return str(value)
    return [size if type(size) is int else str(size) for size in value.shape] if value is not None else None


def captured(example: str, names: dict[str, Any]) -> dict[str, Any]:
    """The descriptors and shapes of the joint graph."""
    torch._dynamo.reset()
    module, args, kwargs = call(example, names)
    with contextlib.ExitStack() as stack:
        graph_module = dynamo_graph_capture_for_export(module)(*args, **kwargs)
        stack.enter_context(torch._guards.tracing(graph_module.meta["tracing_context"]))
        stack.enter_context(graph_module.meta["fake_mode"])
        graph = aot_export_joint_with_descriptors(stack, graph_module, args, kwargs).graph_module.graph
        output = graph.find_nodes(op="output")[0]
        inputs = graph.find_nodes(op="placeholder")
        return {
            "inputs": [[*texts(node.meta.get("desc")), shape(node)] for node in inputs],
            "outputs": [[*texts(desc), shape(node)] for desc, node in zip(output.meta["desc"], output.args[0])],
        }


def compiled(example: str, names: dict[str, Any]) -> dict[str, Any]:
    """The message of torch.compile's error about marks, None without one; the lines of the user's stack in it."""
    torch._dynamo.reset()
    module, args, kwargs = call(example, names)
    try:
        torch.compile(module, backend="eager")(*args, **kwargs)
    except ConstraintViolationError as error:
        text = str(error)
        return {"refused": text, "lines": sorted({int(line) for line in re.findall(r'sizes\.py", line (\d+)', text)})}
    return {"refused": None, "lines": []}


def main(path: str) -> None:
    """Print the answer for each pin whose options fit its call."""
    spec = importlib.util.spec_from_file_location("sizes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with open(path, encoding="utf-8") as file:
        pins = PINNED.findall(file.read())
    for example, name in pins:
        if name in WRONG:
            continue
        try:
            answer = captured(example, vars(module)) | compiled(example, vars(module))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("ANSWER" + json.dumps({"name": name, **answer}))


if __name__ == "__main__":
    main(sys.argv[1])
