"""Expressions that Python itself refuses, each in one sentence: `batch["b"]`: batch has 'a', 'mask'."""

from __future__ import annotations

from aotlens_tracer.wire.misuses import Absent, OtherArguments, Unpacked
from aotlens_tracer.wire.operands import FailedOperation

from .paths import in_line
from .shortening import clipped


def misuse_in_words(operation: FailedOperation, path: str | None) -> str | None:
    """Return what is there in the place of what the code takes, gives or passes; None if that is not known.

    `path` is the file in which it is shown: places in it are given as lines.
    """
    misuse = operation.misuse
    code = f"`{clipped(operation.code)}`: " if operation.code is not None else ""
    match misuse:
        case None:
            return None
        case Absent():
            absent = _absent(misuse)
            return code + absent if absent is not None else None
        case Unpacked():
            return _unpacked(misuse)
        case OtherArguments():
            similar = f"; `{misuse.similar}` is similar" if misuse.similar is not None else ""
            return f"{code}{misuse.function} takes {misuse.takes}{in_line(misuse.span, path)}{similar}"


def _absent(misuse: Absent) -> str | None:
    """None if nothing is known but what the error itself says."""
    if misuse.type == "NoneType":
        return f"{misuse.owner} is None"
    if misuse.part == "index":
        return f"{misuse.owner} has {_counted(misuse.count, 'item')}, the index is {misuse.what}"
    similar = f"; {misuse.similar} is similar" if misuse.similar is not None else ""
    if misuse.part == "attribute" and not similar and not misuse.has:
        return None
    if misuse.part == "attribute" and similar:
        return f"{misuse.owner} ({misuse.type}) has no attribute {misuse.what}{similar}"
    if not misuse.has:
        return f"{misuse.owner} is empty"
    left_out = misuse.count - len(misuse.has)
    more = f" and {left_out} more{similar}" if left_out else ""
    owner = misuse.owner if misuse.part == "key" else f"{misuse.owner} ({misuse.type})"
    return f"{owner} has {', '.join(misuse.has)}{more}"


def _unpacked(misuse: Unpacked) -> str:
    names, listed = _counted(len(misuse.names), "name"), ", ".join(misuse.names)
    if misuse.given is None:
        return f"`{clipped(misuse.value)}` gives more values than the {names}: {listed}"
    return f"`{clipped(misuse.value)}` gives {_counted(misuse.given, 'value')} for {names}: {listed}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
