"""The truth: each class of some files that has a pinned example, run by torch.compile under `TORCH_TRACE`.

Everything is built for real, and a backward pass follows. This script shares no code with aotlens.

    python run.py OUTPUT FILE…

OUTPUT/CLASS is the folder of traces of one class, made in a process of its own. OUTPUT/CLASS.json has the names of the
parameters that got a gradient, and Dynamo's sources of the inputs of each graph, by compile id; or the error.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["TORCH_TRACE"] = tempfile.mkdtemp()

import torch
import torch._dynamo
from torch._dynamo.backends.debugging import aot_eager
from torch._guards import CompileContext
from torch._logging._internal import LOG_TRACE_HANDLER
from torch.utils._pytree import tree_leaves

PINNED = re.compile(r"^# aotlens: (?P<example>.+)\nclass (?P<name>\w+)", re.MULTILINE)
OPTIONS: dict[str, dict[str, Any]] = {"dynamic": {"dynamic": True}}
"""The options of torch.compile, for files that need some."""
AGAIN = {"Twice": "Twice()(torch.randn(5, 8))"}
"""A second call with other arguments."""


def imported(file: Path) -> ModuleType:
    """The file as a module."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def parts(example: str, scope: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
    """The callable of an example, and its arguments."""
    call = ast.parse(example, mode="eval").body
    assert isinstance(call, ast.Call)
    value = lambda node: eval(compile(ast.Expression(node), "example", "eval"), scope)  # noqa: E731
    return value(call.func), [value(node) for node in call.args], {n.arg: value(n.value) for n in call.keywords}


def run(name: str, example: str, scope: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Run one example, forward and backward; what is known then."""
    sources: dict[str, list[str]] = {}

    def backend(graph: torch.fx.GraphModule, inputs: list[Any]) -> Any:
        compile_id = str(CompileContext.current_trace_id()).strip("[]")
        sources[compile_id] = [node.meta["grapharg"].source.name for node in graph.graph.find_nodes(op="placeholder")]
        return aot_eager(graph, inputs)

    module, args, kwargs = parts(example, scope)
    compiled = torch.compile(module, backend=backend, **options)
    calls = [(args, kwargs)]
    if name in AGAIN:
        calls.append(parts(AGAIN[name], scope)[1:])
    for some, more in calls:
        tensors = [leaf for leaf in tree_leaves(compiled(*some, **more)) if isinstance(leaf, torch.Tensor)]
        tensors = [tensor for tensor in tensors if tensor.requires_grad]
        if tensors:
            torch.autograd.backward([tensor.sum() for tensor in tensors])
    gradients = [fqn for fqn, parameter in module.named_parameters() if parameter.grad is not None]
    return {"gradients": gradients, "sources": sources}


def answer(name: str, example: str, scope: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """What a run of one example gives."""
    try:
        return {"name": name, **run(name, example, scope, options)}
    except Exception:
        return {"name": name, "error": traceback.format_exc()}


def main(output: Path, files: list[Path]) -> None:
    """Run each example in a process of its own, in which Dynamo counts from the beginning."""
    for file in files:
        scope = vars(imported(file))
        for match in PINNED.finditer(file.read_text("utf-8")):
            name = match["name"]
            child = os.fork()
            if child == 0:
                torch.manual_seed(0)
                LOG_TRACE_HANDLER.root_dir = str(output / name)
                with (output / f"{name}.json").open("w", encoding="utf-8") as said:
                    json.dump(answer(name, match["example"], scope, OPTIONS.get(file.stem, {})), said)
                os._exit(0)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
