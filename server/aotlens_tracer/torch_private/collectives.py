"""Collective operations: which operators they are, their groups, and who asks for them while a graph is captured."""

from __future__ import annotations

import contextlib
import functools
import gc
import os.path
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

import torch
import torch.fx
import torch.utils._pytree as pytree

__all__ = [
    "Asked",
    "Group",
    "Spec",
    "arranges",
    "asked_of",
    "collective_of",
    "given_to",
    "group_named",
    "noting_collectives",
    "style_at",
]

_NAMESPACES = ("_c10d_functional", "_c10d_functional_autograd", "c10d_functional", "_dtensor", "c10d")
_NONE = ("wait_tensor", "_wrap_tensor_autograd", "barrier", "monitored_barrier_", "check_for_nan")
"""Operations of these namespaces that move no tensor between ranks."""
_ARRANGING = ("split", "chunk", "cat", "clone", "slice", "constant_pad_nd", "stack", "narrow", "contiguous", "_to_copy")
_META = "aotlens_asked"
_TORCH = os.path.dirname(torch.__file__) + os.sep
_DTENSOR = os.path.join(_TORCH, "distributed", "tensor", "")
_PLANS = tuple(
    os.path.join(_TORCH, *parts, "")
    for parts in (
        ("distributed", "tensor", "parallel"),
        ("distributed", "tensor", "experimental"),
        ("distributed", "fsdp"),
        ("distributed", "_composable"),
        ("nn", "parallel"),
    )
)
"""The folders of torch whose code communicates because a plan or a wrapper was applied to a module."""
_CALLS = os.path.join(_TORCH, "distributed", "distributed_c10d.py")
"""The file of `torch.distributed.all_reduce` and the like, whose frames have the group that the graph has not."""
_CALLED = os.path.join(_DTENSOR, "experimental", "")
"""Code of this folder that is in no class is called by the user, such as `local_map`."""
_DESCRIBED = "mesh_"
"""A group that a mesh makes for a dimension has the description `mesh_tp`, and `mesh_dim_0` without names."""


@dataclass(frozen=True)
class Group:
    """A group of ranks: the number of them, and the mesh dimension that it is; None if either is unknown."""

    ranks: int | None
    dimension: str | None


@dataclass(frozen=True)
class Spec:
    """A `DeviceMesh`, and the placements of a DTensor on it."""

    mesh: Any
    placements: tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """The group of a collective operation, and who asks for it.

    `how` is operand (DTensor redistributes an operand of the operation `by`), operation (the DTensor implementation of
    the operation `by` communicates), method (`by` is a method of DTensor, its own derivative included) or direct.
    `before` and `after` say how the DTensor lies that is redistributed. `frames` are the Python frames around it,
    outermost first, each as code, instruction and line.
    """

    group: Group
    how: Literal["operand", "operation", "method", "direct"]
    by: str | None
    before: Spec | None = None
    after: Spec | None = None
    frames: tuple[tuple[types.CodeType, int, int], ...] = ()


def collective_of(target: Any) -> str | None:
    """Return torch's name of the collective that an operator or a node is, without its overload; None for no such."""
    operator = _operator(target)[0] if isinstance(target, torch.fx.Node) else target
    if not isinstance(operator, torch._ops.OpOverload) or operator.namespace not in _NAMESPACES:
        return None
    name = operator._opname
    return None if name in _NONE else name


def given_to(node: torch.fx.Node) -> list[torch.fx.Node]:
    """Return the tensors that the rank gives into the collective operation that a node is."""
    _, arguments = _operator(node)
    given = next((value for name, value in arguments.items() if name.startswith("input")), None)
    if given is None:
        given = next(iter(arguments.values()), None)
    return [leaf for leaf in pytree.tree_leaves(given) if isinstance(leaf, torch.fx.Node)]


def _operator(node: torch.fx.Node) -> tuple[Any, dict[str, Any]]:
    """Return the operator that a node calls, and its arguments by name; (None, {}) if it calls none.

    A direct capture orders operations of torch.distributed by tokens: `with_effects(token, operator, …)`.
    """
    target: Any = node.target
    given = node.args
    if getattr(target, "__name__", "") == "with_effects" and len(given) > 1:
        target, given = given[1], given[2:]
    if node.op != "call_function" or not isinstance(target, torch._ops.OpOverload):
        return None, {}
    names = [argument.name for argument in target._schema.arguments]
    return target, dict(zip(names, given)) | dict(node.kwargs)


def arranges(target: Any) -> bool:
    """Whether an operation computes nothing: it only takes, copies or orders elements before they are communicated."""
    name = getattr(target, "_opname", getattr(target, "__name__", ""))
    return bool(getattr(target, "is_view", False)) or name == "getitem" or name.startswith(_ARRANGING)


def asked_of(node: torch.fx.Node) -> Asked | None:
    """Return who asked for the collective operation that a node is; None if that was not noted."""
    found = node.meta.get(_META)
    return found if isinstance(found, Asked) else None


@contextlib.contextmanager
def noting_collectives() -> Iterator[None]:
    """Note at each node of a collective operation who asks for it, while graphs are captured."""
    original = torch.fx.Graph.create_node

    def create_node(graph: torch.fx.Graph, op: str, target: Any, *args: Any, **kwargs: Any) -> torch.fx.Node:
        node = original(graph, op, target, *args, **kwargs)
        if op == "call_function" and collective_of(node) is not None:
            with contextlib.suppress(Exception):  # other releases of torch may hold these facts elsewhere
                node.meta[_META] = _asked(node, sys._getframe(1))
        return node

    _meshes.cache_clear()
    try:
        with patch.object(torch.fx.Graph, "create_node", create_node):
            yield
    finally:
        _meshes.cache_clear()  # no mesh is kept alive


def _asked(node: torch.fx.Node, frame: types.FrameType | None) -> Asked:
    how: Literal["operand", "operation", "method", "direct"] = "direct"
    by: str | None = None
    before = after = mesh = None
    known = _known_code()
    is_found = False
    frames = []
    name = _group_name(node)
    while frame is not None:
        code = frame.f_code
        frames.append((code, frame.f_lasti, frame.f_lineno))
        role = known.get(code)
        if role == "redistribution" and mesh is None:
            now, then = frame.f_locals["current_spec"], frame.f_locals["target_spec"]
            mesh = getattr(now.mesh, "real_obj", now.mesh)  # of a `FakeScriptObject`
            before, after = Spec(mesh, tuple(now.placements)), Spec(mesh, tuple(then.placements))
        elif role == "operand" and not is_found:
            how, is_found = "operand", True
        elif role is not None and role.startswith("method ") and how != "operand":
            how, by, is_found = "method", role.removeprefix("method "), True
        if code.co_filename.startswith(_DTENSOR) and how in ("operand", "direct") and by is None:
            operation = frame.f_locals.get("op_call")
            if isinstance(operation, torch._ops.OpOverload):
                how, by = "operation" if how == "direct" else how, str(operation)
        if name is None and code.co_filename == _CALLS:
            name = getattr(frame.f_locals.get("group"), "group_name", None)
        frame = frame.f_back
    return Asked(group_named(name, mesh), how, by, before, after, tuple(reversed(frames)))


@functools.cache
def _known_code() -> Mapping[types.CodeType, str]:
    """Return the role of the functions of DTensor by which it comes to communicate."""
    from torch.distributed.tensor import _api, _dispatch, _redistribute

    roles = {
        "redistribution": (getattr(_redistribute, "redistribute_local_tensor", None),),
        "operand": (getattr(_dispatch.OpDispatcher, "redistribute_local_args", None),),
        "method redistribute": (
            _redistribute.Redistribute.forward,
            _redistribute.Redistribute.backward,
            _api.DTensor.redistribute,
        ),
        "method full_tensor": (_api.DTensor.full_tensor,),
        "method to_local": (_api._ToTorchTensor.backward, _api.DTensor.to_local),
        "method from_local": (_api._FromTorchTensor.forward, _api._FromTorchTensor.backward, _api.DTensor.from_local),
        "method distribute_tensor": (getattr(_api, "distribute_tensor", None),),
    }
    found = {}
    for role, functions in roles.items():
        for function in functions:
            code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
            if isinstance(code, types.CodeType):
                found[code] = role
    return found


def _group_name(node: torch.fx.Node) -> str | None:
    """Return the name of the group that a collective operation has as an argument; None if it is not known."""
    _, arguments = _operator(node)
    value = arguments.get("group_name", arguments.get("process_group"))
    return value if isinstance(value, str) else getattr(value, "group_name", None)


def group_named(name: str | None, mesh: Any) -> Group:
    """Return the group of a name. `mesh` is the mesh whose tensor is redistributed; None if there is none."""
    from torch.distributed import distributed_c10d

    ranks = group = None
    with contextlib.suppress(Exception):
        resolve: Any = vars(distributed_c10d)["_resolve_process_group"]
        group = resolve(name)
        ranks = group.size()
    dimension = _dimension(mesh, name) if mesh is not None else None
    if dimension is None and group is not None:
        described = str(getattr(group, "group_desc", ""))
        if described.startswith(_DESCRIBED) and described != "mesh_default":
            dimension = described.removeprefix(_DESCRIBED).removeprefix("dim_")
        else:
            dimension = _dimension_of_any_mesh(name)
    return Group(ranks, dimension)


def _dimension(mesh: Any, group_name: str | None) -> str | None:
    """Return the name, or the number, of the dimension of a mesh whose group has this name; None if none has."""
    for number in range(mesh.ndim):
        with contextlib.suppress(Exception):
            if mesh.get_group(number).group_name == group_name:
                names = mesh.mesh_dim_names
                return str(names[number]) if names else str(number)
    return None


def _dimension_of_any_mesh(group_name: str | None) -> str | None:
    """Return the dimension that a group is of any mesh that exists: one of all ranks takes torch's default group."""
    found = {_dimension(mesh, group_name) for mesh in _meshes()} - {None}
    return found.pop() if len(found) == 1 else None


@functools.cache
def _meshes() -> tuple[Any, ...]:
    """Return every mesh that exists. Looking at all objects takes long: once for each capture."""
    from torch.distributed.device_mesh import DeviceMesh

    return tuple(each for each in gc.get_objects() if type(each) is DeviceMesh)


def style_at(path: str, line: int) -> str | None:
    """Return the class of torch that applies a plan, if the line is its; empty text for other code of such a plan.

    None if the line belongs to no plan.
    """
    if not path.startswith(_PLANS):
        return None
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == path:
            for name, kind in vars(module).items():
                if isinstance(kind, type) and kind.__module__ == module.__name__ and line in _lines_of(kind):
                    return name
    return None if path.startswith(_CALLED) else ""


@functools.cache
def _lines_of(kind: type) -> frozenset[int]:
    """Return the lines of the methods that a class defines."""
    found: set[int] = set()
    for value in vars(kind).values():
        function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        pending = [function.__code__] if isinstance(function, types.FunctionType) else []
        while pending:
            code = pending.pop()
            found.update(line for _, _, line in code.co_lines() if line is not None)
            pending += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return frozenset(found)
