"""A failure as far as it can be compared with another one: its place, its words, and the sizes that clash."""

from __future__ import annotations

import bisect
import dis
import functools
import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ....failures import EXAMPLE_FILE, Codebase, raised_by_a_statement, reads_data, text_of
from ..tables.errors import facts_of
from ..tables.facts import NeedsBfloat16, SizesDiffer, WrongRank, WrongSize, WrongView, says

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LIST = re.compile(r"#(?:(?:, |x)#)+,?")
_TYPE_ERROR = re.compile(
    r"required positional argument|required keyword-only argument|unexpected keyword argument|"
    r"positional arguments? but|multiple values for|unsupported operand|not subscriptable|not callable|not iterable|"
    r"cannot unpack|has no len|item assignment|must be \w+, not \w+|must be tuple of ints|invalid combination of"
)
_VALUE_ERROR = re.compile(r"values to unpack|must be divisible by")
_TORCH_ERROR = re.compile(
    r"dtype|scalar type|data type|should be the same|one_hot|same device|dimension|\bdims?\b|\b\d-?D\b|elements not"
)
_DTYPE = re.compile(r"type|one_hot")
_SHOWN_BY_EINOPS = re.compile(r"Input (?:tensor shape|is list).*?Additional info: \{.*?\}\.", re.DOTALL)
_NOT_OF_SIZES = (AttributeError, KeyError, NameError)
"""Errors that depend on no size: what they are about does not exist."""

Pair = tuple[int, int]

NONE = "NoneType"
"""The type of None, as messages name it."""


@dataclass(frozen=True)
class Failing:
    """A failure that can be compared.

    `site` are the instructions of the user's code that it went through, at least one, and the innermost module's FQN.
    `words` is its text without numbers, and `numbers` has these. `pairs` are sizes that should be equal.
    `is_of_sizes` says that it is about sizes or ranks.
    """

    site: tuple[object, ...]
    words: str
    numbers: tuple[float, ...]
    pairs: tuple[Pair, ...]
    is_of_sizes: bool

    @property
    def is_of_dtypes(self) -> bool:
        """Whether dtypes may decide about it."""
        return not self.is_of_sizes and _DTYPE.search(self.words) is not None


def failing(error: BaseException, module: nn.Module | None, codebase: Codebase) -> Failing | None:
    """Return what can be compared of a failure; None if its kind does not tell whose fault it is.

    A `raise` or `assert` in Python code checks a condition of which nothing is known, apart from those of einops.
    """
    text = text_of(error)
    if getattr(error, "problem", None) is not None or reads_data(error):
        return None
    if raised_by_a_statement(error) and type(error).__name__ != "EinopsError":
        return None
    text = _SHOWN_BY_EINOPS.sub("", text)
    facts = tuple(facts_of(error, text))
    if says(facts, NeedsBfloat16) or ("complex" in text and "floating" not in text):
        return None
    pairs = tuple(_pairs(facts))
    if (not pairs and not _is_known(error, text)) or any(0 in pair for pair in pairs):  # a slice of a short input
        return None
    ranks = says(facts, WrongRank)
    is_rank = bool(ranks) and ranks[0].given is not None
    numbers = tuple(float(number) for number in _NUMBER.findall(text))
    words = f"{type(error).__name__}: {_LIST.sub('#', _NUMBER.sub('#', text))}"
    if is_rank:  # such messages may repeat the shape
        numbers = (*map(float, ranks[0].wanted), float(ranks[0].given or 0))
        words = words.partition("\n")[0]
    if NONE in words and module is not None and _has_optional_settings(type(module)):
        return None
    site = tuple(site_of(error, module, codebase))
    if isinstance(error, KeyError) and not _is_written(error, site):
        return None
    return Failing(site, words, numbers, pairs, bool(pairs or ranks)) if len(site) > 1 else None


def _has_optional_settings(kind: type[nn.Module]) -> bool:
    """Whether an argument of the constructor may be None: `forward` may need one that a guess left out."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(parameter.default is None for parameter in parameters)


def _is_written(error: KeyError, site: tuple[Any, ...]) -> bool:
    """Whether a missing key is a string in the user's code: any other one may come from a configuration."""
    return len(site) > 1 and any(type(each) is str and each in error.args for each in site[-2][0].co_consts)


def is_never_equal(one: Pair, other: Pair) -> bool:
    """Whether two sizes that clash also clash in the same way after a guess was changed: then it cannot mend them."""
    (a, b), (c, d) = one, other
    return is_equally_far(one, other) or a * d == b * c


def is_equally_far(one: Pair, other: Pair) -> bool:
    """Whether two sizes that clash keep their difference after a guess was changed."""
    return one[0] - one[1] == other[0] - other[1]


def is_before(site: tuple[Any, ...], base: tuple[Any, ...]) -> bool | None:
    """Whether a failure is at an earlier instruction than another one; False if it is at a later one.

    None if that is not known: they part in different functions, or a loop may come back to the earlier instruction.
    """
    has_loop = False
    for one, other in zip(site[:-1], base[:-1]):
        if one[0] is not other[0]:
            return None
        has_loop = has_loop or _has_loop(one[0])
        if one[1] != other[1]:
            return (None if has_loop else True) if one[1] < other[1] else False
    return None


@functools.lru_cache(maxsize=512)
def _has_loop(code: types.CodeType) -> bool:
    return any(
        each.opname.startswith(("JUMP_BACKWARD", "JUMP_ABSOLUTE", "FOR_ITER")) for each in dis.get_instructions(code)
    )


@functools.lru_cache(maxsize=512)
def _offsets(code: types.CodeType) -> list[int]:
    """The offsets of the instructions. Once a call is inlined, an offset within its caches is that of the frame."""
    return [each.offset for each in dis.get_instructions(code)]


def _pairs(facts: tuple[Any, ...]) -> Iterator[Pair]:
    for fact in facts:
        if isinstance(fact, SizesDiffer):
            yield fact.one, fact.other
        elif isinstance(fact, WrongSize):
            yield fact.got, fact.want
        elif isinstance(fact, WrongView) and -1 not in fact.shape:
            yield torch.Size(fact.shape).numel(), fact.count


def _is_known(error: BaseException, text: str) -> bool:
    if isinstance(error, _NOT_OF_SIZES):
        return True
    if isinstance(error, TypeError):
        return _TYPE_ERROR.search(text) is not None
    if isinstance(error, ValueError):
        return _VALUE_ERROR.search(text) is not None
    if type(error).__name__ == "EinopsError":
        return True
    return isinstance(error, (RuntimeError, IndexError)) and _TORCH_ERROR.search(text) is not None


def site_of(error: BaseException, module: nn.Module | None, codebase: Codebase) -> Iterator[object]:
    """Yield the instructions of the user's code that an error came through, then the FQN of the innermost module."""
    names = {id(child): name for name, child in module.named_modules()} if module is not None else {}
    innermost = ""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if codebase.owns(frame.f_code.co_filename) and frame.f_code.co_filename != EXAMPLE_FILE:
            offsets = _offsets(frame.f_code)
            yield frame.f_code, offsets[bisect.bisect_right(offsets, traceback.tb_lasti) - 1]
        owner = frame.f_locals.get("self")
        innermost = names.get(id(owner), innermost)
        traceback = traceback.tb_next
    yield innermost
