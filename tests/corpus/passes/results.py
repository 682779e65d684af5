"""The truth: what the functions of torch's `fx_utils` return for each class of a file that has a pinned example.

One line of JSON for each class: for both conventions, the results for each graph. It shares no code with aotlens.

    python results.py FILE
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from plain import PINNED, build, joint_graph, load
from torch._dynamo.backends.common import aot_autograd
from torch._functorch._aot_autograd import fx_utils
from torch._functorch.aot_autograd import make_boxed_func
from torch._functorch.partitioners import min_cut_rematerialization_partition

FUNCTIONS = [name for name in vars(fx_utils) if name.startswith("get_")]


def node_name(node: Any) -> str | None:
    """The name of a node; None for None and for constants."""
    return node.name if isinstance(node, torch.fx.Node) else None


def results(graph: torch.fx.Graph) -> dict[str, Any]:
    """What each function returns for a graph, by the reprs of its keys, or the name of its error."""
    found: dict[str, Any] = {}
    for name in FUNCTIONS:
        try:
            result = getattr(fx_utils, name)(graph)
        except (RuntimeError, KeyError) as error:
            found[name] = type(error).__name__
            continue
        if isinstance(result, list):
            found[name] = [[node_name(node)] for node in result]
            continue
        pairs = ((key, value if isinstance(value, tuple) else (value,)) for key, value in result.items())
        found[name] = [[key if isinstance(key, str) else repr(key), *map(node_name, nodes)] for key, nodes in pairs]
    return found


def compiled(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[dict[str, Any]]:
    """The results for each graph that torch.compile makes."""
    found = []

    def partition(joint: torch.fx.GraphModule, inputs: Any, **options: Any) -> Any:
        found.append(results(joint.graph))
        return min_cut_rematerialization_partition(joint, inputs, **options)

    def inference(graph_module: torch.fx.GraphModule, inputs: Any) -> Any:
        found.append(results(graph_module.graph))
        return make_boxed_func(graph_module)

    def compiler(graph_module: torch.fx.GraphModule, inputs: Any) -> Any:
        return make_boxed_func(graph_module)

    backend = aot_autograd(
        fw_compiler=compiler,
        inference_compiler=inference,
        partition_fn=partition,
        keep_inference_input_mutations=True,  # as inductor and aot_eager
    )
    torch.compile(module, backend=backend)(*args, **kwargs)
    return found


def exported(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[dict[str, Any]]:
    """The results for the joint graph of an export."""
    with joint_graph(module, args, kwargs) as (_, joint):
        return [results(joint.graph_module.graph)]


def main() -> None:
    """Answer for every pinned class of the file on the command line."""
    with open(sys.argv[1], encoding="utf-8") as file:
        source = file.read()
    namespace = vars(load(sys.argv[1]))
    for match in PINNED.finditer(source):
        answer: dict[str, Any] = {"name": match["name"]}
        for convention, capture in (("export", exported), ("compile", compiled)):
            torch._dynamo.reset()
            try:
                answer[convention] = capture(*build(match["example"], namespace))
            except Exception as error:
                answer[convention] = None
                print(f"{match['name']}: {convention}: {type(error).__name__}: {error}"[:300], file=sys.stderr)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
