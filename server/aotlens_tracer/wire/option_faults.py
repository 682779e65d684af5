"""The vocabulary of options of an example: one that cannot be read, and a mark that fake tensors do not keep.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged

Fault = Literal[
    "unknown",
    "twice",
    "no-dimensions",
    "no-name",
    "no-size",
    "size",
    "rank",
    "other-size",
    "dimension",
    "no-sizes",
    "size-name",
    "bounds",
    "keyword",
    "no-argument",
    "no-tensor",
    "no-such-dimension",
    "size-outside",
]
"""Why an option cannot be read.

`unknown`: there is no such option. `twice`: the example has it already. `no-dimensions`: a mesh without a dimension.
`no-name`: a dimension of a mesh without a name. `no-size`: a world without its number of ranks. `size`: a size that is
no whole number above 0. `rank`: a rank that is none of the world's. `other-size`: the dimensions of a mesh do not make
up the number of ranks that was given too. `dimension`: a dimension of an argument that is no whole number. `no-sizes`:
an argument without a dimension that may change. `size-name`: a name of a size that is no string. `bounds`: a bound that
is no whole number, or a minimum above the maximum. `keyword`: an argument that the option does not take.
`no-argument`: the call has no tensor of this name. `no-tensor`: that argument is no tensor. `no-such-dimension`: it has
fewer dimensions. `size-outside`: its size in the example is not within the bounds.
"""


@dataclass(frozen=True)
class WrongOption(Tagged):
    """An option of an example, or of the command line, that cannot be read, or does not fit the call.

    `code` is its text. `names` are the tensors that the call has, for `no-argument`. `number` is the number of
    dimensions for `no-such-dimension`, and the size for `size-outside`; None for other faults.
    """

    code: str
    fault: Fault
    names: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class MarkedUnbacked(Tagged):
    """A size of an argument is marked by `mark_unbacked`, which torch loses on fake tensors (torch 2.13 to 2.15)."""
