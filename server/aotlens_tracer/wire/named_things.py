"""Things that findings and their reasons name: subjects, expressions, outputs, state. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field

from .places import Span


@dataclass(frozen=True)
class Subject:
    """A thing that a finding is about.

    `kind` is parameter, buffer, argument, output, base (a tensor that stands for several arguments), state (a tensor
    that the call keeps), value (one for which torch.compile compiles, such as `self.step`, or that DTensor
    redistributes), target (a traced class or function), package, name (written in the text, and unknown to the model),
    or code (of a finding). `name` is the user's own name for it; a tensor subclass is one subject, not several pieces.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class OutputName:
    """An output by the user's name for it.

    `index` is its index in `Graph.outputs`; two maps may have the same output under different indices, so it does not
    count in comparisons. With `is_new_value` the output is the new value of the input `label`. `source` computed it.
    """

    label: str
    is_new_value: bool = False
    source: Span | None = None
    index: int = field(default=-1, compare=False)


@dataclass(frozen=True)
class StateName:
    """A tensor that the call keeps, by the user's name for it, and the statement that keeps it, None if unknown."""

    text: str
    span: Span | None = None
