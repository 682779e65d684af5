"""Searches for an example of a class that leaves to its subclasses what its call needs.

Such a class is a part of a model: it is abstract, a method of it only raises, or `forward` reads an attribute that the
constructors of its subclasses set. An instance of a subclass that inherits `forward` runs the code of the class.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator

from torch import nn

from ...failures import TraceError
from ...graph.birthplaces import Birthplaces
from .building.networks import subclasses
from .guess import ClassFails, Guess
from .reading.conditional_attributes import conditions_of, is_set_by_a_subclass
from .reading.open_methods import is_refused_by_an_open_method
from .repairs.failed_attempt import FailedAttempt
from .search import Search

RULE = "subclass"
"""The name of this step where it finds an example, as if it were a rule."""
MOST = 3
"""How many subclasses are tried."""


class SubclassSearch(Search):
    """A search that goes on with the subclasses of the class, at the first failure that is left to them."""

    def __init__(
        self, cls: type[nn.Module], module: types.ModuleType, birthplaces: Birthplaces, train: bool | None
    ) -> None:
        super().__init__(cls, module, birthplaces, train)
        self._module = module
        self._birthplaces = birthplaces
        self._has_asked = False

    def _note(self, expression: str, error: BaseException, rule: str | None) -> None:
        """Note an attempt that failed. Raises ClassFails with the example of a subclass, if that is the answer."""
        super()._note(expression, error, rule)
        if not self._has_asked and _is_left_open(self._cls, error):
            self._has_asked = True
            for subclass in _with_the_same_forward(self._cls):
                if (guess := self._of(subclass)) is not None:
                    raise ClassFails(guess)

    def _of(self, subclass: type[nn.Module]) -> Guess | None:
        """The example of a subclass within the time of this search; None if there is none that runs."""
        search = Search(subclass, self._module, self._birthplaces, self._train)
        search._runner = self._runner
        try:
            guess = search.run()
        except TraceError:
            return None
        is_example = guess.failure is None and not guess.is_of_the_class
        return Guess(guess.expression, RULE, tried_with=guess.tried_with) if is_example else None


def _is_left_open(cls: type, error: BaseException) -> bool:
    """Whether an instance of the class fails for something that its subclasses have."""
    if inspect.isabstract(cls) or is_refused_by_an_open_method(cls, error):
        return True
    if isinstance(error, NotImplementedError):
        place = FailedAttempt(error, {}).innermost()
        return place is not None and type(place.variables.get("self")) is cls
    if not isinstance(error, AttributeError) or not error.name:
        return False
    is_set_elsewhere = conditions_of(cls, error.name) is None and is_set_by_a_subclass(cls, error.name)
    return is_set_elsewhere and type(error.obj) is cls


def _with_the_same_forward(cls: type[nn.Module]) -> Iterator[type[nn.Module]]:
    """The subclasses that inherit `forward` and can be built, those of the same file first; no more than `MOST`."""
    found = [kind for kind in subclasses(cls) if _forward(kind) is cls.forward and not inspect.isabstract(kind)]
    found.sort(key=lambda kind: (kind.__module__ != cls.__module__, kind.__name__.startswith("_")))
    yield from found[:MOST]


def _forward(cls: type) -> object:
    return getattr(cls, "forward", None)
