"""The outcome of real calls of torch.compile where a dimension is dynamic: `python real_sizes.py FILE` prints JSON.

For each pin of the file: `refused` if the call raises torch's error about a marked dimension, else `same` or `anew`:
whether a call with one row more uses the same code. `fails` if it cannot be made.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from typing import Any

import torch
import torch._dynamo
from torch.fx.experimental.symbolic_shapes import ConstraintViolationError

_PIN = re.compile(r"^# aotlens: ((\w+)\(\))\((marked\((\d+), .*)\)$", re.MULTILINE)


def outcomes(path: str) -> dict[str, str]:
    """The outcome for each pin of a file that marks a dimension."""
    spec = importlib.util.spec_from_file_location("sizes", path)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with open(path, encoding="utf-8") as file:
        pins = _PIN.findall(file.read())
    return {
        name: _outcome(eval(built, vars(module)), argument, int(rows), module) for built, name, argument, rows in pins
    }


def _outcome(model: Any, argument: str, rows: int, module: Any) -> str:
    torch._dynamo.reset()
    compiles = []

    def backend(graph: Any, inputs: Any) -> Any:
        compiles.append(graph)
        return graph.forward

    compiled = torch.compile(model, backend=backend)
    try:
        compiled(eval(argument, vars(module)))
    except ConstraintViolationError:
        return "refused"
    before = len(compiles)
    try:
        compiled(eval(argument.replace(f"({rows},", f"({rows + 1},"), vars(module)))
    except Exception:
        return "fails"
    return "anew" if len(compiles) > before else "same"


if __name__ == "__main__":
    print("OUTCOMES" + json.dumps(outcomes(sys.argv[1])))
