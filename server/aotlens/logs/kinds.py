"""The kind of a logged graph, and the calling convention that its text proves."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aotlens_tracer.wire.protocol import Convention

from .builders import Heading
from .graphs import GraphKind, LoggedValue

_TITLES: tuple[tuple[re.Pattern[str], GraphKind], ...] = (
    (re.compile(r"joint graph", re.IGNORECASE), "joint"),
    (re.compile(r"forward graph", re.IGNORECASE), "forward"),
    (re.compile(r"backward graph", re.IGNORECASE), "backward"),
    (re.compile(r"inference graph", re.IGNORECASE), "inference"),
    (re.compile(r"post.?grad", re.IGNORECASE), "after-grad"),
    (re.compile(r"pre.?grad", re.IGNORECASE), "before-grad"),
    (re.compile(r"__compiled_fn_\d"), "dynamo"),
)
_NUMBER = re.compile(r"graph (\d{1,9})$")
_DYNAMO_INPUT = re.compile(r"[LG]_\w+")
_PRIMAL = re.compile(r"primals_\d+")
_TANGENT = re.compile(r"tangents_\d+")
_ARGUMENT = re.compile(r"arg\d+_1")
_JOINT_CLASSES = frozenset({"inner_f", "joint_helper", "joint_fn", "inner_fn"})


def is_numbered(node: str | None) -> bool:
    """Whether a node has one of the numbered names that AOTAutograd gives inputs: `primals_3`, `arg0_1`."""
    return node is not None and any(pattern.fullmatch(node) is not None for pattern in (_PRIMAL, _TANGENT, _ARGUMENT))


def number_in(title: str | None) -> int | None:
    """The number of AOTAutograd's call in a title (`Joint graph 0`); None if it has none."""
    found = _NUMBER.search(title or "")
    return None if found is None else int(found[1])


def kind_of(
    heading: Heading, inputs: Sequence[LoggedValue], outputs: Sequence[LoggedValue], class_name: str | None
) -> GraphKind:
    """The kind of a graph, by its title, else by the names of its inputs."""
    names = [value.node or "" for value in inputs]
    for pattern, kind in _TITLES:
        if heading.title is not None and pattern.search(heading.title) is not None:
            is_inference = kind == "forward" and bool(names) and all(map(_ARGUMENT.fullmatch, names))
            return "inference" if is_inference else kind
    if heading.is_exported:
        return "exported"
    return _kind_by_names(names, len(outputs), class_name)


def _kind_by_names(names: Sequence[str], outputs: int, class_name: str | None) -> GraphKind:
    primals = sum(1 for name in names if _PRIMAL.fullmatch(name))
    if any(map(_TANGENT.fullmatch, names)):
        is_joint = primals > 0 and names[0] == "primals_1" and f"primals_{primals}" in names and outputs > primals
        return "joint" if class_name in _JOINT_CLASSES or is_joint else "backward"
    if primals:
        return "forward"
    if any(map(_DYNAMO_INPUT.fullmatch, names)):
        return "dynamo"
    if names and all(map(_ARGUMENT.fullmatch, names)):
        return "inference"
    return "unknown"


def convention_of(heading: Heading, kind: GraphKind, inputs: Sequence[LoggedValue]) -> Convention | None:
    """The calling convention that a graph's own text proves; None if it fits both."""
    if heading.is_exported or any(
        (value.descriptor or "").startswith(("ParamAOTInput", "BufferAOTInput")) for value in inputs
    ):
        return "export"
    if kind in ("dynamo", "before-grad") or heading.compile.frame is not None:
        return "compile"
    return None
