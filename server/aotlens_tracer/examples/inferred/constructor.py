"""The arguments of a constructor: from annotations, configuration classes, how the source uses them, and names."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from . import configs
from .names import Names
from .networks import concrete, is_whole, layer_with, look_alikes, namesakes, of_torch, subclasses
from .priors import WIDTH, constructor_prior
from .source_hints import definition_of
from .values import Arguments, Entries, Items, Tensor, Value, Written, call

DEEPEST = 3
"""How many constructors are written into each other."""
NETWORKS = 5
"""How many classes are tried for an argument that is a network."""
IDENTITY = "torch.nn.Identity()"
Build = Callable[[type, Arguments, "Constructors"], Arguments]


class Constructors:
    """Writes constructor calls in one module's namespace. `level` says how far stacks are cut (see `configs`).

    `build`, if given, mends the arguments of a class that is an argument of another one. `instead` names subclasses to
    build in the place of classes.
    """

    def __init__(
        self, names: Names, level: int = 0, build: Build | None = None, instead: Mapping[type, type] | None = None
    ) -> None:
        self.names = names
        self.level = level
        self._build = build
        self._instead = instead or {}
        self._written: dict[tuple[type, int], str] = {}
        self._within: list[type] = []

    def arguments(self, cls: type, depth: int = 0) -> Arguments:
        """The arguments with which `cls` is likely to be built: all that it requires, and its stacks cut."""
        found: Arguments = {}
        usage = Usage(cls)
        parameters = parameters_of(cls)
        self._within.append(cls)
        try:
            for name, parameter in parameters.items():
                if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                    continue
                if parameter.default is parameter.empty:
                    found[name] = self.value(cls, parameter, usage, depth)
        finally:
            self._within.pop()
        return {**found, **configs.cut_parameters(cls, self.level)}

    def value(self, cls: type, parameter: inspect.Parameter, usage: Usage | None = None, depth: int = 0) -> Value:
        """What to pass for one parameter."""
        usage = usage or Usage(cls)
        annotation = annotation_of(parameter, cls)
        by_annotation = self._by_annotation(annotation, parameter.name, cls, usage, depth)
        if by_annotation is not None and by_annotation.expression != IDENTITY:
            return by_annotation
        if parameter.name in usage.mappings and depth < DEEPEST:
            target, beside = usage.mappings[parameter.name]
            handed_on = self.arguments(target, depth + 1)
            return Entries(tuple((name, value) for name, value in handed_on.items() if name not in beside))
        used = usage.attributes.get(parameter.name, []) + usage.kept_attributes.get(parameter.name, [])
        if used and not configs.is_configuration_name(parameter.name):
            for candidate in look_alikes(cls, used):
                if depth < DEEPEST:
                    return Written(self.expression(candidate, depth + 1))
        if configs.is_configuration_name(parameter.name) or usage.attributes.get(parameter.name):
            found = self.configuration(cls, None, depth)
            if found is not None:
                return found
            if attributes := usage.attributes.get(parameter.name):
                if (layer := layer_with(attributes)) is not None:
                    return Written(layer)
                return namespace({name: self.by_name(name, cls, usage) for name in attributes})
        for instance in usage.instances.get(parameter.name, ()):
            if isinstance(instance, type) and issubclass(instance, nn.Module) and depth < DEEPEST:
                return Written(self.expression(instance, depth + 1))
        value = by_annotation or self.by_name(parameter.name, cls, usage)
        if value.expression == IDENTITY and depth < DEEPEST:
            return self._network(cls, parameter.name, depth) or value
        return value

    def _network(self, cls: type, name: str, depth: int) -> Value | None:
        """The class that is called like the parameter, where that is a whole network."""
        for candidate in namesakes(cls, name)[:1] if is_whole(name) else ():
            if candidate.__name__.lower() == name.replace("_", "").lower():
                return Written(self.expression(candidate, depth + 1))
        return None

    def with_configurations(self, cls: type) -> Arguments:
        """The arguments with the configurations that may be left out, for a `forward` that reads one."""
        given, usage = self.arguments(cls), Usage(cls)
        optional = {
            name: self.value(cls, parameter, usage)
            for name, parameter in parameters_of(cls).items()
            if parameter.default is None and configs.is_configuration_name(name)
        }
        return {**given, **optional}

    def with_subclasses(self, cls: type) -> Iterator[Arguments]:
        """The arguments with a subclass in the place of a class that they are built with."""
        self.arguments(cls)
        for base in list(dict.fromkeys(written for written, _ in self._written)):
            for subclass in subclasses(base)[:NETWORKS]:
                yield Constructors(self.names, self.level, self._build, {base: subclass}).arguments(cls)

    def with_other_networks(self, cls: type) -> Iterator[Arguments]:
        """The arguments with other networks in the place of those that were guessed.

        Not where an annotation names a class: what is of another one would not be what the user means.
        """
        usage, given, declared = Usage(cls), self.arguments(cls), declared_modules(cls)
        for name, value in given.items():
            if name in declared:
                continue
            used = usage.attributes.get(name, []) + usage.kept_attributes.get(name, [])
            alike = [*look_alikes(cls, used), *(namesakes(cls, name) if is_whole(name) else ())]
            built = [self.expression(candidate, 1) for candidate in list(dict.fromkeys(alike))[:NETWORKS]]
            if value.expression != IDENTITY and value.expression not in built:
                continue
            for text in dict.fromkeys((*built, *of_torch(cls))):
                if text != value.expression:
                    yield {**given, name: Written(text)}
        unknown = [name for name, value in given.items() if value.expression == IDENTITY]
        if len(unknown) > 1:
            yield {**given, **dict.fromkeys(unknown, Written(of_torch(cls)[0]))}

    def expression(self, cls: type, depth: int = 0) -> str:
        """The call that builds `cls`."""
        cls = self._instead.get(cls) or concrete(cls, self._within)
        if (cls, depth) not in self._written:
            arguments = self.arguments(cls, depth)
            if self._build is not None and depth:
                arguments = self._build(cls, arguments, self)
            self._written[cls, depth] = call(self.names.of(cls), arguments, positional_only(cls))
        return self._written[cls, depth]

    def by_name(self, name: str, cls: type, usage: Usage) -> Value:
        """What a parameter's name and its use in the constructor say."""
        if usage.literals.get(name):
            return Written(repr(usage.literals[name][0]))
        prior = constructor_prior(name)
        if name in usage.sequences and (prior is None or _is_number(prior)):
            return Items((Written(prior or str(WIDTH)),) * usage.sequences[name])
        if name in usage.modules and (prior is None or _is_number(prior) or prior.startswith("torch.nn.")):
            return Written(f"{prior}()" if prior and prior.endswith(("GELU", "ReLU")) else "torch.nn.Identity()")
        if name in usage.called and (prior is None or _is_number(prior)):
            return Written("torch.nn.Identity")
        if prior in ("torch.nn.LayerNorm",) and name not in usage.called:
            return Written(f"torch.nn.LayerNorm({WIDTH})")
        if prior in ("torch.nn.GELU",) and name not in usage.called:
            return Written("torch.nn.GELU()")
        return Written(prior or str(WIDTH))

    def configuration(self, cls: type, candidates: list[type] | None = None, depth: int = 0) -> Value | None:
        """The first of these configurations, or of those that `cls` may mean, that can be made."""
        for candidate in candidates or configs.find_configuration(cls, self.names):
            try:
                required = self._required(candidate, depth + 1)
                return configs.configuration(candidate, self.names, required, self.level)
            except Exception:
                continue
        return None

    def _required(self, cls: type, depth: int) -> Arguments:
        found: Arguments = {}
        for name, parameter in parameters_of(cls).items():
            if parameter.default is parameter.empty and parameter.kind not in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            ):
                found[name] = self.value(cls, parameter, None, depth) if depth < DEEPEST else Written("None")
        return found

    def _by_annotation(self, annotation: Any, name: str, cls: type, usage: Usage, depth: int) -> Value | None:
        origin, members = typing.get_origin(annotation), typing.get_args(annotation)
        if _is_union(annotation):
            found = [
                self._by_annotation(member, name, cls, usage, depth) for member in members if member is not type(None)
            ]
            return next((value for value in found if value is not None), None)
        if origin is typing.Literal:
            return Written(repr(members[0]))
        if origin is typing.Annotated:
            return self._by_annotation(members[0], name, cls, usage, depth)
        if annotation is bool:
            return Written("False")
        if annotation in (int, float):
            prior = constructor_prior(name)
            return Written(prior if prior and _is_number(prior) else str(WIDTH) if annotation is int else "1.0")
        if annotation is str:
            literals = usage.literals.get(name)
            prior = constructor_prior(name)
            named = {"torch.nn.GELU": "'gelu'", "torch.nn.LayerNorm": "'layer'"}.get(prior or "")
            return Written(repr(literals[0]) if literals else named or "''")
        if annotation in (torch.device, torch.dtype):
            return Written("torch.device('cpu')" if annotation is torch.device else "torch.float32")
        if annotation in (dict,) or origin in (dict, collections.abc.Mapping):
            return Written("{}")
        if annotation in (list, tuple) or origin in (list, tuple, collections.abc.Sequence, collections.abc.Iterable):
            return self._sequence(origin or annotation, members, name, cls, usage, depth)
        if origin is type or annotation is type:
            bound = members[0] if members and isinstance(members[0], type) else nn.Module
            prior = constructor_prior(name)
            if bound is nn.Module:
                return Written(prior if prior and prior.startswith("torch.nn.") else "torch.nn.Identity")
            return Written(self.names.of(bound))
        if origin is collections.abc.Callable or annotation in (collections.abc.Callable, typing.Callable):
            return self.by_name(name, cls, usage) if constructor_prior(name) else self._callable(name, usage)
        if not isinstance(annotation, type):
            return None
        if issubclass(annotation, enum.Enum):
            return Written(f"{self.names.of(annotation)}.{next(iter(annotation)).name}")
        if annotation is nn.Module or annotation is nn.ModuleList or annotation is nn.Sequential:
            return self._module(annotation, name)
        if issubclass(annotation, torch.Tensor):
            return Tensor((WIDTH,))
        if issubclass(annotation, nn.Module):
            return Written(self.expression(annotation, depth + 1)) if depth < DEEPEST else None
        if annotation.__module__ in ("builtins", "typing"):
            return None
        if configs.is_configuration_class(annotation) or configs.is_configuration_name(name):
            subclasses = [annotation, *configs.find_configuration(cls, self.names)]
            return self.configuration(cls, subclasses, depth)
        return None

    def _sequence(self, kind: Any, members: tuple[Any, ...], name: str, cls: type, usage: Usage, depth: int) -> Value:
        if kind is tuple and members and members[-1] is not ...:
            items = [self._by_annotation(member, name, cls, usage, depth) or Written("None") for member in members]
            return Items(tuple(items))
        inner = members[0] if members and not isinstance(members[0], typing.TypeVar) else int
        prior = constructor_prior(name)
        if inner in (int, float) and prior is not None and prior.startswith("("):
            return Written(prior)
        item = self._by_annotation(inner, name.removesuffix("s"), cls, usage, depth) or Written(str(WIDTH))
        return Items((item,) * usage.sequences.get(name, 2), kind is list)

    def _callable(self, name: str, usage: Usage) -> Value:
        return Written("torch.nn.Identity" if name in usage.called else "torch.nn.Identity()")

    def _module(self, kind: type, name: str) -> Value:
        if kind is nn.ModuleList:
            return Written(f"torch.nn.ModuleList([torch.nn.Linear({WIDTH}, {WIDTH})])")
        prior = constructor_prior(name)
        if prior == "torch.nn.GELU":
            return Written("torch.nn.GELU()")
        if kind is nn.Sequential:
            return Written("torch.nn.Sequential(torch.nn.Identity())")
        return Written("torch.nn.Identity()")


def namespace(values: Arguments) -> Value:
    """An object with these attributes."""
    return Written(call("__import__('types').SimpleNamespace", values))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[\d.]+(e-?\d+)?", text) is not None


def parameters_of(cls: type) -> dict[str, inspect.Parameter]:
    """The parameters of the constructor, those included that it hands on with `**` to the next class's."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        own = vars(base).get("__init__")
        if own is None and base is not cls:
            continue
        try:
            parameters = dict(inspect.signature(cls if base is cls else base).parameters)
        except (TypeError, ValueError):
            return found
        rest = [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
        for name, parameter in parameters.items():
            if base is cls or parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.setdefault(name, parameter)
        for name in (p.name for p in rest):
            if name in (mappings := Usage(base).mappings):
                target, beside = mappings[name]
                inner = parameters_of(target) if not issubclass(target, base) else {}
                found.update({n: p for n, p in inner.items() if n not in beside and n not in found})
        definition = definition_of(own) if own is not None else None
        if not rest or definition is None or not _hands_on(definition, rest[0].name):
            break
    return found


def _hands_on(definition: ast.AST, rest: str) -> bool:
    """Whether a constructor calls the next one with `**rest`."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and any(word.arg is None and getattr(word.value, "id", None) == rest for word in node.keywords)
        for node in ast.walk(definition)
    )


def positional_only(cls: type) -> int:
    """How many parameters can be passed by place alone."""
    return sum(p.kind is p.POSITIONAL_ONLY for p in parameters_of(cls).values())


def annotation_of(parameter: inspect.Parameter, function: Any) -> Any:
    """A parameter's annotation as an object; None where there is none or its names cannot be resolved."""
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return None
    if not isinstance(annotation, str):
        return annotation
    target = function.__init__ if isinstance(function, type) else function
    scope = getattr(inspect.unwrap(target), "__globals__", {})
    try:
        return eval(annotation, {**vars(builtins), **vars(typing), **scope})
    except Exception:
        return None


def declared_modules(cls: type) -> set[str]:
    """The parameters of a constructor whose annotation names a module class, and none of torch's."""
    return {name for name, parameter in parameters_of(cls).items() if _names_module(annotation_of(parameter, cls))}


def _names_module(annotation: Any) -> bool:
    members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    modules = [member for member in members if isinstance(member, type) and issubclass(member, nn.Module)]
    return bool(modules) and not any(module.__module__.startswith("torch.") for module in modules)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


class Usage:
    """How a constructor's source uses its parameters."""

    def __init__(self, cls: type) -> None:
        self.called: set[str] = set()
        self.modules: set[str] = set()
        """Kept as attributes and called in `forward`."""
        self.sequences: dict[str, int] = {}
        self.literals: dict[str, list[Any]] = {}
        self.attributes: dict[str, list[str]] = {}
        self.kept_attributes: dict[str, list[str]] = {}
        """What is read from them where they are kept: `self.encoder.pos_embedding`."""
        self.instances: dict[str, list[Any]] = {}
        self.mappings: dict[str, tuple[type, frozenset[str | None]]] = {}
        """Handed on with `**` to the constructor of a class, beside these arguments."""
        definition = definition_of(cls.__init__)
        if definition is None:
            return
        scope = getattr(inspect.unwrap(cls.__init__), "__globals__", {})
        names = {argument.arg for argument in (*definition.args.args, *definition.args.kwonlyargs)}
        self._rest = definition.args.kwarg.arg if definition.args.kwarg is not None else None
        kept = {}
        for node in ast.walk(definition):
            self._look_at(node, names, scope)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in names:
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        kept[target.attr] = node.value.id
        forward = definition_of(cls.forward) if hasattr(cls, "forward") else None
        for node in (*ast.walk(definition), *(ast.walk(forward) if forward is not None else ())):
            if isinstance(node, ast.Call) and (attribute := _own_attribute(node.func)) in kept:
                self.modules.add(kept[attribute])
            if isinstance(node, ast.Attribute) and (attribute := _own_attribute(node.value)) in kept:
                found = self.kept_attributes.setdefault(kept[attribute], [])
                if node.attr not in found:
                    found.append(node.attr)

    def _look_at(self, node: ast.AST, names: set[str], scope: dict[str, Any]) -> None:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in names:
                self.called.add(node.func.id)
            function = node.func.id if isinstance(node.func, ast.Name) else ""
            target = scope.get(function)
            for word in node.keywords:
                if (
                    word.arg is None
                    and isinstance(word.value, ast.Name)
                    and word.value.id in (*names, self._rest)
                    and isinstance(target, type)
                ):
                    self.mappings[word.value.id] = (target, frozenset(other.arg for other in node.keywords))
            for argument in node.args:
                if (
                    isinstance(argument, ast.Name)
                    and argument.id in names
                    and function in ("len", "zip", "enumerate", "sum", "max", "list", "reversed")
                ):
                    self.sequences.setdefault(argument.id, 2)
            if function == "isinstance" and len(node.args) == 2 and isinstance(node.args[0], ast.Name):
                found = [scope.get(c.id) for c in ast.walk(node.args[1]) if isinstance(c, ast.Name)]
                self.instances.setdefault(node.args[0].id, []).extend(v for v in found if v is not None)
        elif isinstance(node, ast.Assert):
            # assert any(isinstance(student, kind) for kind in (A, B))
            asked = [n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)]
            if "isinstance" in asked:
                found = [scope.get(name) for name in asked]
                for name in set(asked) & names:
                    self.instances.setdefault(name, []).extend(v for v in found if isinstance(v, type))
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id in names:
            for other in node.comparators:
                for item in other.elts if isinstance(other, (ast.Tuple, ast.List, ast.Set)) else [other]:
                    if isinstance(item, ast.Constant) and isinstance(item.value, str):
                        self.literals.setdefault(node.left.id, []).append(item.value)
        elif isinstance(node, (ast.For, ast.comprehension)):
            if isinstance(node.iter, ast.Name) and node.iter.id in names:
                self.sequences.setdefault(node.iter.id, 2)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            if node.value.id in names:
                index = node.slice.value if isinstance(node.slice, ast.Constant) else 1
                if isinstance(index, int):
                    self.sequences[node.value.id] = max(self.sequences.get(node.value.id, 2), index + 1)
            elif isinstance(node.slice, ast.Name) and node.slice.id in names:
                table = scope.get(node.value.id)
                if isinstance(table, dict):
                    self.literals.setdefault(node.slice.id, []).extend(key for key in table if isinstance(key, str))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in names:
            if isinstance(node.targets[0], (ast.Tuple, ast.List)):
                self.sequences[node.value.id] = len(node.targets[0].elts)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names - {"self"}:
            found_attributes = self.attributes.setdefault(node.value.id, [])
            if node.attr not in found_attributes:
                found_attributes.append(node.attr)


def _own_attribute(node: ast.expr) -> str | None:
    """The attribute of `self.attribute`."""
    return node.attr if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else None
