"""The changes to a call's arguments that several rules propose: other sizes, ranks and dtypes, one more argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from ..calling.inputs import Inputs
from ..reading.demand import Demand
from ..values import Arguments, Path, Tensor, tensors, with_tensor
from .failed_attempt import FailedAttempt
from .rule import Proposals

_MAP = 4
"""The least rank of a map: batch, channels, height, width."""
_CHANNELS = (3, 1)
"""The usual numbers of channels of an image."""
_CLOSE = 8
"""Sizes that differ by less may differ by a token that is added."""


def resized(failed: FailedAttempt, got: int, want: int, tensor: object = None, axis: int | None = None) -> Proposals:
    """Make `want` of the size `got`: in the argument that `tensor` is, then in the others.

    If `tensor` comes from some of the arguments, only these. Axes with this size come first, beginning with the index
    `axis`; then axes from which the size may be computed.
    """
    if got == want or want <= 0 or got <= 0:
        return
    near = failed.paths_of(tensor) if tensor is not None else []
    sources = failed.sources_of(tensor)
    paths = sources or near + [path for path, _ in tensors(failed.arguments) if path not in near]
    for path in paths:
        yield from _with_axes_resized(failed, path, got, want, axis)
    is_computed = all(got not in failed.tensor(path).shape for path in paths)
    rank = getattr(tensor, "ndim", 0)
    for path in paths:
        # The channels of a map are computed from no other axis of it.
        only = axis if rank >= _MAP and len(failed.tensor(path).shape) == rank else None
        yield from _with_computed_size(failed, path, got, want, is_computed, only)


def _with_axes_resized(failed: FailedAttempt, path: Path, got: int, want: int, axis: int | None) -> Proposals:
    """Other sizes for the axes that have the size `got`: one at a time, then all of them."""
    shape = failed.tensor(path).shape
    rank = len(shape)
    places = [place for place, size in enumerate(shape) if size == got]
    places.sort(key=lambda place: (axis is None or place != axis % rank if rank else 0, -place))
    for place in places:
        yield with_size(failed, path, place, want)
    if len(places) > 1:
        yield with_shape(failed, path, tuple(want if size == got else size for size in shape))


def _with_computed_size(
    failed: FailedAttempt, path: Path, got: int, want: int, is_computed: bool, only: int | None
) -> Proposals:
    """Other sizes for axes from which `got` may be computed. If `is_computed`, no argument has that size itself.

    With `only`, the axis with that index is the only one that it may be computed from.
    """
    shape = failed.tensor(path).shape
    places = [(place, size) for place, size in reversed(list(enumerate(shape))) if place]
    if only is not None:
        places = [(place, size) for place, size in places if place == only % len(shape)]
    difference = want - got
    for place, size in places:
        if abs(difference) < _CLOSE and size > 4 and size + difference > 0:  # a class token more or less
            yield with_size(failed, path, place, size + difference)
    for place, size in places if is_computed else ():  # it is there twice, beside something else
        if difference % 2 == 0 and size + difference // 2 > 0:
            yield with_size(failed, path, place, size + difference // 2)
    for place, size in places:
        if size > 1 and (size * want) % got == 0 and size != got:
            yield with_size(failed, path, place, size * want // got)
    for place, size in places if is_computed else ():  # it is concatenated with something else
        if size + difference >= 0:
            yield with_size(failed, path, place, size + difference)
    if len(shape) == _MAP and only is None and math.prod(shape[1:]) == got:  # channels and pixels are flattened
        for channels in dict.fromkeys((shape[1], *_CHANNELS)):
            side = math.isqrt(want // channels)
            if channels * side * side == want:
                yield with_shape(failed, path, (shape[0], channels, side, side))
    if len(shape) >= _MAP and only is None:  # it is the number of pixels or patches
        sides = [round(size * (want / got) ** 0.5) for size in shape[-2:]]
        if all(sides):
            yield with_shape(failed, path, (*shape[:-2], *sides))


def with_size(failed: FailedAttempt, path: Path, axis: int, size: int) -> Arguments:
    """The arguments with another size for one axis of the tensor at `path`."""
    shape = failed.tensor(path).shape
    return with_shape(failed, path, (*shape[:axis], size, *shape[axis + 1 :]))


def with_shape(failed: FailedAttempt, path: Path, shape: tuple[int, ...]) -> Arguments:
    """The arguments with another shape for the tensor at `path`."""
    return with_tensor(failed.arguments, path, replace(failed.tensor(path), shape=shape))


def reranked(failed: FailedAttempt, inputs: Inputs, tensor: object, rank: int, names: Iterable[str] = ()) -> Proposals:
    """Give another rank to the argument that `tensor` is; if it is none, to those with these names."""
    if not 0 < rank < 8:
        return
    paths = failed.paths_of(tensor) or [path for name in names for path in failed.paths_in(name)]
    if not paths:
        shape = tuple(getattr(tensor, "shape", ()))
        paths = [path for path, value in tensors(failed.arguments) if value.shape == shape]
    for path in paths:
        value = failed.tensor(path)
        had = len(value.shape)
        if had == rank:
            continue
        if len(path) > 1:
            yield _all_reranked(failed, inputs, path, rank)
        else:
            demand = inputs.demand(str(path[0]))
            usual = inputs.tensor(replace(demand, rank=rank, names=()))
            dtype = value.dtype if demand.dtype is None else usual.dtype
            yield with_tensor(failed.arguments, path, replace(usual, dtype=dtype, high=value.high))
        if had > rank:
            yield with_shape(failed, path, value.shape[:rank])
            yield with_shape(failed, path, value.shape[had - rank :])
        else:
            more = rank - had
            yield with_shape(failed, path, (*value.shape[:1], *(1,) * more, *value.shape[1:]))
            yield with_shape(failed, path, (*value.shape, *value.shape[-1:] * more))


def _all_reranked(failed: FailedAttempt, inputs: Inputs, path: Path, rank: int) -> Arguments:
    """Give all tensors of a list or a dictionary another rank."""
    changed = failed.arguments
    for other in failed.paths_in(str(path[0])):
        value = failed.tensor(other)
        demand = Demand(rank, {1: inputs.width} if rank == 4 else {})
        changed = with_tensor(changed, other, replace(inputs.tensor(demand), dtype=value.dtype, high=value.high))
    return changed


def retyped(
    failed: FailedAttempt, dtype: str, tensor: object = None, only: Callable[[Tensor], bool] | None = None
) -> Proposals:
    """Give another dtype to the argument that `tensor` is, then to each for which `only` holds, then to all of these.

    Those that the failing statements read come first.
    """
    paths = failed.paths_of(tensor) if tensor is not None else []
    rest = [path for path, value in tensors(failed.arguments) if path not in paths and (only is None or only(value))]
    near = [id(place.variables[name]) for place in failed.users() for name in place.names()]
    order = {identity: index for index, identity in reversed(list(enumerate(near)))}
    rest.sort(key=lambda path: order.get(id(failed.values.get(path)), len(near)))
    for path in paths + rest:
        value = failed.tensor(path)
        if value.dtype != dtype:
            yield with_tensor(failed.arguments, path, replace(value, dtype=dtype))
    if len(rest) > 1:
        changed = failed.arguments
        for path in rest:
            changed = with_tensor(changed, path, replace(failed.tensor(path), dtype=dtype))
        yield changed


def supplied(failed: FailedAttempt, inputs: Inputs, name: str) -> Proposals:
    """Pass an argument that was not passed, or was None."""
    current = failed.arguments.get(name)
    if name not in inputs.parameters or (current is not None and current.expression != "None"):
        return
    for value in inputs.candidates(name):
        if value.expression != "None":
            yield {**failed.arguments, name: value}
