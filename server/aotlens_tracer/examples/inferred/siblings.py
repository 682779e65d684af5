"""A search that uses what served for another class of the file, if its own first guess fails.

The values that the call of the sibling has for arguments of the same names take the place of the guessed ones: widths
and numbers of heads of the constructor, ranks and sizes of tensors. That is one attempt for each of the siblings that
have the most names in common.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from torch import nn

from ...graph.birthplaces import Birthplaces
from ...torch_private import fake_mode
from ...wire.protocol import Sibling
from .attempts import Target
from .building.constructors import Constructors
from .building.parameters import parameters_of, positional_only
from .calling.beginning import first_arguments, sizes_built_with
from .calling.inputs import Inputs, call_parameters
from .guess import ClassFails, Guess
from .reading.written_tensors import value_of
from .subclass_search import SubclassSearch
from .values import Arguments, call, tensors, with_tensor

MOST = 2
"""How many siblings are asked."""


@dataclass(frozen=True)
class _Served:
    """A call that served for the class `qualname`: the values in its constructor's call and in its own, by name."""

    qualname: str
    constructor: Arguments
    arguments: Arguments


class SiblingSearch(SubclassSearch):
    """A search that asks `siblings` at its first failure."""

    def __init__(
        self,
        cls: type[nn.Module],
        module: types.ModuleType,
        birthplaces: Birthplaces,
        train: bool | None,
        siblings: Iterable[Sibling] = (),
    ) -> None:
        super().__init__(cls, module, birthplaces, train)
        self._siblings = tuple(siblings)

    def _note(self, expression: str, error: BaseException, rule: str | None) -> None:
        """Note an attempt that failed. Raises ClassFails with a call that runs, if siblings or subclasses have one."""
        super()._note(expression, error, rule)
        asked, self._siblings = self._siblings, ()
        for served in self._alike(asked):
            if (guess := self._as_for(served)) is not None:
                raise ClassFails(guess)

    def _alike(self, siblings: Iterable[Sibling]) -> list[_Served]:
        """The siblings that have names in common with the class, those with the most first."""
        own = parameters_of(self._cls).keys(), call_parameters(self._cls.forward).keys()
        counted = []
        for served in filter(None, (self._served(each) for each in siblings)):
            counts = [len(names & given.keys()) for names, given in zip(own, (served.constructor, served.arguments))]
            counted.append((sum(counts), served))
        counted.sort(key=lambda item: -item[0])
        return [served for count, served in counted[:MOST] if count]

    def _served(self, sibling: Sibling) -> _Served | None:
        """The values that the call of a sibling was given; None if its parts cannot be told."""
        cls = self._names.values.get(sibling.qualname)
        calls = list(_calls(sibling.expression))
        if not isinstance(cls, type) or not issubclass(cls, nn.Module) or len(calls) != 2:
            return None
        outer, inner = calls
        return _Served(
            sibling.qualname,
            _by_name(inner, list(parameters_of(cls))),
            _by_name(outer, list(call_parameters(cls.forward))),
        )

    def _as_for(self, served: _Served) -> Guess | None:
        """The call with the values that served for a sibling; None if it does not run."""
        cls, mode = self._cls, fake_mode()
        known = {name: value for name, value in served.constructor.items() if name in parameters_of(cls)}
        built_with = {**Constructors(self._names, build=self._repaired).arguments(cls), **known}
        expression = call(self._names.of(cls), built_with, positional_only(cls))
        try:
            module = self._runner.build(expression, mode)
        except Exception:
            return None
        inputs = Inputs(module, sizes_built_with(cls, built_with, self._names))
        passed = {name: value for name, value in served.arguments.items() if name in inputs.parameters}
        arguments = _with_own_bounds(passed, first_arguments(inputs))
        target = Target(expression, module, mode)
        if self._runner.call(target, inputs, arguments).error is not None:
            return None
        return Guess(self._with_loss(target, inputs, arguments), tried_with=self._tried_with, as_for=served.qualname)


def _with_own_bounds(passed: Arguments, own: Arguments) -> Arguments:
    """The class's own arguments, with those that are passed in their place.

    Integers stay below the bounds of both: with fake tensors no index is too large, in the user's run it is.
    """
    bounds = {path: tensor.high for path, tensor in tensors(own) if tensor.is_integer}
    arguments = {**own, **passed}
    for path, tensor in tensors(passed):
        if tensor.is_integer and path in bounds:
            arguments = with_tensor(arguments, path, replace(tensor, high=min(tensor.high, bounds[path])))
    return arguments


def _calls(expression: str) -> Iterator[ast.Call]:
    """The call of the module and that of its class in `Net(8).eval()(x)`, in this order."""
    try:
        node: ast.expr = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        return
    while isinstance(node, ast.Call):
        is_method = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
        if not is_method:
            yield node
        node = node.func.value if isinstance(node.func, ast.Attribute) and is_method else node.func


def _by_name(call: ast.Call, names: list[str]) -> Arguments:
    """The arguments of a call whose values are known, by the names of the parameters."""
    given = {**dict(zip(names, call.args)), **{each.arg: each.value for each in call.keywords if each.arg}}
    values = ((name, value_of(node)) for name, node in given.items() if not isinstance(node, ast.Starred))
    return {name: value for name, value in values if value is not None}
