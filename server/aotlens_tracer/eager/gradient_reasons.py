"""The reason why an input gets no gradient, read off a call in eager: for calls that Dynamo does not capture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..examples.evaluate import BuiltExample
from ..failures import Codebase
from ..findings.gradient_paths import GradientPaths
from ..torch_private import METADATA, READS_METADATA, READS_NUMBERS
from ..wire.findings import NoGradient
from .recorded_graph import recorded_graph


def eager_reasons(example: BuiltExample, called: str, codebase: Codebase) -> Callable[[Any], NoGradient] | None:
    """Make the example's call, and return a function that says why one of its tensors gets no gradient.

    None if the call goes through something that is not recorded. Raises what the call raises.
    """
    found = recorded_graph(example, codebase)
    if found is None:
        return None
    # Numbers have no nodes, so that nothing says what becomes of them.
    numbers = [node for node in found.graph.nodes if _reads_numbers(node)]
    paths = GradientPaths(found.graph, found.inputs, found.places.get, called, found.unrecorded, numbers)
    return paths.reason


def _reads_numbers(node: Any) -> bool:
    if node.op != "call_method":
        return False
    is_attribute = node.target == "getattr" and node.args[1] in METADATA
    return is_attribute or node.target in READS_NUMBERS or (node.target in READS_METADATA and not _gives_tensors(node))


def _gives_tensors(node: Any) -> bool:
    return not isinstance(node.meta["example_value"], (int, tuple))
