"""Tensor subclasses that torch cannot take apart: each step of the flatten protocol is made, and its result checked.

torch takes a subclass apart with `names, context = t.__tensor_flatten__()`, and puts it together again with
`type(t).__tensor_unflatten__(inner, context, outer_size, outer_stride)` (torch/utils/_python_dispatch.py,
`transform_subclass`). In eager nothing calls these methods.
"""

from __future__ import annotations

import contextlib
import inspect
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch

from ..failures import is_library, problem_of, text_of
from ..graph.flatten_protocol import named_context, place_of_class, place_of_method
from ..torch_private import (
    dispatches_itself,
    faked,
    has_result,
    is_of_torch,
    is_opaque,
    is_traceable_wrapper_subclass,
    noting_dispatch,
    pytree,
)
from ..wire.places import Span
from ..wire.problems import Raised
from ..wire.subclass_faults import BrokenProtocol, Fault

_FLATTEN, _UNFLATTEN = "__tensor_flatten__", "__tensor_unflatten__"
_PASSED = 4
"""The values that torch passes to `__tensor_unflatten__`."""
_SET_BY_TORCH = "requires_grad"
"""A name in a context whose value torch sets itself."""
_OF_ANOTHER = "the raw Tensor object is already associated to a python object"
"""A part of torch's message about a subclass that is made of another tensor."""
_BOOLEANS = ("True", "False")
"""The texts of values that may be the same without that name."""


def broken_protocol(tensor: Any, label: str | None) -> BrokenProtocol | None:
    """Return the first fault of a tensor's class, or of the class of a piece of it; None if there is none.

    The methods of the user's class run. `label` is the user's name for the tensor.
    """
    return next(_faults(tensor, label), None) if dispatches_itself(tensor) else None


@contextlib.contextmanager
def noting_broken_dispatch(tensors: Iterable[Any], found: list[BrokenProtocol]) -> Iterator[None]:
    """Note the operators for which `__torch_dispatch__` of the classes of tensors returns nothing."""
    kinds = {type(tensor) for tensor in tensors if dispatches_itself(tensor) and not is_of_torch(type(tensor))}
    places = {kind: place_of_method(kind, "__torch_dispatch__") for kind in kinds}

    def note(kind: type, operator: Any, result: Any) -> None:
        if result is NotImplemented or (result is None and has_result(operator)):
            fault = BrokenProtocol(kind.__name__, "dispatch", "__torch_dispatch__", None, places[kind])
            found.append(replace(fault, name=str(operator), found=str(result)))

    with noting_dispatch(kinds, note):
        yield


def _faults(tensor: Any, label: str | None) -> Iterator[BrokenProtocol]:
    kind: type = type(tensor)
    if is_of_torch(kind):
        if is_traceable_wrapper_subclass(tensor):
            pieces = [(name, getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0]]
            for name, value in pieces:
                yield from _faults_of_piece(value, name, label)
        return

    def fault(which: Fault, method: str, **facts: Any) -> BrokenProtocol:
        place = place_of_method(kind, method)
        if place is None or is_library(place.path):  # a method that the class inherits from one of torch's
            place = place_of_class(kind)
        if "error" in facts:
            place = _raised_in(facts["error"]) or place
            problem = problem_of(facts["error"])
            facts["error"] = problem if isinstance(problem, Raised) else Raised(type(facts["error"]).__name__, "")
        return BrokenProtocol(kind.__name__, which, method, label, place, **facts)

    for method in (_FLATTEN, _UNFLATTEN):
        if not callable(getattr(kind, method, None)):
            yield fault("no-method", method)
            return
    try:
        flattened, again = tensor.__tensor_flatten__(), tensor.__tensor_flatten__()
    except Exception as error:
        yield fault("raises", _FLATTEN, error=error)
        return
    if not isinstance(flattened, (tuple, list)) or len(flattened) != 2:
        yield fault("no-pair", _FLATTEN, found=_described(flattened))
        return
    names, context = flattened
    if isinstance(names, str):  # the list of names alone
        yield fault("no-pair", _FLATTEN, found=f"{type(flattened).__name__} of names")
        return
    inner = {}
    for name in names:
        if not isinstance(name, str):
            yield fault("no-name", _FLATTEN, found="tensor" if isinstance(name, torch.Tensor) else type(name).__name__)
            return
        try:
            value = getattr(tensor, name)
        except AttributeError:
            yield fault("no-attribute", _FLATTEN, name=name)
            return
        if not isinstance(value, torch.Tensor) and not is_opaque(value):
            yield fault("no-tensor", _FLATTEN, name=name, found=type(value).__name__)
            return
        yield from _faults_of_piece(value, name, label)
        inner[name] = value
    held = _tensor_in(context)
    if held is not None:
        yield fault("tensor-in-context", _FLATTEN, name=held)
        return
    if not _equal(context, again[1]):
        yield fault("context-changes", _FLATTEN)
        return
    yield from _faults_of_unflatten(tensor, inner, context, fault)


def _faults_of_piece(value: Any, name: str, label: str | None) -> Iterator[BrokenProtocol]:
    if dispatches_itself(value):
        yield from _faults(value, f"{label}.{name}" if label is not None else None)


def _faults_of_unflatten(tensor: Any, inner: dict[str, Any], context: Any, fault: Any) -> Iterator[BrokenProtocol]:
    kind = type(tensor)
    yield from _faults_of_signature(kind, fault)
    size, stride = tensor.size(), tensor.stride()
    try:
        with torch.no_grad():
            made = kind.__tensor_unflatten__(inner, context, size, stride)
    except Exception as error:
        yield fault("raises", _UNFLATTEN, error=error)
        return
    yield from _faults_with_fake_pieces(kind, inner, context, (size, stride), fault)
    if not isinstance(made, kind):
        yield fault("returns", _UNFLATTEN, found=_described(made))
        return
    if made.size() != size:
        yield fault("other-shape", _UNFLATTEN, found=str(tuple(made.size())), expected=str(tuple(size)))
        return
    try:
        lost = made.__tensor_flatten__()[1]
    except Exception as error:
        yield fault("raises", _FLATTEN, error=error)
        return
    after = dict(named_context(kind, lost))
    for name, text in named_context(kind, context):
        is_of_torch = name == _SET_BY_TORCH or (name.isdecimal() and text in _BOOLEANS)
        if not is_of_torch and after.get(name) != text:
            yield fault("context-lost", _UNFLATTEN, name=name, found=after.get(name), expected=text)


def _faults_with_fake_pieces(
    kind: type, inner: dict[str, Any], context: Any, outer: tuple[Any, Any], fault: Any
) -> Iterator[BrokenProtocol]:
    """Yield the fault that shows with fake pieces only, which torch passes while it traces."""
    fakes = faked(inner)
    if fakes is None:
        return
    mode, pieces = fakes
    try:
        with torch.no_grad(), mode:
            kind.__tensor_unflatten__(pieces, context, *outer)  # type: ignore[attr-defined]  # a user's class
    except Exception as error:
        if _OF_ANOTHER in text_of(error):
            yield fault("no-wrapper", "__new__")
        else:
            yield fault("raises", _UNFLATTEN, error=error)


def _faults_of_signature(kind: type, fault: Any) -> Iterator[BrokenProtocol]:
    """Yield the fault of a method that cannot be called on the class with the values that torch passes."""
    try:
        signature = inspect.signature(kind.__tensor_unflatten__)  # type: ignore[attr-defined]  # a user's class
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*(None,) * _PASSED)
    except TypeError:
        names = list(signature.parameters)
        is_static = isinstance(inspect.getattr_static(kind, _UNFLATTEN), (classmethod, staticmethod))
        is_bound = names[:1] in (["self"], ["cls"]) and not is_static
        yield fault("takes", _UNFLATTEN, name=names[0] if is_bound else None, found=str(len(names)))


def _described(value: Any) -> str:
    """Return the type of a value, with the number of items of a tuple or list."""
    name = type(value).__name__
    return f"{name} of {len(value)}" if isinstance(value, (tuple, list)) else name


def _tensor_in(context: Any) -> str | None:
    """Return the name of a tensor in a context, empty if the context is no dict; None if there is no tensor."""
    if isinstance(context, dict):
        found = (str(name) for name, value in context.items() if _tensor_in(value) is not None)
        return next(found, None)
    leaves = pytree.tree_leaves(context)
    return "" if any(isinstance(leaf, torch.Tensor) for leaf in leaves) else None


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one is other or one == other)
    except Exception:  # a user's __eq__
        return False


def _raised_in(error: BaseException) -> Span | None:
    """Return the innermost line outside torch and the standard library that an exception passed through; else None."""
    entries = traceback.extract_tb(error.__traceback__)
    inside = [entry for entry in entries if not entry.filename.startswith("<") and not is_library(entry.filename)]
    return Span(inside[-1].filename, inside[-1].lineno or 1) if inside else None
