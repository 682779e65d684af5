"""The errors of DistributedDataParallel: which parameters they name, by number or by name.

The numbers are indices into `DescriptorMap.ddp_parameters`, if the target is the module that was given to DDP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aotlens_tracer.wire.descriptor_map import DdpParameter

Kind = Literal["no-gradient", "twice", "other-size", "all"]
EVERY = "all"
"""The text that asks for every parameter."""
_NUMBERS = r"((?:\d+(?![\w:.-])[\s,]*)+)"
# The messages are in torch/csrc/distributed/c10d/reducer.cpp and torch/csrc/distributed/c10d/Utils.cpp.
_INDICES = re.compile(rf"indices which did not receive grad for rank \d+:\s*{_NUMBERS}")
_NAMES = re.compile(r"Parameters which did not receive grad for rank \d+:\s*([\w.]+(?:,\s*[\w.]+)*)")
_LOGGED = re.compile(r"(?<![\w.])([\w.]+) did not get gradient in backwards pass")
_TWICE = re.compile(r"Parameter at index (\d+)(?: with name ([\w.]+))? has been marked as ready twice")
_OTHER_SIZE = re.compile(r"params\[(\d+)\] in this process")
_ONLY_NUMBERS = re.compile(r"[\[(]?[\d\s,]+[\])]?")
_ONLY_NAMES = re.compile(r"[A-Za-z_.][\w.]*(?:[\s,]+[A-Za-z_.][\w.]*)*")


@dataclass(frozen=True)
class DdpError:
    """An error of DDP, as far as it is understood.

    `kind` is no-gradient (these parameters did not receive one; also for numbers and names without a message), twice (a
    gradient arrives twice in one step), other-size (the parameter has another size in another process) or all (there is
    no error: every parameter of the module).
    `indices` and `names` are those of all ranks together. DDP gives names if TORCH_DISTRIBUTED_DEBUG is set.
    `finds_unused` says that the run has `find_unused_parameters=True`.
    """

    kind: Kind
    indices: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    finds_unused: bool = False


@dataclass(frozen=True)
class Named:
    """A parameter that an error names, and its index in DDP."""

    index: int
    parameter: DdpParameter


@dataclass(frozen=True)
class NamedParameters:
    """The parameters that an error names, in DDP's order.

    `missing` are the numbers and names that are none of the target's. `by_name` says that the names of the error are
    those of the target's parameters, but its numbers are not: DDP wraps another module, which has this one inside.
    """

    found: tuple[Named, ...]
    missing: tuple[str, ...] = ()
    by_name: bool = False


def read_ddp_error(text: str) -> DdpError | None:
    """Read a text that has an error of DDP in it, or only numbers, names or `all`; None for any other text."""
    try:
        return _read(text)
    except ValueError:  # a number of 5,000 digits
        return None


def _read(text: str) -> DdpError | None:
    if text.strip() == EVERY:
        return DdpError("all")
    finds_unused = "Since `find_unused_parameters=True` is enabled" in text
    numbers = _integers(_INDICES.findall(text))
    names = [name for found in _NAMES.findall(text) for name in found.split(",")] + _LOGGED.findall(text)
    if numbers or names:
        return DdpError("no-gradient", numbers, _clean(names), finds_unused)
    if twice := _TWICE.findall(text):
        return DdpError("twice", _integers(index for index, _ in twice), _clean(name for _, name in twice))
    if others := _OTHER_SIZE.findall(text):
        return DdpError("other-size", _integers(others))
    if _ONLY_NUMBERS.fullmatch(text.strip()):
        return DdpError("no-gradient", _integers([text]))
    if _ONLY_NAMES.fullmatch(text.strip()):
        return DdpError("no-gradient", names=_clean(re.split(r"[\s,]+", text)))
    return None


def named_parameters(error: DdpError, parameters: Sequence[DdpParameter]) -> NamedParameters:
    """Return the parameters that an error names. Names count before numbers, which are those of the wrapped module."""
    if error.kind == "all":
        return NamedParameters(tuple(Named(index, one) for index, one in enumerate(parameters)))
    found: list[int | None] = [_index_of(name, parameters) for name in error.names]
    given = list(error.names)
    if not error.names:
        found = [index if index < len(parameters) else None for index in error.indices]
        given = [str(index) for index in error.indices]
    known = sorted({index for index in found if index is not None})
    missing = tuple(text for text, index in zip(given, found, strict=True) if index is None)
    by_name = bool(error.names and known and error.indices) and tuple(known) != error.indices
    return NamedParameters(tuple(Named(index, parameters[index]) for index in known), missing, by_name)


def _index_of(name: str, parameters: Sequence[DdpParameter]) -> int | None:
    """Return the index of the parameter with a name, or with the end of it: the target may be in a wrapped module."""
    ends = {
        own: index
        for index, one in enumerate(parameters)
        for own in one.names
        if name == own or name.endswith(f".{own}")
    }
    return ends[max(ends, key=len)] if ends else None


def _integers(texts: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted({int(number) for text in texts for number in re.findall(r"\d+", text)}))


def _clean(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once. DDP writes a parameter of the module itself with a dot before it."""
    return tuple(dict.fromkeys(name.strip().lstrip(".") for name in names if name.strip()))
