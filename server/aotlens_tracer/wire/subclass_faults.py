"""The vocabulary of tensor subclasses that torch cannot take apart. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged
from .places import Span
from .raised import Raised

Fault = Literal[
    "no-method",
    "raises",
    "no-pair",
    "no-name",
    "no-attribute",
    "no-tensor",
    "tensor-in-context",
    "context-changes",
    "context-lost",
    "takes",
    "returns",
    "other-shape",
    "no-wrapper",
    "dispatch",
]


@dataclass(frozen=True)
class BrokenProtocol(Tagged):
    """A tensor subclass breaks the protocol by which torch takes it apart and puts it together again.

    `type` is the name of the class and `label` the user's name for a tensor of it, None if the call itself makes it.
    `method` is the method to blame, and `span` the place to mend: that method, or the class if it lacks one. `fault` is

    * no-method: the class does not define the method;
    * raises: the method raises `error`;
    * no-pair: `__tensor_flatten__` returns a `found`, not a pair of names and context;
    * no-name: it lists a `found`, not names of attributes;
    * no-attribute: it lists `name`, which the object does not have;
    * no-tensor: it lists `name`, which is a `found`;
    * tensor-in-context: its context holds a tensor, under `name` if the context is a dict;
    * context-changes: its context is not equal to that of the same object a moment later;
    * context-lost: the object that `__tensor_unflatten__` returns has another context: for `name`, if that is a dict,
      `found` where `expected` was given;
    * takes: `__tensor_unflatten__` cannot be called with the four values that torch passes; it takes `found` (a
      number), or its first parameter is `self`, as `name` says;
    * returns: it returns a `found`, not the class;
    * other-shape: it returns an object of shape `found`, where `expected` was given;
    * no-wrapper: the class makes its objects of another tensor, and not with `_make_wrapper_subclass`;
    * dispatch: `__torch_dispatch__` returns `found`, which is None or NotImplemented, for the operator `name`, in
      eager too.
    """

    type: str
    fault: Fault
    method: str
    label: str | None = None
    span: Span | None = None
    name: str | None = None
    found: str | None = None
    expected: str | None = None
    error: Raised | None = None
