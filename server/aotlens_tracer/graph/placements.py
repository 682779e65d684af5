"""The mesh and the placements of a DTensor as data, and the price of other placements."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from ..torch_private import placed, redistributed, unwrapped_opaque
from ..wire.subclasses import Mesh, Placement, Sharding, Transfer
from .tensors import tensor_bytes


def sharding_of(value: Any) -> Sharding | None:
    """Return how a DTensor lies on its mesh; None for any other value."""
    found = placed(value)
    if found is None:
        return None
    return sharding_on(found.mesh, found.placements)


def sharding_on(mesh: Any, placements: Iterable[Any]) -> Sharding:
    """Return placements on a `DeviceMesh` as data."""
    return Sharding(mesh_of(mesh), tuple(map(placement_of, placements)))


def mesh_in(value: Any) -> Mesh | None:
    """Return a mesh of devices that is a value of a graph; None for any other value."""
    unwrapped = unwrapped_opaque(value)
    return mesh_of(unwrapped) if type(unwrapped).__name__ == "DeviceMesh" else None


def mesh_of(mesh: Any) -> Mesh:
    """Return a `DeviceMesh` as data."""
    names = mesh.mesh_dim_names
    coordinate = None
    with contextlib.suppress(Exception):  # a mesh of another process group may not know its ranks
        coordinate = mesh.get_coordinate()
    return Mesh(
        tuple(map(int, mesh.shape)),
        tuple(names) if names is not None else None,
        tuple(map(int, coordinate)) if coordinate is not None else None,
        str(mesh.device_type),
    )


def placement_of(placement: Any) -> Placement:
    """Return one placement of a DTensor as data. The text is that of torch."""
    dimension = getattr(placement, "dim", None)
    reduction = getattr(placement, "reduce_op", None)
    return Placement(
        type(placement).__name__,
        repr(placement),
        dimension if isinstance(dimension, int) else None,
        str(reduction) if reduction is not None else None,
    )


def transfers(value: Any, to: Any) -> tuple[Transfer, ...] | None:
    """Return the collective operations that give a DTensor the placements of another one on the same mesh.

    Empty if none is needed; None if that is not known, or one of both is no DTensor.
    """
    now, then = placed(value), placed(to)
    if now is None or then is None or now.mesh != then.mesh:
        return None
    if now.placements == then.placements:
        return ()
    moved = redistributed(value, then.placements)
    if moved is None:
        return None
    return tuple(
        Transfer(each.kind, tensor_bytes(each.given), each.group.ranks, each.group.dimension) for each in moved
    )
