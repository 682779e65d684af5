"""Pass a number, a pair, a list of tensors, a layer or a mapping instead of a tensor, or a tensor instead of these."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from ...calling.inputs import Inputs
from ...values import Entries, Items, Tensor, Value, Written
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if not isinstance(failed.error, (TypeError, AttributeError, ValueError)):
        return
    read = [name for place in failed.users() for name in place.names() if name in failed.arguments]
    for name in dict.fromkeys(read):
        for value in _options(failed, inputs, name, failed.arguments[name]):
            yield {**failed.arguments, name: value}


def _options(failed: FailedAttempt, inputs: Inputs, name: str, value: Value) -> Sequence[Value]:
    """Values of the kind that the message states, for the argument `name`, which is `value`."""
    if failed.wants("mapping"):
        return [_mapping(failed, name)]
    if failed.wants("callable"):
        return [Written("torch.nn.Identity()")]
    if isinstance(value, Tensor):
        if failed.wants("layer"):
            width = inputs.width
            layers = f"torch.nn.Embedding({inputs.vocabulary}, {width})", f"torch.nn.Linear({width}, {width})"
            return [Written(layer) for layer in layers]
        if failed.wants("integer"):
            return [Written("4"), Written("(4, 4)")]
        if failed.wants("sequence"):
            return [Items((value, value)), Items((value, value), True)]
        return []
    if failed.wants("items"):
        return [Written(f"({value.expression}, {value.expression})")]
    return inputs.shapes(name)[:4] if failed.wants("attributes") else []


def _mapping(failed: FailedAttempt, name: str) -> Value:
    """The value to pass with `**`: the axes whose sizes an einops pattern leaves open, else nothing."""
    for place in failed.users():
        for node in place.nodes():
            if not isinstance(node, ast.Call) or not any(
                word.arg is None and isinstance(word.value, ast.Name) and word.value.id == name
                for word in node.keywords
            ):
                continue
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            pattern = next((text for text in texts if "->" in text), "")
            known = {word.arg for word in node.keywords}
            composed = re.findall(r"\(([\w ]+)\)", pattern.partition("->")[0])
            axes = [axis for group in composed for axis in group.split() if axis not in known]
            return Entries(tuple((axis, Written("4")) for axis in dict.fromkeys(axes)))
    return Entries(())


RULE = Rule("wrong-kind", "the kind of value that the message asks for", _propose, Distance.LIKELY)
