"""The vocabulary of recorded values: what each expression of the user's code had in one call. Standard library only.

The example's call is made once in eager, before any capture, and recorded (`aotlens_tracer.values`). This needs a
fraction of the time of a capture, and has an answer also if the call fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Row, Tagged
from .places import Span
from .subclasses import Sharding

SizeRole = Literal["parameter", "buffer", "argument", "constructor", "constant"]
"""The origin of a size: the module's state, an argument of the call or of the constructor, a number in the code."""

ExpressionRole = Literal["expression", "target", "argument", "result"]
"""The thing that has a recorded value: an expression, the target of an assignment, an argument of a function that was
called, or the result of a `return`."""


@dataclass(frozen=True)
class SizeOrigin:
    """One origin of a size.

    `text` is how the code writes it (`self.up`, `x`, `64`), `span` its place (the birthplace of a parameter or buffer);
    None if it is not known. `axis` is the dimension of that parameter, buffer or argument; None for a number.
    """

    role: SizeRole
    text: str
    span: Span | None = None
    axis: int | None = None


@dataclass(frozen=True)
class Dimension:
    """A dimension that several recorded tensors share, because operations pass it on.

    `names` are those that the code gives it (`B`, `n_embd`, `2 * T`), the most fitting first. `origins` tell where its
    size comes from, the nearest first.
    """

    names: tuple[str, ...] = ()
    origins: tuple[SizeOrigin, ...] = ()


@dataclass(frozen=True)
class TensorValue(Tagged):
    """A tensor. A symbolic size is its expression; a size that depends on data is None.

    `dtype` is torch's name (`float32`) and `device` its text (`cpu`, `cuda:0`). `type` is the name of a subclass, None
    for a plain tensor. `dims` has the index of each dimension in `Values.dimensions`, None where no more than the size
    is known; it is empty before the dimensions are known. `sharding` is that of a DTensor, whose `shape` is that of the
    whole tensor on all ranks.
    """

    dtype: str
    shape: tuple[int | str | None, ...]
    device: str
    requires_grad: bool
    type: str | None = None
    dims: tuple[int | None, ...] = ()
    sharding: Sharding | None = None


@dataclass(frozen=True)
class Item(Row):
    """One item of a container: its key as the code would write it (`0`, `'loss'`, `.logits`), and its value's index."""

    key: str
    value: int


@dataclass(frozen=True)
class ContainerValue(Tagged):
    """A list, tuple, mapping, dataclass or the like that holds a tensor.

    `length` counts all items; `items` are the first of them.
    """

    type: str
    items: tuple[Item, ...]
    length: int


@dataclass(frozen=True)
class PlainValue(Tagged):
    """A value without tensors, such as a size: the name of its type, and its text."""

    type: str
    text: str


Value = TensorValue | ContainerValue | PlainValue


@dataclass(frozen=True)
class ModuleCall(Row):
    """One call of a module: its FQN, and which of its calls it is, from 0. The 256th stands for all that follow too.

    The FQN is empty for the root, None outside of all modules.
    """

    module: str | None
    number: int = 0


@dataclass(frozen=True)
class Seen(Row):
    """One value that an expression had: its index, the indices of the module calls, and how often in all of them."""

    value: int
    calls: tuple[int, ...]
    times: int = 1


@dataclass(frozen=True)
class Recorded(Row):
    """The first values of one expression of a function, in the order in which they were seen.

    It had as many other values as `more` says, which are left out.

    A module call in which the expression did not run is in `FunctionRun.calls`, and in none of `seen`.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    role: ExpressionRole
    seen: tuple[Seen, ...]
    more: int = 0


@dataclass(frozen=True)
class FunctionRun(Row):
    """A function that ran: its qualified name, its lines, and the indices of the module calls that it ran in."""

    qualname: str
    line: int
    end_line: int
    calls: tuple[int, ...]


@dataclass(frozen=True)
class Skipped(Row):
    """Lines of a function that ran, which ran in no call: an untaken branch, or what stands after an early return."""

    line: int
    end_line: int


@dataclass(frozen=True)
class FileValues:
    """The recorded expressions of one file, in the order of their places."""

    path: str
    recorded: tuple[Recorded, ...]
    functions: tuple[FunctionRun, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class FoldedLayers:
    """Equal layers of a container (its FQN) of which only the first ones were traced; the others are unfolded."""

    container: str
    traced: int
    total: int


@dataclass(frozen=True)
class Values:
    """The values of one call of the example, by file and expression.

    `failed` is the expression at which the call ended with an error; None if it came to its end. `weights` is `fake` or
    `real`, as in `Example`. `folded` is not empty if some layers were left out.
    """

    files: tuple[FileValues, ...]
    values: tuple[Value, ...]
    calls: tuple[ModuleCall, ...]
    dimensions: tuple[Dimension, ...] = ()
    failed: Span | None = None
    weights: str = "fake"
    folded: tuple[FoldedLayers, ...] = ()
    seconds: float = 0.0
