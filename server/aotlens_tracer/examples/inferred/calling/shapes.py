"""Tensors that meet a demand: axes that it leaves open get their usual sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..reading.demand import Demand
from ..tables.axis_names import AXES, CHANNELS, SEQUENCES, SPATIAL
from ..tables.graph_names import of_graph
from ..tables.sizes import BATCH, CLASSES, FINEST, FRAMES, GRID, HEADS, IMAGE, LENGTH, MAP, PATCH, VOLUME
from ..values import Items, Tensor, Value, with_sizes_replaced
from .model_sizes import ModelSizes

_IMAGES = ("image", "videos")


class Shapes:
    """Makes tensors for a module with these sizes."""

    def __init__(self, sizes: ModelSizes) -> None:
        self._sizes = sizes

    def tensor(self, demand: Demand, kind: str | None = None) -> Tensor:
        """A tensor that meets a demand, for an argument of that kind of input."""
        rank = demand.rank or max(_usual_rank(demand, kind), demand.lowest)
        names = demand.names if len(demand.names) == rank else (None,) * rank
        known = {axis % rank: size for axis, size in demand.axes.items() if -rank <= axis < rank}
        is_image = kind in _IMAGES or known.get(1) == 3 or known.get(rank - 1) == 3
        last_is_width = rank - 1 in known or not (rank >= 3 and 1 in known)
        open_axes = _OpenAxes(self._sizes, names, is_image, last_is_width, demand.dtype)
        shape = tuple(known[axis] if axis in known else open_axes.size(axis) for axis in range(rank))
        return Tensor(shape, demand.dtype or "float32", demand.high or CLASSES)

    def pyramid(self) -> Value | None:
        """The feature maps of an encoder, each half as large as the one before; None for a module that has no list."""
        channels = self._sizes.pyramid
        if channels is None:
            return None
        side = max(FINEST, 1 << (len(channels) - 1))
        maps = [Tensor((BATCH, size, side >> index, side >> index)) for index, size in enumerate(channels)]
        return Items(tuple(maps), is_list=True)

    def fitted(self, value: Value, demand: Demand) -> Value:
        """A usual shape, with the sizes and the dtype that are demanded."""
        if not isinstance(value, Tensor):
            return value
        rank = len(value.shape)
        shape = list(value.shape)
        for axis, size in demand.axes.items():
            if -rank <= axis < rank:
                shape[axis] = size
        return Tensor(tuple(shape), demand.dtype or value.dtype, demand.high or value.high)

    def of_image_size(self, value: Value) -> Value:
        """The value with images of the size that the model is made for, instead of the usual one."""
        (height, width), usual = self._sizes.image, IMAGE
        if isinstance(value, Tensor) and value.shape[-3:-2] == (3,):
            side = value.shape[-1]
            if side == value.shape[-2] and side % (IMAGE // PATCH) == 0 and height % (side * PATCH // IMAGE) == 0:
                usual = side
        changed = with_sizes_replaced(value, usual, height)
        if isinstance(changed, Tensor) and changed.shape[-2:] == (height, height):
            return replace(changed, shape=(*changed.shape[:-1], width))
        return changed

    def all_ranks(self, demand: Demand) -> list[Value]:
        """The shapes that tensors usually have, the likeliest first, when nothing else is known."""
        last = demand.axes.get(-1, self._sizes.width)
        channels = demand.axes.get(1, self._sizes.width)
        return [
            Tensor((BATCH, LENGTH, last)),
            Tensor((BATCH, channels, MAP, MAP)),
            Tensor((BATCH, last)),
            Tensor((BATCH, 3, IMAGE, IMAGE)),
            Tensor((BATCH, LENGTH), "int64", CLASSES),
            Tensor((BATCH, channels, LENGTH)),
            Tensor((BATCH, HEADS, LENGTH, self._sizes.head)),
            Tensor((BATCH, GRID, GRID, last)),
            Tensor((BATCH,), "int64", CLASSES),
            Tensor((LENGTH, last)),
            Tensor((BATCH, channels, VOLUME, VOLUME, VOLUME)),
            Tensor((LENGTH,)),
        ]

    def of_graph(self, name: str, demand: Demand) -> Tensor | None:
        """The argument of a graph whose edges are indices of nodes; None if it is of no known kind."""
        width = demand.axes.get(1, demand.axes.get(-1, self._sizes.width))
        found = of_graph(name, width)
        if found is None or demand.dtype is None or found.is_integer:
            return found
        is_of_indices = demand.dtype == "int64" and demand.rank is None
        shape = found.shape[:1] if is_of_indices else found.shape
        return Tensor(shape, demand.dtype, demand.high or CLASSES)


def _usual_rank(demand: Demand, kind: str | None) -> int:
    if demand.names:
        return len(demand.names)
    if kind == "image" or 1 in demand.axes:
        return 4
    return 2 if demand.dtype == "int64" else 3


class _OpenAxes:
    """The usual sizes of axes that nothing is demanded of. `names` are the names of all axes, None for one without."""

    def __init__(
        self,
        sizes: ModelSizes,
        names: Sequence[str | None],
        is_image: bool,
        last_is_width: bool,
        dtype: str | None,
    ) -> None:
        self._sizes = sizes
        self._names = names
        self._rank = len(names)
        self._is_image = is_image
        self._last_is_width = last_is_width
        self._dtype = dtype

    def size(self, axis: int) -> int:
        """The size of the axis with this index."""
        name = self._names[axis]
        named = self._by_name(axis, name) if name is not None else None
        return named if named is not None else self._by_place(axis)

    def _by_name(self, axis: int, name: str) -> int | None:
        size = self._sizes.called((name,)) if len(name) > 2 else None
        if size is not None and AXES.get(name) != BATCH:
            return size
        if name in SPATIAL and self._rank >= 4:
            if self._is_image:
                return IMAGE
            return MAP if not self._last_is_width or axis != self._rank - 1 else self._sizes.width
        if name in AXES:
            size = AXES[name]
            return size if size is not None else self._channels
        return LENGTH if name in SEQUENCES else None

    def _by_place(self, axis: int) -> int:
        if axis == 0:
            return BATCH
        if self._dtype in ("int64", "bool", "int32"):
            return LENGTH
        if self._rank == 3:
            return self._sizes.width if axis == (2 if self._last_is_width else 1) else LENGTH
        if self._rank == 4:
            channel = self._channel_axis()
            if axis == channel:
                return self._channels
            return IMAGE if self._is_image else MAP if channel == 1 else GRID
        if self._rank == 5:
            if axis == 1:
                return self._channels
            return FRAMES if axis == 2 else IMAGE if self._is_image else VOLUME
        return self._sizes.width if axis == self._rank - 1 else LENGTH

    def _channel_axis(self) -> int:
        """The axis of the channels among four axes: the one with their name, else the last or the second."""
        named = next((index for index, name in enumerate(self._names) if name in CHANNELS), None)
        if named is not None:
            return named
        is_unnamed = all(name is None for name in self._names)
        return 3 if self._last_is_width and self._names[1] is None and not is_unnamed else 1

    @property
    def _channels(self) -> int:
        return 3 if self._is_image else self._sizes.width
