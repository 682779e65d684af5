"""The memory that autograd keeps in eager: the saved values, and the storages that are alive because of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch

from ..eager.saved_tensors import Left, Made, SavedTensor, left_in_memory
from ..examples.evaluate import BuiltExample
from ..graph.shared_memory import owners
from ..graph.stack_traces import Sources, source_text
from ..graph.tensors import known_size, tensor_bytes, tensor_facts
from ..torch_private import storage_key
from ..wire.descriptor_map import EagerMemory, Graph, HeldStorage, Saved, SavedTotal, Span, TakenView


def saved_in_eager(example: BuiltExample, graph: Graph, sources: Sources) -> Graph:
    """Return the graph with each tensor that autograd saves in the call, in order, without those that share memory.

    Makes the call, which may change the example's tensors in place. Raises what it raises.
    """
    left = left_in_memory(example)
    owned = owners([item.tensor for item in left.saved])
    readers: dict[int, dict[str, None]] = {}
    for item, owner in zip(left.saved, owned):
        readers.setdefault(owner, {}).update(dict.fromkeys(item.kept_by))
    numbers: dict[int | None, int] = {}
    saved = []
    for index, item in enumerate(left.saved):
        if owned[index] != index:
            continue
        frame = sources.frame_of_stack(item.made.stack)
        text = _text(sources, frame)
        key = storage_key(item.tensor)
        saved.append(
            Saved(
                None,
                "SavedTensor",
                tensor_bytes(item.tensor),
                None,
                (text or next(iter(readers[index]), "")).removeprefix("self."),
                *tensor_facts(item.tensor),
                sources.source(frame),
                frame,
                tuple(readers[index]),
                item.made.module,
                numbers.setdefault(key, len(numbers)),
                _size(item.tensor),
            )
        )
    return replace(
        graph,
        saved=tuple(saved),
        frames=tuple(sources.frames),
        partitioner="eager",
        eager_on=_on(example),
        eager_memory=_memory(left, owned, sources, _on(example)),
    )


def memory_in_eager(example: BuiltExample, sources: Sources) -> EagerMemory:
    """Return what the call leaves in memory. Makes the call, like `saved_in_eager`, and raises what it raises."""
    left = left_in_memory(example)
    return _memory(left, owners([item.tensor for item in left.saved]), sources, _on(example))


def eager_total(graph: Graph) -> SavedTotal:
    """Return what autograd keeps, from a graph whose saved values are those of eager."""
    values = graph.saved or ()
    held = graph.eager_memory.held if graph.eager_memory is not None else None
    return SavedTotal("eager", None, sum(value.bytes or 0 for value in values), len(values), held=held)


def _memory(left: Left, owned: list[int], sources: Sources, on: str) -> EagerMemory:
    storages: dict[int | None, list[SavedTensor]] = {}
    for index, item in enumerate(left.saved):
        if owned[index] == index:
            storages.setdefault(storage_key(item.tensor), []).append(item)
    returned = {storage_key(tensor): _size(tensor) for tensor in left.returned}
    held = {key: _size(items[0].tensor) for key, items in storages.items()}
    needed = {key: sum(tensor_bytes(item.tensor) or 0 for item in items) for key, items in storages.items()}
    partly = [
        HeldStorage(
            *_label_and_source(sources, items[0].made),
            held[key],
            needed[key],
            tuple(dict.fromkeys(_views(sources, (item.taken for item in items)))),
            key in returned,
        )
        for key, items in storages.items()
        if needed[key] < held[key]
    ]
    partly.sort(key=lambda storage: storage.needed - storage.bytes)
    others = sum(size for key, size in returned.items() if key not in storages)
    return EagerMemory(on, sum(needed.values()), sum(held.values()), others, tuple(partly))


def _views(sources: Sources, calls: Iterable[Made | None]) -> Iterable[TakenView]:
    for made in calls:
        if made is not None:
            frame = sources.frame_of_stack(made.stack)
            is_inside = made.is_inside or (frame is not None and sources.frames[frame].package is not None)
            yield TakenView(*_label_and_source(sources, made), is_inside)


def _label_and_source(sources: Sources, made: Made) -> tuple[str, Span | None]:
    frame = sources.frame_of_stack(made.stack)
    return (_text(sources, frame) or "").removeprefix("self."), sources.source(frame)


def _text(sources: Sources, frame: int | None) -> str | None:
    return source_text(sources.frames[frame].span) if frame is not None else None


def _size(tensor: torch.Tensor) -> int:
    return known_size(tensor.untyped_storage().nbytes()) or 0


def _on(example: BuiltExample) -> str:
    return "real" if example.mode is None else "fake"
