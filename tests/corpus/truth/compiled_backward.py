"""The truth: the backward pass of each pinned class of a file in eager and under torch.compile, a line of JSON each.

It has the error, or the collective operations that ran. This script shares no code with aotlens.

    python compiled_backward.py FILE
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from plain import PINNED, build, load
from torch.distributed.tensor.debug import CommDebugMode


def backward(module: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    result = module(*args, **kwargs)
    result = result[0] if isinstance(result, tuple) else result
    try:
        with CommDebugMode() as counted:
            result.sum().backward()
    except RuntimeError as error:
        return {"error": str(error)}
    return {"collectives": {str(each).rpartition(".")[2]: count for each, count in counted.get_comm_counts().items()}}


def main() -> None:
    (path,) = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        source = file.read()
    namespace = vars(load(path))
    for match in PINNED.finditer(source):
        torch._dynamo.reset()
        answer = {"eager": backward(*build(match["example"], namespace))}
        module, args, kwargs = build(match["example"], namespace)
        answer["compiled"] = backward(torch.compile(module, backend="aot_eager"), args, kwargs)
        print(json.dumps({"name": match["name"], **answer}), flush=True)


if __name__ == "__main__":
    main()
