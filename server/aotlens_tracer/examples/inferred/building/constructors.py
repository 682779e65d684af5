"""The arguments of a constructor: from annotations, configuration classes, how the source uses them, and names."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping

from torch import nn

from ..namespace import Names
from ..tables.constructor_names import constructor_prior, is_number
from ..tables.sizes import WIDTH
from ..values import Arguments, Entries, Items, Value, Written, call
from . import configurations
from .annotations import DEEPEST, Site, by_annotation
from .networks import (
    concrete,
    is_whole,
    layer_with,
    layers_with,
    look_alikes,
    namesakes,
    of_torch,
    plain_value_with,
    subclasses,
)
from .parameters import VARIABLE, annotation_of, declared_modules, given_beside, parameters_of, positional_only
from .usage import Usage

NETWORKS = 5
"""How many classes are tried for an argument that is a network."""
IDENTITY = "torch.nn.Identity()"
Build = Callable[[type, Arguments, "Constructors"], Arguments]


class Constructors:
    """Writes constructor calls in one module's namespace.

    `level` says how far stacks are cut (see `configurations`). `build`, if given, repairs the arguments of a class that
    is an argument of another one. `instead` names subclasses to build in the place of classes.
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

    # --- all arguments of a class

    def arguments(self, cls: type, depth: int = 0) -> Arguments:
        """The arguments with which `cls` can probably be built: all that it requires, and its stacks cut."""
        found: Arguments = {}
        usage = Usage(cls)
        self._within.append(cls)
        try:
            for name, parameter in parameters_of(cls).items():
                if parameter.default is parameter.empty and parameter.kind not in VARIABLE:
                    found[name] = self.value(cls, parameter, usage, depth)
        finally:
            self._within.pop()
        return {**found, **configurations.cut_parameters(cls, self.level)}

    def with_configurations(self, cls: type) -> Arguments:
        """The arguments with the configurations that may be left out, for a `forward` that reads one."""
        given, usage = self.arguments(cls), Usage(cls)
        optional = {
            name: self.value(cls, parameter, usage)
            for name, parameter in parameters_of(cls).items()
            if parameter.default is None and configurations.is_configuration_name(name)
        }
        return {**given, **optional}

    def with_optional(self, cls: type) -> Iterator[Arguments]:
        """The arguments with one that may be None, for each that the class keeps and whose annotation says its kind."""
        given, usage = self.arguments(cls), Usage(cls)
        for name, parameter in parameters_of(cls).items():
            annotation = annotation_of(parameter, cls)
            if parameter.default is not None or name not in usage.kept or annotation is None:
                continue
            value = by_annotation(self, annotation, Site(name, cls, usage, 0))
            if value is not None and value.expression not in ("None", IDENTITY):
                yield {**given, name: value}

    def with_subclasses(self, cls: type) -> Iterator[Arguments]:
        """The arguments with a subclass in the place of a class that they are built with."""
        self.arguments(cls)
        for base in list(dict.fromkeys(written for written, _ in self._written)):
            for subclass in subclasses(base)[:NETWORKS]:
                yield Constructors(self.names, self.level, self._build, {base: subclass}).arguments(cls)

    def with_other_networks(self, cls: type) -> Iterator[Arguments]:
        """The arguments with other networks in the place of those that were guessed.

        Arguments whose annotation names a class keep it: another class would not be what the author means.
        """
        usage, given, declared = Usage(cls), self.arguments(cls), declared_modules(cls)
        for name, value in given.items():
            if name in declared:
                continue
            alike = [*look_alikes(cls, _attributes(usage, name)), *(namesakes(cls, name) if is_whole(name) else ())]
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
        """The call that builds `cls`, which is an argument in `depth` other constructors."""
        cls = self._instead.get(cls) or concrete(cls, self._within)
        if (cls, depth) not in self._written:
            arguments = self.arguments(cls, depth)
            if self._build is not None and depth:
                arguments = self._build(cls, arguments, self)
            self._written[cls, depth] = call(self.names.of(cls), arguments, positional_only(cls))
        return self._written[cls, depth]

    # --- one argument

    def value(self, cls: type, parameter: inspect.Parameter, usage: Usage | None = None, depth: int = 0) -> Value:
        """The value to pass for one parameter."""
        usage = usage or Usage(cls)
        name = parameter.name
        annotated = by_annotation(self, annotation_of(parameter, cls), Site(name, cls, usage, depth))
        if annotated is not None and annotated.expression != IDENTITY:
            return annotated
        found = self._by_usage(cls, name, usage, depth)
        if found is not None:
            return found
        value = annotated or self.by_name(name, cls, usage)
        if value.expression == IDENTITY and depth < DEEPEST:
            return self._network(cls, name, depth) or value
        return value

    def _by_usage(self, cls: type, name: str, usage: Usage, depth: int) -> Value | None:
        """The value that the uses of a parameter in the source suggest; None if they suggest nothing."""
        is_configuration = configurations.is_configuration_name(name)
        if name in usage.mappings and depth < DEEPEST:
            passed = usage.mappings[name]
            beside = given_beside(passed)
            passed_on = self.arguments(passed.target, depth + 1)
            return Entries(tuple((key, value) for key, value in passed_on.items() if key not in beside))
        used = _attributes(usage, name)
        if used and not is_configuration and (plain := plain_value_with(used)) is not None:
            return plain
        if used and not is_configuration and depth < DEEPEST:
            for candidate in look_alikes(cls, used):
                return Written(self.expression(candidate, depth + 1))
        attributes = usage.attributes.get(name)
        if is_configuration or attributes:
            layer = layer_with(attributes) if attributes and not is_configuration else None
            if layer is not None:
                return Written(layer)
            found = self.configuration(cls, None, depth)
            if found is not None:
                return found
            if attributes and name in usage.modules:  # an object that is called is no namespace
                return Written(next(iter(layers_with(attributes)), IDENTITY))
            if attributes:
                return self._namespace(attributes, cls, usage)
        for kind in usage.instances.get(name, ()):
            if isinstance(kind, type) and issubclass(kind, nn.Module) and depth < DEEPEST:
                return Written(self.expression(kind, depth + 1))
        return None

    def _namespace(self, attributes: list[str], cls: type, usage: Usage) -> Value:
        """An object with these attributes."""
        values = {name: self.by_name(name, cls, usage) for name in attributes}
        return Written(call("__import__('types').SimpleNamespace", values))

    def _network(self, cls: type, name: str, depth: int) -> Value | None:
        """The class with the parameter's name, if that is a whole network."""
        for candidate in namesakes(cls, name)[:1] if is_whole(name) else ():
            if candidate.__name__.lower() == name.replace("_", "").lower():
                return Written(self.expression(candidate, depth + 1))
        return None

    def by_name(self, name: str, cls: type, usage: Usage) -> Value:
        """The value that a parameter's name and its use in the constructor suggest."""
        if usage.literals.get(name):
            return Written(repr(usage.literals[name][0]))
        prior = constructor_prior(name)
        is_size = prior is None or is_number(prior)
        if name in usage.sequences and is_size:
            return Items((Written(prior or str(WIDTH)),) * usage.sequences[name], name in usage.lists)
        if name in usage.modules and (is_size or (prior or "").startswith("torch.nn.")):
            return Written(f"{prior}()" if prior and prior.endswith(("GELU", "ReLU")) else IDENTITY)
        if name in usage.called and is_size:
            return Written("torch.nn.Identity")
        if prior == "torch.nn.LayerNorm" and name in usage.called and usage.is_of_maps:
            return Written("torch.nn.BatchNorm2d")
        if prior == "torch.nn.LayerNorm" and name not in usage.called:
            return Written(f"torch.nn.LayerNorm({WIDTH})")
        if prior == "torch.nn.GELU" and name not in usage.called:
            return Written("torch.nn.GELU()")
        return Written(prior or str(WIDTH))

    def configuration(self, cls: type, candidates: list[type] | None = None, depth: int = 0) -> Value | None:
        """The first of these configurations, or of those that `cls` may mean, that can be made; None if none can."""
        for candidate in candidates or configurations.find_configuration(cls, self.names):
            required = self._required(candidate, depth + 1)
            is_declared = candidates is not None and candidate is candidates[0]
            for given in self._with_repairs(candidate, required) if is_declared else (required,):
                with contextlib.suppress(Exception):  # the configuration's own code may raise anything
                    return configurations.configuration(candidate, self.names, given, self.level)
        return None

    def _with_repairs(self, candidate: type, required: Arguments) -> Iterator[Arguments]:
        """The arguments of a configuration, then the ones that are repaired because it refuses these."""
        yield required
        if self._build is not None:
            yield self._build(candidate, required, self)

    def _required(self, cls: type, depth: int) -> Arguments:
        """The required arguments of a configuration."""
        return {
            name: self.value(cls, parameter, None, depth) if depth < DEEPEST else Written("None")
            for name, parameter in parameters_of(cls).items()
            if parameter.default is parameter.empty and parameter.kind not in VARIABLE
        }


def _attributes(usage: Usage, name: str) -> list[str]:
    """All attributes that are read from a parameter, also where it is kept."""
    return usage.attributes.get(name, []) + usage.kept_attributes.get(name, [])
