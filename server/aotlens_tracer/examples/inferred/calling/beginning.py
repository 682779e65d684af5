"""The beginning of a search for a call: the sizes that the module was built with, and the likeliest arguments."""

from __future__ import annotations

import ast
import contextlib
from dataclasses import replace

from ..building import configurations
from ..building.parameters import parameters_of
from ..namespace import Names
from ..values import Arguments, tensors, with_tensor
from .inputs import Inputs
from .model_sizes import BuiltWith


def first_arguments(inputs: Inputs, dtype: str | None = None) -> Arguments:
    """The likeliest arguments. With `dtype`, tensors that would be float32 have that one."""
    arguments: Arguments = {name: inputs.candidates(name)[0] for name in inputs.first()}
    for path, tensor in tensors(arguments):
        if dtype is not None and tensor.dtype == "float32":
            arguments = with_tensor(arguments, path, replace(tensor, dtype=dtype))
    return arguments


def sizes_built_with(cls: type, arguments: Arguments, names: Names) -> BuiltWith:
    """The integers that a constructor was given: its own and those of a configuration, including defaults."""
    defaults = {name: parameter.default for name, parameter in parameters_of(cls).items()}
    found = {name: default for name, default in defaults.items() if type(default) is int}
    lists = {name: tuple(default) for name, default in defaults.items() if _holds_integers(default)}
    for name, value in arguments.items():
        if value.expression.isdigit():
            found[name] = int(value.expression)
        elif value.expression.startswith(("(", "[")):
            with contextlib.suppress(ValueError):
                given = ast.literal_eval(value.expression)
                lists |= {name: tuple(given)} if _holds_integers(given) else {}
        elif configurations.is_configuration_name(name):
            with contextlib.suppress(Exception):
                parts = vars(eval(value.expression, dict(names.values)))
                found = {key: part for key, part in parts.items() if type(part) is int} | found
    return BuiltWith(found, lists)


def _holds_integers(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) > 1 and all(type(item) is int for item in value)
