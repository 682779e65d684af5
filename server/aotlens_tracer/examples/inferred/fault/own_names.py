"""Failures that need no experiment: names that do not exist, and methods that are left to subclasses."""

from __future__ import annotations

from torch import nn

from ..reading.conditional_attributes import (
    conditions_of,
    is_set_by_a_subclass,
    is_set_by_another_method,
    sets_computed_names,
)
from ..reading.written_keys import is_no_written_key
from ..repairs.failed_attempt import FailedAttempt


def fails_for_all_arguments(failed: FailedAttempt) -> bool:
    """Whether a module fails like this for all arguments: a name does not exist, or a method is left to subclasses."""
    error = failed.error
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return True
    if isinstance(error, NotImplementedError):
        return "Module [" in failed.message or not failed.message
    if not isinstance(error, AttributeError) or not isinstance(getattr(error, "obj", None), nn.Module):
        return False
    if depends_on_constructor(failed):
        return False
    place = failed.innermost()
    return place is not None and place.variables.get("self") is error.obj


def depends_on_constructor(failed: FailedAttempt) -> bool:
    """Whether an attribute is missing that is set elsewhere.

    In a constructor under a condition, by a computed name or in a subclass, or in a method that has to be called first.
    """
    error = failed.error
    obj = error.obj if isinstance(error, AttributeError) else None
    if not isinstance(error, AttributeError) or not isinstance(obj, nn.Module) or not error.name:
        return False
    cls: type = type(obj)
    if isinstance(obj, nn.ModuleDict) and cls is nn.ModuleDict:
        place = failed.innermost()
        owner = place.variables.get("self") if place is not None else None
        return not isinstance(owner, nn.Module) or not is_no_written_key(owner, obj, error.name)
    is_conditional = conditions_of(cls, error.name) is not None
    is_set_elsewhere = is_set_by_a_subclass(cls, error.name) or is_set_by_another_method(cls, error.name)
    return is_conditional or sets_computed_names(cls) or is_set_elsewhere
