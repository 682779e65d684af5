"""Whose fault it is that a class cannot be built: the same experiment, on its constructor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from torch import nn

from ....failures import Codebase
from ....torch_private import fake_mode
from ..attempts import Runner
from .experiment import SECONDS
from .failing import Failing, failing, is_before, is_never_equal, site_of
from .variations import ConstructorCall

_NONE = "NoneType"
"""A setting of a configuration that is None may be what the user of the class sets."""


def unbuildable(
    runner: Runner,
    codebase: Codebase,
    cls: type[nn.Module],
    failed: Sequence[tuple[str, Exception]],
    optional: Sequence[tuple[str, str]],
    is_configuration: Callable[[str], bool],
) -> str | None:
    """Return the first call of a constructor that fails as all others do, if the class is to blame; else None.

    `failed` are the calls that were tried, with their errors. `optional` are arguments that these leave out, by name
    and as code. `is_configuration` says whether a name in a call is a configuration that the class means.
    """
    reached = [(expression, error) for expression, error in failed if _reaches(error, cls)]
    base = failing(reached[0][1], None, codebase) if reached else None
    if (
        base is None
        or _NONE in base.words
        or not all(_stays(base, error, codebase) in (True, None) for _, error in reached)
    ):
        return None
    expression = reached[0][0]
    constructor = ConstructorCall(expression, is_configuration)
    if not constructor.is_known:
        return None
    proven: set[int] = set()
    until = time.process_time() + SECONDS
    for text, places in _others(constructor, optional):
        error = _error_of(runner, text)
        if error is None or time.process_time() > until:
            return None
        stays = _stays(base, error, codebase) if _reaches(error, cls) else None
        if stays is False:
            return None
        proven |= places if stays else frozenset()
    return expression if len(proven) == constructor.count else None


def _others(constructor: ConstructorCall, optional: Sequence[tuple[str, str]]) -> Iterator[tuple[str, frozenset[int]]]:
    for other in constructor.others():
        yield other.expression, other.places
    for name, value in optional:
        yield constructor.with_argument(name, value), frozenset()


def _error_of(runner: Runner, expression: str) -> Exception | None:
    try:
        runner.build(expression, fake_mode())
    except Exception as error:
        return error
    return None


def _stays(base: Failing, error: BaseException, codebase: Codebase) -> bool | None:
    """Whether another call fails in the same way; None if it fails before, so that nothing is known."""
    other = failing(error, None, codebase)
    if other is None or other.site != base.site:
        return None if is_before(tuple(site_of(error, None, codebase)), base.site) else False
    if (other.words, len(other.pairs)) != (base.words, len(base.pairs)):
        return False
    if base.pairs:
        return any(is_never_equal(*pair) for pair in zip(base.pairs, other.pairs))
    return other.numbers == base.numbers


def _reaches(error: BaseException, cls: type) -> bool:
    """Whether an error came out of the constructor of the class."""
    traceback = error.__traceback__
    while traceback is not None:
        if isinstance(traceback.tb_frame.f_locals.get("self"), cls):
            return True
        traceback = traceback.tb_next
    return False
