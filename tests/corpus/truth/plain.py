"""The truth: what plain torch says of each class of a file that has a pinned example, one line of JSON for each.

Everything is built for real. This script shares no code with aotlens.

    python plain.py FILE [--partition] [--kept] [--gradients]

With `--kept`, also how many bytes are kept for backward: by each partitioner, each of a capture of its own, and by
autograd, in a call with real tensors. With `--gradients`, which parameters get a gradient there.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import re
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch._dynamo
import torch._functorch.config
from torch._dynamo.functional_export import dynamo_graph_capture_for_export
from torch._functorch._aot_autograd.graph_compile import _partition_joint_graph_into_fw_bw
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors
from torch._functorch.partitioners import default_partition, min_cut_rematerialization_partition

PINNED = re.compile(r"^# aotlens: (?P<example>.+)\nclass (?P<name>\w+)", re.MULTILINE)


def load(path: str) -> types.ModuleType:
    """The file as a module."""
    spec = importlib.util.spec_from_file_location("truth_targets", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def build(example: str, namespace: dict[str, Any]) -> tuple[torch.nn.Module, tuple[Any, ...], dict[str, Any]]:
    """The module of an example `CALLEE(ARGUMENTS)`, and the arguments."""
    call = ast.parse(example, mode="eval").body
    assert isinstance(call, ast.Call)
    scope = {"torch": torch, **namespace, "arguments": lambda *args, **kwargs: (args, kwargs)}
    module = eval(compile(ast.Expression(call.func), "<example>", "eval"), scope)
    call.func = ast.copy_location(ast.Name("arguments", ast.Load()), call.func)
    args, kwargs = eval(compile(ast.Expression(call), "<example>", "eval"), scope)
    return module, args, kwargs


class CannotCapture(Exception):
    """Neither through Dynamo nor directly."""


@contextlib.contextmanager
def joint_graph(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """By which way the joint graph was captured, and the graph: through Dynamo, directly where Dynamo refuses."""
    with contextlib.ExitStack() as stack:
        try:
            graph_module = dynamo_graph_capture_for_export(module)(*args, **kwargs)
        except Exception as refusal:
            try:
                joint = aot_export_joint_with_descriptors(stack, module, args, kwargs)
            except Exception as error:
                raise CannotCapture(f"Dynamo: {first_line(refusal)}; directly: {first_line(error)}") from error
            yield "direct", joint
        else:
            stack.enter_context(torch._guards.tracing(graph_module.meta["tracing_context"]))
            stack.enter_context(graph_module.meta["fake_mode"])
            yield "dynamo", aot_export_joint_with_descriptors(stack, graph_module, args, kwargs)


def first_line(error: Exception) -> str:
    """Type and first line of an exception, without addresses."""
    line = (str(error).strip().splitlines() or [""])[0]
    return re.sub(r"\b0x[0-9a-f]+", "0x", f"{type(error).__name__}: {line}")


def texts(descriptor: Any) -> list[str | None]:
    """The repr and the expression of a descriptor."""
    return [None, None] if descriptor is None else [repr(descriptor), descriptor.expr()]


def operations(graph: torch.fx.Graph) -> list[list[Any]]:
    """Name, target, operands and direction of each operation of a graph."""
    return [
        [node.name, str(node.target), [n.name for n in node.all_input_nodes], node.meta["partitioner_tag"]]
        for node in graph.nodes
        if node.op == "call_function"
    ]


def partition(
    joint: Any, partitioner: Callable[..., Any]
) -> tuple[torch.fx.Graph, torch.fx.Graph, list[torch.fx.Node]]:
    """The forward and the backward graph, and the outputs of the first that the second gets."""
    state, capture = joint._aot_state, joint._aot_graph_capture
    subclass_meta = capture.maybe_subclass_meta
    forward, backward, outputs = _partition_joint_graph_into_fw_bw(
        joint.graph_module,
        capture.updated_flat_args,
        state.fw_metadata if subclass_meta is None else subclass_meta.fw_metadata,
        state.fw_metadata,
        state.aot_config,
        partitioner,
    )
    return forward.graph, backward.graph, forward.graph.find_nodes(op="output")[0].args[0][outputs:]


def partitioned(joint: Any) -> dict[str, Any]:
    """The graphs of the min-cut partitioner, name and bytes of each value that it saves, and their sum."""
    forward, backward, nodes = partition(joint, min_cut_rematerialization_partition)
    values = [(node.name, node.meta["val"]) for node in nodes]
    return {
        "saved": [(name, value.nbytes if isinstance(value, torch.Tensor) else None) for name, value in values],
        "kept": kept(forward, nodes),
        "forward": operations(forward),
        "backward": operations(backward),
    }


def kept(forward: torch.fx.Graph, nodes: list[torch.fx.Node]) -> int:
    """The bytes of what is saved, aliases apart: of inputs, and of one another."""
    given = {storage(node.meta["val"]) for node in forward.find_nodes(op="placeholder")}
    return distinct([node.meta["val"] for node in nodes if isinstance(node.meta["val"], torch.Tensor)], given)


def distinct(tensors: list[torch.Tensor], given: set[int | None]) -> int:
    """The bytes of the first tensor in each storage that is not among the given."""
    return sum({storage(t): t.nbytes for t in reversed(tensors) if storage(t) not in given}.values())


CHOICES = (("default", None), *(("min-cut", budget) for budget in (1.0, 0.75, 0.5, 0.25, 0.0)))


def kept_by_choice(make: Callable[[], tuple[Any, ...]]) -> list[tuple[str, float | None, int]]:
    """Bytes that are kept for backward, by partitioner and memory budget, and in eager."""
    found = [("eager", None, kept_in_eager(*make()))]
    for name, budget in CHOICES:
        torch._dynamo.reset()
        patch = torch._functorch.config.patch(activation_memory_budget=1.0 if budget is None else budget)
        with patch, joint_graph(*make()) as (_, joint):
            partitioner = default_partition if name == "default" else min_cut_rematerialization_partition
            forward, _, nodes = partition(joint, partitioner)
            found.append((name, budget, kept(forward, nodes)))
    return found


def kept_in_eager(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """Bytes that autograd saves in a call with real tensors, what it was given apart."""
    given = [*module.parameters(), *module.buffers(), *torch.utils._pytree.tree_leaves((args, kwargs))]
    saved: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.detach()), lambda _: None):
        outputs = module(*args, **kwargs)
    del outputs
    return distinct(saved, {storage(value) for value in given})


def storage(value: Any) -> int | None:
    """What two tensors have in common that share memory."""
    return value.untyped_storage()._cdata if isinstance(value, torch.Tensor) else None


def with_gradient(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """The parameters that get a gradient from all that a call with real tensors returns."""
    outputs = torch.utils._pytree.tree_leaves(module(*args, **kwargs))
    sum(value.sum() for value in outputs if isinstance(value, torch.Tensor) and value.requires_grad).backward()
    return [name for name, value in module.named_parameters(remove_duplicate=False) if value.grad is not None]


def with_gradient_or_none(make: Callable[[], tuple[Any, ...]]) -> list[str] | None:
    """The same; None where a call with real tensors fails, though it can be captured."""
    try:
        return with_gradient(*make())
    except Exception:
        return None


def truth(make: Callable[[], tuple[Any, ...]], options: list[str]) -> dict[str, Any]:
    """What torch says of one example, or why it says nothing."""
    torch._dynamo.reset()
    try:
        with joint_graph(*make()) as (way, joint):
            graph = joint.graph_module.graph
            answer = {
                "capture": way,
                "inputs": [texts(node.meta.get("desc")) for node in graph.find_nodes(op="placeholder")],
                "outputs": [texts(descriptor) for descriptor in graph.find_nodes(op="output")[0].meta["desc"]],
            }
            if "--partition" in options:
                answer["operations"] = operations(graph)
                answer |= partitioned(joint)
        if "--kept" in options:
            answer["kept_by_choice"] = kept_by_choice(make)
        if "--gradients" in options:
            answer["with_gradient"] = with_gradient_or_none(make)
        return answer
    except CannotCapture as error:
        return {"left_out": str(error)}
    except Exception as error:
        return {"left_out": first_line(error)}


def main() -> None:
    """Answer for every pinned class of the file on the command line."""
    path, *options = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        source = file.read()
    namespace = vars(load(path))
    for match in PINNED.finditer(source):
        answer = truth(lambda example=match["example"]: build(example, namespace), options)
        print(json.dumps({"name": match["name"], **answer}), flush=True)


if __name__ == "__main__":
    main()
