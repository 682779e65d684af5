"""Finds the place from which torch calls a function of a graph pass: `config.joint_custom_pre_pass = my_pass`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tree_sitter import Node

from .nodes import names_in, string_value, text_of
from .once import once_for_each
from .source_text import SourceText

PassGraph = Literal["dynamo", "joint", "partitioned"]
"""The graph that a pass gets: Dynamo's, the joint one, or the forward or the backward graph after the partitioner."""

_HOOKS: Mapping[str, PassGraph] = MappingProxyType(
    {
        "pre_grad_custom_pass": "dynamo",
        "joint_custom_pre_pass": "joint",
        "joint_custom_post_pass": "joint",
        "post_grad_custom_pre_pass": "partitioned",
        "post_grad_custom_post_pass": "partitioned",
        "backend": "dynamo",
        "partition_fn": "joint",
        "fw_compiler": "partitioned",
        "bw_compiler": "partitioned",
        "inference_compiler": "partitioned",
    }
)
"""The settings of `torch._inductor.config` and the arguments of torch's functions that take a pass."""
_EXPORTS = re.compile(r"\baot_export_(?:joint_with_descriptors|module|joint_simple)\w*\s*\(")


@dataclass(frozen=True)
class PassHook:
    """The place at which torch.compile calls a pass, by the name of the setting or argument, and the graph it gets."""

    name: str
    graph: PassGraph


def hook_around(document: SourceText, chain: Sequence[Node]) -> PassHook | None:
    """The hook of torch.compile that calls the function around some nodes, also through others; None without one."""
    hooks = _hooks(document)
    for node in chain:
        if node.type in ("function_definition", "class_definition"):
            hook = hooks.get(text_of(node.child_by_field_name("name")))
            if hook is not None:
                return hook
    return None


def exports_itself(chain: Sequence[Node]) -> bool:
    """Whether the function around some nodes captures the graph itself, by one of torch's `aot_export_…` functions."""
    function = next((node for node in chain if node.type in ("function_definition", "module")), None)
    return function is not None and _EXPORTS.search(text_of(function)) is not None


@once_for_each
def _hooks(document: SourceText) -> Mapping[str, PassHook]:
    """The hook that calls each function or class of a file, directly or through other functions of it."""
    functions = {text_of(node.child_by_field_name("name")): node for node in _definitions(document.tree.root_node)}
    hooks: dict[str, PassHook] = {}
    for name, value in _registered(document.tree.root_node):
        for used in _passes_in(value):
            if used in functions:
                hooks.setdefault(used, PassHook(name, _HOOKS[name]))
    pending = list(hooks)
    while pending:
        caller = pending.pop()
        for used in names_in(functions[caller]):
            if used in functions and used not in hooks and functions[used].type == "function_definition":
                hooks[used] = hooks[caller]
                pending.append(used)
    return hooks


def _definitions(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in ("function_definition", "class_definition"):
            yield node
        pending += node.named_children


def _passes_in(value: Node) -> set[str]:
    """The functions and classes that a hook is set to: names, instances, and what a list or `partial` holds of them."""
    if value.type == "call":
        function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
        is_partial = text_of(function).rpartition(".")[2] == "partial"
        return names_in(function) | (names_in(arguments) if is_partial else set())
    if value.type in ("list", "tuple"):
        return {name for each in value.named_children for name in _passes_in(each)}
    return names_in(value, ("call",))


def _registered(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield the hooks that the code sets, by their names, with the expression that each is set to."""
    pending = [root]
    while pending:
        node = pending.pop()
        pending += node.named_children
        if node.type == "assignment":
            left, value = node.child_by_field_name("left"), node.child_by_field_name("right")
            name = text_of(left) if left is not None and left.type == "attribute" else ""
        elif node.type == "keyword_argument":
            name, value = text_of(node.child_by_field_name("name")), node.child_by_field_name("value")
        elif node.type == "pair":
            key = node.child_by_field_name("key")
            name = (string_value(key) or "") if key is not None else ""
            value = node.child_by_field_name("value")
        else:
            continue
        name = name.rpartition(".")[2]
        if value is not None and name in _HOOKS:
            yield name, value
