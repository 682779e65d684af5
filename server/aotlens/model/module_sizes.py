"""The modules of a map as a tree, each with the parameters and the saved bytes that it and the modules in it have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod

from aotlens_tracer.wire.descriptor_map import DescriptorMap, ModuleInstance, Saved, StateTensor

from .counts import parameters
from .index import index_of
from .saved import kept_with_modules, saved_by_call, values_in
from .slots import Result


@dataclass(eq=False)
class ModuleSize:
    """One module of the tree.

    `parent` is the number of the module around it, None for the root. `parameters` are its own, each under the first of
    its names; `values` are what it saves itself, as often as its graph runs, and `kept` the outputs that only later
    graphs keep alive, with their bytes. Values of no known module are the root's.

    `elements` counts those of the parameters of it and of all modules in it, None if a size is symbolic, or if the map
    does not have the module's state; `saved` are the bytes that they save, None if nothing is known of what is saved.
    `own_elements` and `own_saved` are those of it alone.
    """

    module: ModuleInstance
    parent: int | None
    parameters: list[StateTensor] = field(default_factory=list)
    values: list[Saved] = field(default_factory=list)
    kept: list[tuple[Result, int]] = field(default_factory=list)
    own_elements: int | None = 0
    own_saved: int | None = 0
    elements: int | None = 0
    saved: int | None = 0


def module_sizes(map: DescriptorMap) -> list[ModuleSize]:
    """Return the modules of a map, each after the module around it; empty if the target is no module."""
    index = index_of(map)
    tree = _tree(map.modules)
    if not tree:
        return []
    number = {each.module.name: position for position, each in enumerate(tree)}

    def owner(name: str | None) -> ModuleSize:
        while name and name not in number:
            name = name.rpartition(".")[0]
        return tree[number.get(name or "", 0)]

    for tensor in map.state:
        if tensor.kind == "parameter":
            owner(tensor.name.rpartition(".")[0]).parameters.append(tensor)
    for value in values_in(index, ("",)):
        owner(value.module).values.append(value)
    for kept, size, module in kept_with_modules(index):
        owner(module).kept.append((kept, size))
    is_known = saved_by_call(index) is not None
    has_state = bool(map.state) or parameters(map)[0] == 0
    for each in tree:
        each.own_elements = _elements(each.parameters) if has_state else None
        own = sum(value.bytes or 0 for value in each.values) + sum(size for _, size in each.kept)
        each.own_saved = own if is_known else None
        each.elements, each.saved = each.own_elements, each.own_saved
    for each in reversed(tree):  # a module comes after the one around it
        if each.parent is not None:
            around = tree[each.parent]
            around.elements = _sum(around.elements, each.elements)
            around.saved = _sum(around.saved, each.saved)
    return tree


def _tree(modules: Iterable[ModuleInstance]) -> list[ModuleSize]:
    """The modules, each below the nearest module around it, in the order of the module tree."""
    known = {module.name: module for module in modules}
    if "" not in known:
        return []
    inside: dict[str, list[str]] = {}
    for name in known:
        if name:
            around = name.rpartition(".")[0]
            while around not in known:
                around = around.rpartition(".")[0]
            inside.setdefault(around, []).append(name)
    found: list[ModuleSize] = []
    pending: list[tuple[str, int | None]] = [("", None)]
    while pending:
        name, parent = pending.pop()
        pending += [(below, len(found)) for below in reversed(inside.get(name, ()))]
        found.append(ModuleSize(known[name], parent))
    return found


def _elements(parameters: Sequence[StateTensor]) -> int | None:
    sizes = [size for tensor in parameters for size in tensor.shape]
    if not all(isinstance(size, int) for size in sizes):
        return None
    return sum(prod(size for size in tensor.shape if isinstance(size, int)) for tensor in parameters)


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
