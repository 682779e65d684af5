"""A tensor subclass that torch cannot take apart, in words."""

from __future__ import annotations

from collections.abc import Callable

from aotlens_tracer.wire.subclass_faults import BrokenProtocol, Fault

from .exceptions import raised


def broken_protocol(broken: BrokenProtocol) -> str:
    """Return what is wrong with the class, and which tensor is one of it."""
    of = f" (the class of `{broken.label}`)" if broken.label else ""
    return f"{fault_in_words(broken)}{of}"


def fault_in_words(broken: BrokenProtocol) -> str:
    """Return what is wrong with the class."""
    return _FAULTS[broken.fault](broken)


def _method(broken: BrokenProtocol) -> str:
    return f"`{broken.type}.{broken.method}`"


def _a(noun: str | None) -> str:
    if noun == "NoneType":
        return "None"
    return f"an {noun}" if noun and noun[0] in "aeiouAEIOU" else f"a {noun}"


def _raises(broken: BrokenProtocol) -> str:
    return f"{_method(broken)} raises {raised(broken.error)}" if broken.error else f"{_method(broken)} raises an error"


def _no_tensor(broken: BrokenProtocol) -> str:
    if broken.found == "NoneType":
        return f"{_method(broken)} lists `{broken.name}`, which is None: list it only if it is a tensor"
    return f"{_method(broken)} lists `{broken.name}`, which is {_a(broken.found)}, no tensor: return it in the context"


def _tensor_in_context(broken: BrokenProtocol) -> str:
    name = f" `{broken.name}`" if broken.name else ""
    return (
        f"{_method(broken)} has the tensor{name} in its context, where torch compares it and takes it as a constant: "
        "keep it in an attribute, and list that"
    )


def _context_lost(broken: BrokenProtocol) -> str:
    name = f" `{broken.name}`" if broken.name else " the context"
    return (
        f"{_method(broken)} loses{name}: it was given {broken.expected}, and the object it returns has {broken.found}"
    )


def _takes(broken: BrokenProtocol) -> str:
    if broken.name is not None:
        return (
            f"{_method(broken)} begins with `{broken.name}`, but torch calls it on the class: make it a staticmethod, "
            "or a classmethod whose first parameter is the class"
        )
    return (
        f"{_method(broken)} takes {broken.found} arguments, torch passes 4 (inner, context, outer_size, outer_stride)"
    )


def _no_wrapper(broken: BrokenProtocol) -> str:
    return (
        f"`{broken.type}` makes its objects of another tensor: torch takes apart only those that "
        "`torch.Tensor._make_wrapper_subclass` makes"
    )


_FAULTS: dict[Fault, Callable[[BrokenProtocol], str]] = {
    "no-method": lambda broken: f"`{broken.type}` does not define `{broken.method}`, so torch cannot take it apart",
    "raises": _raises,
    "no-pair": lambda broken: (
        f"{_method(broken)} returns {_a(broken.found)}, not a pair: the names of the attributes that are tensors, and "
        "a context"
    ),
    "no-name": lambda broken: f"{_method(broken)} lists {_a(broken.found)}, not the name of an attribute",
    "no-attribute": lambda broken: f"{_method(broken)} names `{broken.name}`, which the object does not have",
    "no-tensor": _no_tensor,
    "tensor-in-context": _tensor_in_context,
    "context-changes": lambda broken: (
        f"{_method(broken)} returns another context each time: torch compares it with `==` before it runs a compiled "
        "graph again, which then always fails"
    ),
    "context-lost": _context_lost,
    "takes": _takes,
    "returns": lambda broken: f"{_method(broken)} returns {_a(broken.found)}, not {_a(broken.type)}",
    "other-shape": lambda broken: (
        f"{_method(broken)} returns an object of shape {broken.found}, where its outer_size is {broken.expected}"
    ),
    "no-wrapper": _no_wrapper,
    "dispatch": lambda broken: f"{_method(broken)} returns {broken.found} for {broken.name}, in eager too",
}
