"""Clusters in words."""

from __future__ import annotations

from aotlens_tracer.wire.example_options import World


def rank_in_words(world: World) -> str:
    """Return the traced rank with its cluster: `rank 3 of 8 (dp=2, tp=4)`."""
    mesh = ", ".join(f"{name}={size}" for name, size in world.mesh)
    return f"rank {world.rank} of {world.size}" + (f" ({mesh})" if mesh else "")
