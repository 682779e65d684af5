"""The vocabulary of an operation that failed: the layer that it is part of, and its operands. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .misuses import Misuse
from .places import Expression, Span
from .values import SizeOrigin

OperandRole = Literal["parameter", "buffer", "attribute", "argument", "result", "constructor", "other"]
"""The origin of an operand: the module's state, an attribute of a module, an argument of the call, an expression of the
user's, an argument of a constructor that fails, or not known."""

ClashKind = Literal["size", "multiple", "elements", "rank", "index", "dtype", "device", "value"]
"""The thing in which operands do not fit together.

`size` is that of a dimension, which with `multiple` has to be a multiple of a number. `elements` is their number in
all, `rank` that of dimensions. `index` is an index outside of a dimension, or the number of a dimension that is not
there. `value` is that of an argument of a constructor.
"""


@dataclass(frozen=True)
class Operand:
    """One value that a failed operation was given: a tensor, or a container of tensors.

    `name` is how the failing line writes it (`x`, `self.fc2.weight`); else the origin, if that is known; empty for a
    value that passes between two layers of torch's, and for one of unknown origin. `value` is
    the value in brief (`f32[4, 10]`). `dtype`, `shape`, `device` and `requires_grad` are None unless it is a tensor.

    `origin` is the FQN of a parameter, buffer or attribute, the label of an argument, or the text of the expression
    that made a result; None if it is not known. `span` is its place: the birthplace of a parameter or buffer, the
    expression of a result, the value that an attribute is set to, the place that gives a value to an argument of a
    constructor. `made_by` is the text of a birthplace with the conversions after it (`.to(…)`), or of that value.
    `layer` is the FQN of the layer of torch's that made a result within that expression, None without one. `is_culprit`
    says that the error is about this operand. `sizes` has the nearest origin of each of its sizes, None where it is not
    known. `view_of` is the name of the tensor that it is a part or a view of: the origin is that tensor's.
    `converted_by` is the text of the call that gave a parameter or buffer its type or its device after it was made, and
    `converted_at` the place of that call; None if there was none.
    """

    name: str
    value: str
    dtype: str | None
    shape: tuple[int | str, ...] | None
    device: str | None
    requires_grad: bool | None
    role: OperandRole
    origin: str | None = None
    span: Span | None = None
    made_by: str | None = None
    layer: str | None = None
    is_culprit: bool = False
    sizes: tuple[SizeOrigin | None, ...] = ()
    view_of: str | None = None
    converted_by: str | None = None
    converted_at: Span | None = None


@dataclass(frozen=True)
class ClashingPart:
    """One side of a clash.

    `operand` is an index in `FailedOperation.operands`; None for numbers that are no tensor: `text` then has several of
    them, such as the shape that a `view` is given, and is None for one number. `axis` is the dimension, from 0, None
    for the operand as a whole. `size` is the number that clashes: a size, a number of elements or of dimensions, an
    index; None for types and devices.
    """

    operand: int | None
    axis: int | None = None
    size: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class Clash:
    """The parts of an operation that do not fit together; the first one comes first in the code."""

    kind: ClashKind
    parts: tuple[ClashingPart, ...]


@dataclass(frozen=True)
class FailedLayer:
    """The layer of torch's in which an operation fails: its FQN, its repr in one line, its birthplace.

    `made_by` is the text under the birthplace, None if that is not known.
    """

    name: str
    text: str
    span: Span | None = None
    made_by: str | None = None


@dataclass(frozen=True)
class FailedOperation:
    """The operation that raised the error that ended a trace.

    `name` is torch's name for the function (`torch.nn.functional.linear`), None if a check in Python raised the error.
    `span` is the user's expression that calls it, with its text as `code`; both None if no code of the user's calls it.
    `layer` is the layer of torch's in which it stands, None without one. `through` is the module that calls the
    operation for the user (`torch.distributions.categorical`), None if the user's code itself does. `definition` is the
    place of the `backward` that is wrong. With `in_backward`, it is the derivative of
    the operation that fails. `works_in_eager` says that only fake tensors raise the error: the operation was
    made on real tensors of the same sizes too. `clash` says what does not fit together; None if it is not known.
    `line_text` is the first line of the expression as it stands in the file. `inside` is the expression in the code of
    another package that calls the operation for the user, None if there is no such package. `misuse` says what Python
    itself refuses; then there may be no operation.
    """

    name: str | None
    operands: tuple[Operand, ...]
    code: str | None = None
    span: Span | None = None
    layer: FailedLayer | None = None
    through: str | None = None
    definition: Span | None = None
    in_backward: bool = False
    works_in_eager: bool = False
    clash: Clash | None = None
    line_text: str | None = None
    inside: Expression | None = None
    misuse: Misuse | None = None
