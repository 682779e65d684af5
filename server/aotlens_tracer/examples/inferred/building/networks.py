"""Which network stands for an argument that is one: a class of the same package, else a small one of torch's."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import nn

from ....torch_private import has_no_forward
from ..reading.definitions import constructor_of, definition_of
from ..tables.input_names import input_kind
from ..tables.sizes import CLASSES, PATCH, VOCABULARY, WIDTH

_WHOLE = re.compile(
    r"(.*_)?(net|network|model|encoder|decoder|backbone|vit|student|teacher|transformer|trunk|unet|autoencoder|vae)"
)
_OF_ALL_MODULES = frozenset(dir(nn.Module)) | {"config", "device", "dtype", "shape", "weight", "bias", "size"}
OF_IMAGES = (
    f"torch.nn.Sequential(torch.nn.Conv2d(3, {WIDTH}, {PATCH}, stride={PATCH}), torch.nn.AdaptiveAvgPool2d(1), "
    f"torch.nn.Flatten(), torch.nn.Linear({WIDTH}, {CLASSES}))"
)
_LAYER = f"torch.nn.Linear({WIDTH}, {WIDTH})"
OF_SEQUENCES = f"torch.nn.Sequential({_LAYER}, torch.nn.GELU(), {_LAYER})"
OF_MAPS = f"torch.nn.Conv2d({WIDTH}, {WIDTH}, 1)"

_LAYERS: tuple[tuple[str, frozenset[str]], ...] = (
    (_LAYER, frozenset(("weight", "bias", "in_features", "out_features"))),
    (
        f"torch.nn.Conv2d({WIDTH}, {WIDTH}, 3, padding=1)",
        frozenset(("weight", "bias", "in_channels", "out_channels", "kernel_size", "stride", "padding", "groups")),
    ),
    (f"torch.nn.Embedding({VOCABULARY}, {WIDTH})", frozenset(("weight", "num_embeddings", "embedding_dim"))),
)


def layer_with(attributes: list[str]) -> str | None:
    """The layer of torch's that has these attributes of parameters and sizes, if they are of such a one."""
    wanted = set(attributes)
    return next((text for text, known in _LAYERS if wanted <= known), None)


def is_whole(name: str) -> bool:
    """Whether a parameter of that name is a whole network, rather than one layer or function."""
    return _WHOLE.fullmatch(name.lower()) is not None


def of_torch(owner: type) -> tuple[str, ...]:
    """Small networks of torch's modules, those that fit the inputs of `owner` first."""
    names = [*_parameters(getattr(owner, "forward", None)), *_parameters(constructor_of(owner))]
    images = any(input_kind(name) == "image" or name.startswith(("image_", "img_")) for name in names)
    return (OF_IMAGES, OF_SEQUENCES, OF_MAPS) if images else (OF_SEQUENCES, OF_MAPS, OF_IMAGES)


def _parameters(function: object) -> list[str]:
    definition = definition_of(function) if callable(function) else None
    arguments = definition.args if definition is not None else None
    return [a.arg for a in (*arguments.args, *arguments.kwonlyargs)] if arguments is not None else []


def namesakes(owner: type, name: str) -> list[type]:
    """The module classes of the package of `owner` that are called like a parameter, the same names first."""
    wanted = name.replace("_", "").lower()
    found: list[type] = []
    for cls in _classes(owner):
        called = cls.__name__.lower()
        if called == wanted or (called.endswith(wanted) and len(wanted) > 3):
            found.append(cls)
    return sorted(found, key=lambda cls: (cls.__name__.lower() != wanted, *_nearness(owner, cls)))


def subclasses(cls: type) -> list[type]:
    """The classes that a class is a base of, as they were defined; none of one of torch's."""
    if cls.__module__.partition(".")[0] == "torch":
        return []
    found: list[type] = cls.__subclasses__()
    return list(dict.fromkeys([*found, *(inner for subclass in found for inner in subclasses(subclass))]))


def concrete(cls: type, within: Sequence[type]) -> type:
    """The class, or where it leaves something open its first subclass that does not, and is not built around it."""
    kinds = [kind for kind in subclasses(cls) if kind not in within]
    return next((kind for kind in (cls, *kinds) if not kinds or not _leaves_open(kind)), cls)


@functools.cache
def _leaves_open(cls: type[nn.Module]) -> bool:
    """Whether a class leaves to its subclasses what its `forward` does: it is abstract, or raises and does no more."""
    if inspect.isabstract(cls) or has_no_forward(cls):
        return True
    forward = definition_of(cls.forward)
    called = [node.attr for node in ast.walk(forward) if isinstance(node, ast.Attribute)] if forward is not None else []
    methods = [getattr(cls, name, None) for name in ("forward", *called)]
    return any(_raises_alone(method) for method in methods if inspect.isfunction(method))


def _raises_alone(function: Callable[..., Any]) -> bool:
    definition = definition_of(function)
    body = definition.body if isinstance(definition, ast.FunctionDef) else []
    statements = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    if len(statements) != 1 or not isinstance(statements[0], ast.Raise):
        return False
    return any(isinstance(n, ast.Name) and n.id == "NotImplementedError" for n in ast.walk(statements[0]))


def look_alikes(owner: type, attributes: list[str]) -> list[type]:
    """The module classes of the package of `owner` that set all these attributes, those of its own file first."""
    wanted = [name for name in attributes if name not in _OF_ALL_MODULES]
    if not wanted:
        return []
    found = [
        cls for cls in _classes(owner) if all(name in _attributes_set(cls) or hasattr(cls, name) for name in wanted)
    ]
    return sorted(found, key=lambda cls: _nearness(owner, cls))


def _nearness(owner: type, cls: type) -> tuple[bool, int, str]:
    definition = definition_of(constructor_of(cls))
    return (
        cls.__module__ != owner.__module__,
        len(definition.args.args) if definition is not None else 0,
        cls.__module__,
    )


def _classes(owner: type) -> Iterator[type]:
    """The other module classes of a package that are loaded."""
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
