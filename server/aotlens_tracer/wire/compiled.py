"""The vocabulary of a graph that torch.compile runs: where its inputs come from, and what it was compiled for.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .places import Span

SourceRole = Literal[
    "parameter", "buffer", "attribute", "argument", "local", "size", "number", "global", "closure", "other"
]
GuardedThing = Literal["tensor", "size", "number", "text", "container", "attribute", "object", "global", "environment"]


@dataclass(frozen=True)
class DynamoSource:
    """The place from which Dynamo takes an input of a graph (`torch/_dynamo/source.py`).

    `expression` is torch's own text for it, `L['self']._modules['up']._parameters['weight']`. `name` is the user's
    name: the FQN of a parameter or buffer, `batch['mask']` for an argument, `h` for a local of the code after a graph
    break, `x.size(0)` for a symbolic size.

    `role` is parameter, buffer, attribute (a tensor that a module or another object keeps as a plain attribute),
    argument (of the traced call), local (of the user's code, after a graph break), size (a symbolic size or stride),
    number (a symbolic int or float that is not a size), global, closure (a variable of an enclosing function), other.
    `made_at` is the expression before a graph break that computed a local; None if it is not known. `made_by` is the
    output of an earlier graph that it is, as the number of the graph in the map and the index of the output there; None
    if it is none.

    `piece` is `.a` for an input that is that piece of the tensor subclass `name`: code reads it as a tensor of its own.
    Then `needs_gradient` says that the subclass requires a gradient, which cannot come through the piece. For all other
    inputs it is empty and False.

    `others` are the user's names of what later runs of the same graph take there: with a graph break in each layer, the
    graph of `layers.1` runs for `layers.2` too, because torch guards on its type and not on the module itself.
    """

    expression: str
    role: SourceRole
    name: str
    made_at: Span | None = None
    others: tuple[str, ...] = ()
    made_by: tuple[int, int] | None = None
    piece: str = ""
    needs_gradient: bool = False


@dataclass(frozen=True)
class Guard:
    """A condition under which the compiled code is used again; if it fails, the code is compiled anew.

    `kind` is torch's name for it (`TENSOR_MATCH`, `EQUALS_MATCH`), `expression` torch's text for what it looks at, and
    `name` the user's name for that. `conditions` are torch's texts of what is compared. `thing` says what is guarded.
    `span` is the user's line that needs the guard; None if it belongs to no line. With `often`, it is one of those that
    may fail in ordinary use: the value of an int, float or text, the length or keys of a container, a symbolic size.
    `hint` is torch's own advice; None if it has none. With `by_library`, the line calls library code that needs it.
    """

    kind: str
    expression: str
    name: str
    conditions: tuple[str, ...]
    thing: GuardedThing
    span: Span | None = None
    often: bool = False
    hint: str | None = None
    by_library: bool = False


@dataclass(frozen=True)
class Compiled:
    """The code that torch.compile made one graph of, and under which conditions.

    `compile_id` is torch's, as in its logs: frame, and compilation of that frame (`0/0`; `1/0_1` after one restarted
    analysis). `function` is the qualified name of the user's function whose code it is, and `span` the place of its
    definition, None if it has none. `resumes_at` is the line after which the code goes on after a graph break; None for
    the beginning of a function. `runs` is the number of times that the call runs the graph: one that was compiled for
    `layers.1` may run for `layers.2` too.
    """

    compile_id: str
    function: str
    span: Span | None = None
    resumes_at: int | None = None
    guards: tuple[Guard, ...] = ()
    runs: int = 1
