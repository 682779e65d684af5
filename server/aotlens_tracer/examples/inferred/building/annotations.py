"""Annotations of constructors' parameters, and the values to pass for them."""

from __future__ import annotations

import collections.abc
import enum
import typing
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import nn

from ..namespace import Names
from ..tables.configuration_names import LISTS_OF_DEPTHS
from ..tables.constructor_names import constructor_prior, is_number
from ..tables.sizes import STAGES, WIDTH
from ..values import Items, Tensor, Value, Written
from . import configurations
from .defaults_elsewhere import default_elsewhere
from .parameters import is_union
from .usage import Usage

DEEPEST = 3
"""The deepest nesting of constructor calls: `A(B(C()))` is 3."""
_SEQUENCES = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
_WORDS = {"torch.nn.GELU": "'gelu'", "torch.nn.LayerNorm": "'layer'"}
"""Words that mean a class of torch."""


class Guesses(Protocol):
    """Guesses for what an annotation leaves open."""

    names: Names

    def by_name(self, name: str, cls: type, usage: Usage) -> Value:
        """The value that a parameter's name suggests."""

    def expression(self, cls: type, depth: int = 0) -> str:
        """The call that builds a class."""

    def configuration(self, cls: type, candidates: list[type] | None = None, depth: int = 0) -> Value | None:
        """A configuration for `cls`."""


@dataclass(frozen=True)
class Site:
    """The parameter `name` of the constructor of `cls`, whose `usage` that is.

    `depth` counts the constructors that this one is written into.
    """

    name: str
    cls: type
    usage: Usage
    depth: int


def by_annotation(guesses: Guesses, annotation: Any, site: Site) -> Value | None:
    """The value to pass for a parameter with this annotation; None if the annotation does not say."""
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if is_union(annotation):
        if str in members and any((typing.get_origin(member) or member) in _SEQUENCES for member in members):
            # A word, or a word with its settings: the name of a layer.
            return default_elsewhere(site.cls, site.name) or by_annotation(guesses, str, site)
        found = [by_annotation(guesses, member, site) for member in members if member is not type(None)]
        return next((value for value in found if value is not None), None)
    if origin is typing.Literal:
        return Written(repr(members[0]))
    if origin is typing.Annotated:
        return by_annotation(guesses, members[0], site)
    if annotation in (dict,) or origin in (dict, collections.abc.Mapping):
        return Written("{}")
    if annotation in (list, tuple) or origin in _SEQUENCES:
        return _sequence(guesses, origin or annotation, members, site)
    if origin is type or annotation is type:
        return _class(guesses, members, site)
    if origin is collections.abc.Callable or annotation in (collections.abc.Callable, typing.Callable):
        if constructor_prior(site.name):
            return guesses.by_name(site.name, site.cls, site.usage)
        return Written("torch.nn.Identity" if site.name in site.usage.called else "torch.nn.Identity()")
    if isinstance(annotation, type):
        return _plain(annotation, site) or _object(guesses, annotation, site)
    return None


def _plain(annotation: type, site: Site) -> Value | None:
    """A number, a string, a device or a dtype."""
    prior = constructor_prior(site.name)
    if annotation is bool:
        return Written("False")
    if annotation in (int, float):
        if prior and is_number(prior):
            return Written(prior)
        return Written(str(WIDTH) if annotation is int else "1.0")
    if annotation is str:
        literals = site.usage.literals.get(site.name)
        word = prior if prior and prior.startswith("'") else _WORDS.get(prior or "")
        if literals or word:
            return Written(repr(literals[0]) if literals else word or "''")
        return default_elsewhere(site.cls, site.name) or Written("''")
    if annotation in (torch.device, torch.dtype):
        return Written("torch.device('cpu')" if annotation is torch.device else "torch.float32")
    return None


def _object(guesses: Guesses, annotation: type, site: Site) -> Value | None:
    """An enumeration's member, a module, a tensor or a configuration."""
    if issubclass(annotation, enum.Enum):
        return Written(f"{guesses.names.of(annotation)}.{next(iter(annotation)).name}")
    if annotation in (nn.Module, nn.ModuleList, nn.Sequential):
        return _module(annotation, site.name)
    if issubclass(annotation, torch.Tensor):
        return Tensor((WIDTH,))
    if issubclass(annotation, nn.Module):
        return Written(guesses.expression(annotation, site.depth + 1)) if site.depth < DEEPEST else None
    if annotation.__module__ in ("builtins", "typing"):
        return None
    if configurations.is_configuration_class(annotation) or configurations.is_configuration_name(site.name):
        candidates = [annotation, *configurations.find_configuration(site.cls, guesses.names)]
        # If none can be made, its own refusal says more than what another value would fail with.
        return guesses.configuration(site.cls, candidates, site.depth) or Written(f"{guesses.names.of(annotation)}()")
    return None


def _class(guesses: Guesses, members: tuple[Any, ...], site: Site) -> Value:
    """`type[Base]`."""
    bound = members[0] if members and isinstance(members[0], type) else nn.Module
    if bound is not nn.Module:
        return Written(guesses.names.of(bound))
    prior = constructor_prior(site.name)
    if prior == "torch.nn.LayerNorm" and site.usage.is_of_maps:
        return Written("torch.nn.BatchNorm2d")
    return Written(prior if prior and prior.startswith("torch.nn.") else "torch.nn.Identity")


def _sequence(guesses: Guesses, kind: Any, members: tuple[Any, ...], site: Site) -> Value:
    if kind is tuple and members and members[-1] is not ...:
        items = [by_annotation(guesses, member, site) or Written("None") for member in members]
        return Items(tuple(items))
    inner = members[0] if members and not isinstance(members[0], typing.TypeVar) else int
    prior = constructor_prior(site.name)
    if inner in (int, float) and prior is not None and prior.startswith("("):
        return Written(prior)
    one = replace(site, name=site.name.removesuffix("s"))
    item = by_annotation(guesses, inner, one) or Written(str(WIDTH))
    count = 2
    if inner is int and LISTS_OF_DEPTHS.fullmatch(site.name):
        item, count = Written(str(configurations.FEW)), STAGES
    return Items((item,) * max(site.usage.sequences.get(site.name, 0), count), kind is list)


def _module(kind: type, name: str) -> Value:
    """One of torch's most general modules."""
    if kind is nn.ModuleList:
        return Written(f"torch.nn.ModuleList([torch.nn.Linear({WIDTH}, {WIDTH})])")
    if constructor_prior(name) == "torch.nn.GELU":
        return Written("torch.nn.GELU()")
    if kind is nn.Sequential:
        return Written("torch.nn.Sequential(torch.nn.Identity())")
    return Written("torch.nn.Identity()")
