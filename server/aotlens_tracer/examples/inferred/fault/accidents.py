"""Calls that run, or come further, by an accident of their sizes.

Nobody would call a class like this: token ids with as many sequences as tokens, an image of another size than the one
that the class is built for, one that is not square, a sequence of one token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from ....failures import Codebase
from ..attempts import Runner
from ..tables.input_names import input_kind
from ..tables.size_names import IMAGE_NAMES
from ..tables.sizes import LENGTH
from ..values import Arguments, Path, Tensor, tensors, with_tensor
from .experiment import Called
from .failing import failing
from .variations import of_other_kinds, resized

_OTHER_BATCHES = (3, 5, 7)


def is_usual(arguments: Arguments, first: Arguments) -> bool:
    """Whether no tensor is a sequence of one token or an image that is not square, where the first guess is not."""
    for path, tensor, before in _compared(arguments, first):
        if any(size == 1 and usual == LENGTH for size, usual in zip(tensor.shape, before.shape)):
            return False
        if _is_image(path, tensor) and _is_square(before) and not _is_square(tensor):
            return False
    return True


def has_usual_images(arguments: Arguments, first: Arguments) -> bool:
    """Whether all images have the size of the first guess."""
    return not any(_other_images(arguments, first))


def is_for_a_smaller_image(runner: Runner, found: Called, first: Arguments, sizes: Mapping[str, int]) -> bool:
    """Whether a class that is built for images of one size runs with smaller ones, of more than one size.

    `sizes` has the constructor's integers by name.
    """
    if not any(name in sizes for name in IMAGE_NAMES):
        return False
    images = list(_other_images(found.arguments, first))
    if not images or any(tensor.shape[-1] >= before.shape[-1] for _, tensor, before in images):
        return False
    paths = [path for path, _, _ in images]
    others = (_halved(found.arguments, paths), _halved({**found.arguments, **_usual(first, paths)}, paths))
    return any(runner.call(found.target, found.inputs, each).error is None for each in others)


def with_smaller_images(arguments: Arguments, first: Arguments) -> Arguments | None:
    """The arguments with images of half the size of the first guess; None if they have no such images."""
    images = [path for path, tensor, before in _compared(arguments, first) if _is_image(path, tensor)]
    if not images or not has_usual_images(arguments, first):
        return None
    return _halved(arguments, images)


def wants_as_many_sequences_as_tokens(
    runner: Runner, codebase: Codebase, found: Called, usual: Called, first: Arguments
) -> bool:
    """Whether a class runs only if the two axes of its token ids are equal: these are what clashes otherwise.

    `found` is the call that runs, `usual` the one that failed before.
    """
    ids = [
        path for path, tensor, before in _compared(found.arguments, first) if _is_square_of_ids(path, tensor, before)
    ]
    given = dict(tensors(usual.arguments))
    if not ids or ids[0] not in given or len(given[ids[0]].shape) != 2:
        return False
    batch, length = given[ids[0]].shape
    base = _pair(usual, codebase)
    if batch == length or base is None or base[1] != {batch, length}:
        return False
    for other in (batch for batch in _OTHER_BATCHES if batch != length):
        arguments = resized(usual.arguments, _replacing(batch, other))
        outcome = runner.call(usual.target, usual.inputs, arguments)
        if _pair(replace(usual, arguments=arguments, outcome=outcome), codebase) != (base[0], {other, length}):
            return False
    kinds = of_other_kinds(usual.inputs, usual.arguments, all_dtypes=False)
    return all(runner.call(usual.target, usual.inputs, each).error is not None for each in kinds)


def _pair(called: Called, codebase: Codebase) -> tuple[tuple[object, ...], set[int]] | None:
    """Return where a call failed and the two sizes that clash; None if that is not known."""
    error = called.outcome.error
    found = failing(error, called.target.module, codebase) if error is not None else None
    return (found.site, set(found.pairs[0])) if found is not None and len(found.pairs) == 1 else None


def _compared(arguments: Arguments, first: Arguments) -> Iterator[tuple[Path, Tensor, Tensor]]:
    """Yield tensors whose rank is that of the first guess, with this one."""
    usual = dict(tensors(first))
    for path, tensor in tensors(arguments):
        before = usual.get(path)
        if before is not None and len(before.shape) == len(tensor.shape):
            yield path, tensor, before


def _other_images(arguments: Arguments, first: Arguments) -> Iterator[tuple[Path, Tensor, Tensor]]:
    for path, tensor, before in _compared(arguments, first):
        if _is_image(path, tensor) and tensor.shape[-2:] != before.shape[-2:]:
            yield path, tensor, before


def _is_image(path: Path, tensor: Tensor) -> bool:
    return input_kind(str(path[0])) == "image" and len(tensor.shape) == 4


def _is_square(tensor: Tensor) -> bool:
    return tensor.shape[-1] == tensor.shape[-2]


def _is_square_of_ids(path: Path, tensor: Tensor, before: Tensor) -> bool:
    is_ids = input_kind(str(path[0])) == "tokens" and tensor.is_integer and len(tensor.shape) == 2
    return is_ids and _is_square(tensor) and not _is_square(before)


def _usual(first: Arguments, paths: Iterable[Path]) -> Arguments:
    """The arguments of the first guess in which these tensors are."""
    return {name: first[name] for name in {str(path[0]) for path in paths}}


def _halved(arguments: Arguments, images: Iterable[Path]) -> Arguments:
    for path in images:
        tensor = dict(tensors(arguments))[path]
        height, width = tensor.shape[-2:]
        shape = (*tensor.shape[:-2], max(height // 2, 1), max(width // 2, 1))
        arguments = with_tensor(arguments, path, replace(tensor, shape=shape))
    return arguments


def _replacing(size: int, other: int) -> Callable[[int], int]:
    return lambda one: other if one == size else one
