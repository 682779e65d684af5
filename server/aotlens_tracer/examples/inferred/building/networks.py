"""Networks to pass for an argument that is one: a class of the same package, else a small one of torch's modules."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import nn

from ....torch_private import has_no_forward
from ..reading.definitions import constructor_of, definition_of, raises_alone, statements_of
from ..tables.input_names import input_kind
from ..tables.network_names import LAYERS, OF_IMAGES, OF_MAPS, OF_SEQUENCES, WHOLE
from ..tables.sizes import WIDTH
from ..values import Entries, Tensor, Value

_OF_TENSORS = frozenset(("device", "dtype", "shape", "ndim", "dim", "numel", "detach", "clone", "unsqueeze", "view"))
"""Attributes by which a value is known as a tensor."""
_OF_DICTIONARIES = frozenset(("keys", "items", "values"))
_OF_ALL_MODULES = frozenset(dir(nn.Module)) | {"config", "device", "dtype", "shape", "weight", "bias", "size"}


def layer_with(attributes: list[str]) -> str | None:
    """The layer of torch that has all these attributes; None if there is none."""
    wanted = {name for name in attributes if not name.startswith("__")}
    return next((text for text, known in LAYERS if wanted <= known), None)


def plain_value_with(attributes: list[str]) -> Value | None:
    """A tensor or a dictionary, if the attributes are those of one, and of no layer; else None."""
    read = {name for name in attributes if not name.startswith("__")}
    if read & _OF_TENSORS and all(hasattr(torch.Tensor, name) for name in read):
        return Tensor((WIDTH, WIDTH))
    return Entries(()) if read & _OF_DICTIONARIES and all(hasattr(dict, name) for name in read) else None


def layers_with(attributes: Iterable[str]) -> list[str]:
    """The layers of torch that have attributes of layers among these, those with the most first."""
    read = set(attributes)
    counts = {text: len(read & known) for text, known in LAYERS}
    return sorted((text for text in counts if counts[text]), key=lambda text: -counts[text])


def public_layers(kind: type) -> list[type]:
    """The class; if it is a base class of torch's that nobody builds (`_ConvNd`), the layers that it is a base of."""
    if kind is nn.Module or not kind.__name__.startswith("_") or kind.__module__.partition(".")[0] != "torch":
        return [] if kind is nn.Module else [kind]
    layers = [value for name, value in vars(nn).items() if isinstance(value, type) and not name.startswith("Lazy")]
    found = [layer for layer in layers if issubclass(layer, kind) and not layer.__name__.startswith("_")]
    return sorted(found, key=lambda layer: not layer.__name__.endswith("2d"))


def is_whole(name: str) -> bool:
    """Whether a parameter with that name is a whole network, rather than one layer or function."""
    return WHOLE.fullmatch(name.lower()) is not None


def of_torch(owner: type) -> tuple[str, ...]:
    """Small networks of torch's modules. Those that fit the inputs of `owner` come first."""
    names = [*_parameters(getattr(owner, "forward", None)), *_parameters(constructor_of(owner))]
    images = any(input_kind(name) == "image" or name.startswith(("image_", "img_")) for name in names)
    return (OF_IMAGES, OF_SEQUENCES, OF_MAPS) if images else (OF_SEQUENCES, OF_MAPS, OF_IMAGES)


def _parameters(function: object) -> list[str]:
    definition = definition_of(function) if callable(function) else None
    arguments = definition.args if definition is not None else None
    return [a.arg for a in (*arguments.args, *arguments.kwonlyargs)] if arguments is not None else []


def namesakes(owner: type, name: str) -> list[type]:
    """The module classes in the package of `owner` whose name is, or ends with, that of a parameter."""
    wanted = name.replace("_", "").lower()
    found: list[type] = []
    for cls in classes_of_package(owner):
        called = cls.__name__.lower()
        if called == wanted or (called.endswith(wanted) and len(wanted) > 3):
            found.append(cls)
    return sorted(found, key=lambda cls: (cls.__name__.lower() != wanted, *_nearness(owner, cls)))


def subclasses(cls: type) -> list[type]:
    """The subclasses of a class, in the order of their definition. None for classes of torch."""
    if cls.__module__.partition(".")[0] == "torch":
        return []
    found: list[type] = cls.__subclasses__()
    return list(dict.fromkeys([*found, *(inner for subclass in found for inner in subclasses(subclass))]))


def concrete(cls: type, within: Sequence[type]) -> type:
    """The class; if it is abstract, its first subclass that is not, and that is not in `within`.

    `within` has the classes whose constructors are being written: a class is not built around itself.
    """
    kinds = [kind for kind in subclasses(cls) if kind not in within]
    return next((kind for kind in (cls, *kinds) if not kinds or not _leaves_open(kind)), cls)


@functools.cache
def _leaves_open(cls: type[nn.Module]) -> bool:
    """Whether a class leaves its `forward` to subclasses: it is abstract, does nothing, or does nothing but raise."""
    if inspect.isabstract(cls) or has_no_forward(cls):
        return True
    forward = definition_of(cls.forward)
    called = [node.attr for node in ast.walk(forward) if isinstance(node, ast.Attribute)] if forward is not None else []
    if forward is not None and not statements_of(forward):
        return True
    methods = [getattr(cls, name, None) for name in ("forward", *called)]
    return any(raises_alone(method) for method in methods if inspect.isfunction(method))


def look_alikes(owner: type, attributes: list[str]) -> list[type]:
    """The module classes in the package of `owner` that set all these attributes. Those of its own file come first."""
    wanted = [name for name in attributes if name not in _OF_ALL_MODULES]
    if not wanted:
        return []
    found = [
        cls
        for cls in classes_of_package(owner)
        if all(name in _attributes_set(cls) or hasattr(cls, name) for name in wanted)
    ]
    return sorted(found, key=lambda cls: _nearness(owner, cls))


def _nearness(owner: type, cls: type) -> tuple[bool, int, str]:
    definition = definition_of(constructor_of(cls))
    return (
        cls.__module__ != owner.__module__,
        len(definition.args.args) if definition is not None else 0,
        cls.__module__,
    )


def classes_of_package(owner: type) -> Iterator[type]:
    """The other module classes of the package of `owner` that are loaded."""
    package = owner.__module__.partition(".")[0]
    for name, module in sorted(sys.modules.items()):
        if module is not None and name.partition(".")[0] == package:
            for value in list(vars(module).values()):
                if (
                    isinstance(value, type)
                    and issubclass(value, nn.Module)
                    and value.__module__ == name
                    and value is not owner
                    and not issubclass(value, owner)
                ):
                    yield value


@functools.cache
def _attributes_set(cls: type) -> frozenset[str]:
    found: set[str] = set()
    for base in cls.__mro__:
        if base is nn.Module:
            break
        definition = definition_of(constructor_of(base))
        for node in ast.walk(definition) if definition is not None else ():
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr.startswith("register_")
            ):
                found.update(a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str))
    return frozenset(found)
