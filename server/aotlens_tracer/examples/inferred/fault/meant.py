"""The choices in a constructor's call that its author surely means, and the arguments that it leaves out."""

from __future__ import annotations

from ..building import configurations
from ..building.constructors import Constructors
from ..building.parameters import annotation_of, parameters_of
from ..namespace import Names
from .variations import MOST_OPTIONAL


def left_out(cls: type, names: Names, call: str) -> list[tuple[str, str]]:
    """Return arguments that a constructor's call leaves out and that have no other default, by name and as code."""
    constructors = Constructors(names)
    found = [p for n, p in parameters_of(cls).items() if p.default is None and f"{n}=" not in call]
    return [(each.name, constructors.value(cls, each).expression) for each in found[:MOST_OPTIONAL]]


class Meant:
    """The configurations that the class `cls` means, among the names of its module."""

    def __init__(self, cls: type, names: Names) -> None:
        self._cls = cls
        self._names = names

    def is_declared(self, name: str) -> bool:
        """Whether a name is that of a configuration which the class declares."""
        value = self._names.values.get(name)
        if not configurations.is_configuration_class(value):
            return False
        declared = [annotation_of(parameter, self._cls) for parameter in parameters_of(self._cls).values()]
        return value in declared or getattr(self._cls, "config_class", None) is value

    def is_meant(self, name: str) -> bool:
        """Whether a name is that of a configuration which the class surely means: declared, or the only one."""
        value = self._names.values.get(name)
        if not configurations.is_configuration_class(value):
            return False
        known = {id(other) for other in self._names.values.values() if configurations.is_configuration_class(other)}
        return self.is_declared(name) or known == {id(value)}
