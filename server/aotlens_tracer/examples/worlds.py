"""The cluster that an example runs in: the one that was chosen, else its own, else that of the settings."""

from __future__ import annotations

from ..wire.example_options import World
from ..wire.example_texts import MalformedExample, split
from ..wire.protocol import ExampleSource, TraceParams


def world_of(params: TraceParams, source: ExampleSource | None) -> World | None:
    """Return the cluster for an example of a request; None if it has none. Without a `source`, for no example."""
    own = said_world(source) if source is not None else None
    return params.world or own or params.default_world or params.project_world


def said_world(source: ExampleSource) -> World | None:
    """Return the cluster that the text of an example says; that of the root for one that is recorded in its call."""
    if source.root is not None:
        return next(filter(None, map(said_world, source.root.examples)), None)
    try:
        return split(source.expression).options.world
    except MalformedExample:  # the build of the example reports it
        return None
