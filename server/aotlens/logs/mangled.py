"""Names that Dynamo and export made of the user's names, read back as far as they can be.

Dynamo writes `L['self']._modules['up']._parameters['weight']` as `L_self_modules_up_parameters_weight_`: each run of
other characters than letters and digits becomes one underscore (`torch/_dynamo/variables/builder.py`). So an underscore
may stand for a dot, a bracket, a hyphen or an underscore.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aotlens_tracer.wire.dynamo_expressions import read_expression

from .kinds import is_numbered
from .named import Role

_AGAIN = re.compile(r"__\d+$")
"""The end of a name that another input had already: mangled names never have two underscores in a row."""
_CLOSURE = re.compile(r"(.+)_closure_(\d+)_cell_contents$")
_STATE = re.compile(r"_(modules|parameters|buffers)_")
_CONTAINERS = {"args": "args[{}]", "kwargs": "kwargs['{}']"}


@dataclass(frozen=True)
class ReadName:
    """A user's name that was read back. `is_exact` is False if other names are written in the same way."""

    role: Role
    name: str | None
    is_exact: bool


def of_placeholder(node: str, is_resumed: bool) -> ReadName | None:
    """The name in a placeholder of a Dynamo graph; None if it has none.

    `is_resumed` says that the graph is of code after a graph break, whose arguments are the live locals.
    """
    if len(node) < 3 or node[:2] not in ("L_", "G_", "l_", "g_"):
        return None
    body = _AGAIN.sub("_", node[2:])
    ends_with_key = body.endswith("_")
    first, *steps = _STATE.split(body.removesuffix("_"))
    root: Role = "global" if node[0] in "Gg" else "local" if is_resumed else "argument"
    if not steps:
        return _without_state(first, root, ends_with_key)
    names = steps[1::2]
    last = steps[-2]
    if last == "modules":
        role: Role = "attribute"
    else:
        role = "parameter" if last == "parameters" else "buffer"
    is_exact = "_" not in first and all(name and "_" not in name for name in names)
    prefix = "" if first in ("self", "_self_", "self_") else f"{first.strip('_')}."
    return ReadName(role, prefix + ".".join(names), is_exact and last != "modules")


def _without_state(body: str, root: Role, ends_with_key: bool) -> ReadName:
    if (closure := _CLOSURE.match(body)) is not None:
        return ReadName("closure", f"{closure[1]}.closure[{closure[2]}]", "_" not in closure[1])
    if body.startswith("stack") and body[5:].isdigit():
        # A value that the code gives no name: Dynamo's own name for its place on Python's stack.
        return ReadName("local", f"___{body}", True)
    if body.startswith("self_") and len(body) > 5:
        return ReadName("attribute", body[5:], "_" not in body[5:] and not ends_with_key)
    if body.startswith("_self___"):  # before torch 2.5: L__self___up_weight
        return ReadName("attribute", body[8:], "_" not in body[8:])
    head, _, rest = body.partition("_")
    if rest and head in _CONTAINERS:
        return ReadName(root, _CONTAINERS[head].format(rest), False)
    return ReadName(root, body, "_" not in body and ends_with_key)


def of_source(source: str, is_resumed: bool, is_symbolic_number: bool = False) -> ReadName:
    """The name in a source of Dynamo, such as `L['self']._modules['up']._parameters['weight']`.

    `is_symbolic_number` says that the value is no tensor.
    """
    read = read_expression(source)
    role: Role = "unknown" if read.role == "other" else read.role
    if role == "attribute" and read.path == read.name:  # of an argument or a global, not of `self`
        role = "global" if source.startswith("G[") else "argument"
    if role == "argument":
        role = "number" if is_symbolic_number else "local" if is_resumed else "argument"
    return ReadName(role, read.path, True)


_EXPORT_PREFIXES: dict[str, Role] = {"p": "parameter", "b": "buffer", "c": "constant", "obj": "attribute"}


def of_exported(node: str) -> ReadName | None:
    """The name in a placeholder of an exported graph without its signature (`p_up_weight`); None if it has none."""
    prefix, _, rest = node.partition("_")
    if prefix in _EXPORT_PREFIXES and rest:
        return ReadName(_EXPORT_PREFIXES[prefix], rest, "_" not in rest)
    return None


_SIGNATURE = re.compile(r"([A-Z_]+)(?: target='([^']*)')?")
_SIGNATURE_ROLES: dict[str, Role] = {
    "PARAMETER": "parameter",
    "BUFFER": "buffer",
    "CONSTANT_TENSOR": "constant",
    "CUSTOM_OBJ": "attribute",
    "USER_INPUT": "argument",
    "TOKEN": "token",
    "USER_OUTPUT": "result",
    "LOSS_OUTPUT": "result",
    "BUFFER_MUTATION": "new value",
    "PARAMETER_MUTATION": "new value",
    "USER_INPUT_MUTATION": "new value",
    "GRADIENT_TO_PARAMETER": "gradient",
    "GRADIENT_TO_USER_INPUT": "gradient",
}
_DOCUMENT = re.compile(r"(parameter|buffer|attribute|argument|local|size|number|global|closure|constant) (.+)$")


def of_signature(node: str, text: str) -> ReadName:
    """The name in a row of export's signature, or in the comment of a graph document of aotlens."""
    if (found := _DOCUMENT.match(text)) is not None:
        return ReadName(found[1], found[2], True)  # type: ignore[arg-type]  # the pattern has roles only
    if text.startswith("tangent("):
        return ReadName("tangent", text.removeprefix("tangent(").removesuffix(")"), True)
    found = _SIGNATURE.match(text)
    role = _SIGNATURE_ROLES.get(found[1], "unknown") if found is not None else "unknown"
    target = found[2] if found is not None else None
    own = node if role == "argument" and not is_numbered(node) else None
    return ReadName(role, target if target is not None else own, True)
