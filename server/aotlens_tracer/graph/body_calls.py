"""The calls of higher-order operations: which bodies an operation runs, and what each input of a body stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

_POSITIONS = ("b", "h", "q_idx", "kv_idx")
"""The inputs of a `mask_mod`, after torch.nn.attention.flex_attention; a `score_mod` has `score` before them."""


@dataclass(frozen=True)
class Passed:
    """A value that an operation passes for one input of a body; the fields are those of `BodyInput` and `BodyCall`."""

    how: str
    operand: torch.fx.Node | None = None
    name: str | None = None


@dataclass(frozen=True)
class Run:
    """One body that an operation runs: the node that reads it, its role, and what is passed for each of its inputs."""

    body: Any
    role: str
    passed: tuple[Passed, ...]


def runs_of(node: torch.fx.Node) -> list[Run]:
    """Return the bodies that an operation runs; empty for an operation that runs none."""
    if node.op != "call_function" or not any(is_body(operand) for operand in node.all_input_nodes):
        return []
    name = str(getattr(node.target, "__name__", node.target))
    try:
        runs = list(_KNOWN.get(name, _any_other)(node))
    except (ValueError, IndexError):  # another version of torch passes other arguments
        runs = list(_any_other(node))
    fitting = [run for run in runs if is_body(run.body)]
    return [run if len(run.passed) == len(_placeholders(run.body)) else _with_unknown_inputs(run) for run in fitting]


def body_of(node: Any) -> torch.fx.GraphModule | None:
    """Return the graph module that a node reads; None for anything else."""
    if not isinstance(node, torch.fx.Node) or node.op != "get_attr" or node.graph.owning_module is None:
        return None
    try:
        found: Any = node.graph.owning_module.get_submodule(str(node.target))
    except AttributeError:
        return None
    return found if isinstance(found, torch.fx.GraphModule) else None


def is_body(node: Any) -> bool:
    """Whether this is a node that reads a graph module."""
    return body_of(node) is not None


def _placeholders(node: Any) -> list[torch.fx.Node]:
    body = body_of(node)
    return list(body.graph.find_nodes(op="placeholder")) if body is not None else []


def _with_unknown_inputs(run: Run) -> Run:
    return Run(run.body, run.role, (Passed("unknown"),) * len(_placeholders(run.body)))


def _each(how: str, given: Any) -> tuple[Passed, ...]:
    return tuple(Passed(how, leaf if isinstance(leaf, torch.fx.Node) else None) for leaf in _leaves(given))


def _made(*names: str) -> tuple[Passed, ...]:
    return tuple(Passed("made", name=name) for name in names)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    else:
        yield value


def _cond(node: torch.fx.Node) -> Iterator[Run]:
    _, true, false, operands = node.args[:4]
    yield Run(true, "true", _each("value", operands))
    yield Run(false, "false", _each("value", operands))


def _while_loop(node: torch.fx.Node) -> Iterator[Run]:
    condition, loop, carried, others = node.args[:4]
    passed = (*_each("carry", carried), *_each("value", others))
    yield Run(condition, "condition", passed)
    yield Run(loop, "loop", passed)


def _scan(node: torch.fx.Node) -> Iterator[Run]:
    step, first, elements, others = node.args[:4]
    passed = (*_each("carry", first), *_each("element", elements), *_each("value", others))
    yield Run(step, "step", passed)


def _map(node: torch.fx.Node) -> Iterator[Run]:
    function, elements, others = node.args[:3]
    yield Run(function, "function", (*_each("element", elements), *_each("value", others)))


def _associative_scan(node: torch.fx.Node) -> Iterator[Run]:
    combine, elements, others = node.args[:3]
    passed = (*_each("element", elements), *_each("element", elements), *_each("value", others))
    yield Run(combine, "combine", passed)


def _invoke_subgraph(node: torch.fx.Node) -> Iterator[Run]:
    yield Run(node.args[0], "region", _each("value", node.args[2:]))


def _flex_attention(node: torch.fx.Node) -> Iterator[Run]:
    score_mod, block_mask, score_buffers, mask_buffers = node.args[3], node.args[4], *node.args[7:9]
    yield Run(score_mod, "score-mod", (*_made("score", *_POSITIONS), *_each("value", score_buffers)))
    yield from _mask_mods(block_mask, mask_buffers)


def _flex_attention_backward(node: torch.fx.Node) -> Iterator[Run]:
    score_mod, derivative, block_mask, score_buffers, mask_buffers = *node.args[7:10], *node.args[12:14]
    buffers = _each("value", score_buffers)
    yield Run(score_mod, "score-mod", (*_made("score", *_POSITIONS), *buffers))
    made = _made("score", *_POSITIONS, "grad_score")
    yield Run(derivative, "score-mod-derivative", (*made, *buffers))
    yield from _mask_mods(block_mask, mask_buffers)


def _mask_mods(block_mask: Any, buffers: Any) -> Iterator[Run]:
    for leaf in _leaves(block_mask):
        if is_body(leaf):
            yield Run(leaf, "mask-mod", (*_made(*_POSITIONS), *_each("value", buffers)))


def _any_other(node: torch.fx.Node) -> Iterator[Run]:
    """The bodies of an operation that is not known: what follows a body among the arguments is passed to it."""
    leaves = list(_leaves([node.args, node.kwargs]))
    for index, leaf in enumerate(leaves):
        if is_body(leaf):
            yield Run(leaf, "body", _each("value", [other for other in leaves[index + 1 :] if not is_body(other)]))


_KNOWN: dict[str, Callable[[torch.fx.Node], Iterable[Run]]] = {
    "cond": _cond,
    "while_loop": _while_loop,
    "while_loop_stack_output": _while_loop,
    "scan": _scan,
    "map_impl": _map,
    "associative_scan": _associative_scan,
    "invoke_subgraph": _invoke_subgraph,
    "flex_attention": _flex_attention,
    "flex_attention_backward": _flex_attention_backward,
}
"""The higher-order operations of torch 2.13 to 2.15 whose arguments are known (`torch/_higher_order_ops`)."""
