"""Storages that eager keeps alive as a whole: where they are allocated, and where views of them are taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aotlens_tracer.wire.descriptor_map import EagerMemory, Graph, HeldStorage, Span


def surplus(graph: Graph) -> EagerMemory | None:
    """Return the memory of eager if views keep more of it alive than backward needs, and that is worth a word."""
    memory = graph.eager_memory
    return memory if memory is not None and memory.partly and 100 * memory.held > 101 * memory.saved else None


def viewed_at(graphs: Sequence[Graph], path: str, lines: Collection[int]) -> Iterator[HeldStorage]:
    """Yield the storages of which a view is taken on one of the lines."""
    for storage in _partly(graphs):
        if any(_is_on(view.source, path, lines) for view in storage.views):
            yield storage


def allocated_at(graphs: Sequence[Graph], path: str, lines: Collection[int]) -> Iterator[HeldStorage]:
    """Yield the storages that are allocated on one of the lines, where no view of them is taken."""
    viewed = list(viewed_at(graphs, path, lines))
    for storage in _partly(graphs):
        if _is_on(storage.source, path, lines) and storage not in viewed:
            yield storage


def _partly(graphs: Sequence[Graph]) -> Iterator[HeldStorage]:
    for graph in graphs:
        if (memory := surplus(graph)) is not None:
            yield from memory.partly


def _is_on(span: Span | None, path: str, lines: Collection[int]) -> bool:
    return span is not None and span.path == path and span.line in lines
