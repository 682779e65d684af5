"""The options of an example besides its call: the cluster with the traced rank, and sizes that may change.

They follow the call, separated by semicolons: `Net(8)(torch.randn(6, 8)); x: dynamic(0); mesh(dp=2, tp=4, rank=3)`.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """A cluster of which the traced process is one rank. No other process runs: its process group is torch's `fake`.

    `size` is the number of ranks. `mesh` are the dimensions that the user names, each with its size; empty if there is
    only a number of ranks.
    """

    size: int
    rank: int = 0
    mesh: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class DynamicSize:
    """A dimension of an argument whose size may change.

    `argument` is the user's name of it, `x` or `batch["ids"]`. `name` is the user's name for the size, None if there is
    none; `minimum` and `maximum` bound it, None if there is no bound. With `is_strict`, torch raises an error if the
    code makes it a constant (`mark_dynamic`), and otherwise lets it (`maybe_mark_dynamic`, `Dim.AUTO`).
    """

    argument: str
    dimension: int
    name: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    is_strict: bool = True


@dataclass(frozen=True)
class ExampleOptions:
    """All options of one example."""

    world: World | None = None
    sizes: tuple[DynamicSize, ...] = ()
