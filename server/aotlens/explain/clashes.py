"""A clash of operands in one sentence: `a * g`: a is f32[2, 256] (256: `self.up`, line 11), g is f32[2, 128] (…)."""

from __future__ import annotations

from aotlens_tracer.wire.operands import Clash, ClashingPart, FailedOperation, Operand
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.values import SizeOrigin

from .misuses import misuse_in_words
from .paths import in_line
from .shortening import clipped

_LONGEST_CODE = 60


def clash_in_words(operation: FailedOperation, path: str | None) -> str | None:
    """Return what does not fit together, with the names of the code; None if it is not known.

    `path` is the file in which it is shown: places in it are given as lines.
    """
    clash = operation.clash
    if clash is None:
        return misuse_in_words(operation, path)
    parts = [_part(clash, part, operation, path) for part in clash.parts]
    return _code(operation, path) + ", ".join(parts) + _ending(clash)


def _code(operation: FailedOperation, path: str | None) -> str:
    inside = operation.inside
    if inside is not None:
        return f"`{clipped(inside.text, _LONGEST_CODE)}`{in_line(inside.span, path)}: "
    return f"`{clipped(operation.code, _LONGEST_CODE)}`: " if operation.code is not None else ""


def clashing_origins(operation: FailedOperation) -> list[tuple[str, Span]]:
    """Return the places that the clashing sizes come from, each with a sentence."""
    found = []
    for part in operation.clash.parts if operation.clash is not None else ():
        origin = _size_origin(part, operation)
        if origin is not None and origin.span is not None and part.size is not None and part.operand is not None:
            name = operation.operands[part.operand].name
            of = f"`{clipped(name)}`" if name else "an input"
            found.append((f"the {part.size} of {of} comes from here", origin.span))
    return found


def _part(clash: Clash, part: ClashingPart, operation: FailedOperation, path: str | None) -> str:
    if part.operand is None:
        return _NUMBERS[clash.kind](part)
    operand = operation.operands[part.operand]
    shown = f"{clipped(operand.name) or 'an input'} is {operand.value}"
    if clash.kind == "device" and operand.device is not None:
        shown = f"{shown} on {operand.device}"
    about = _about(clash, part, operation, path)
    return f"{shown} ({about})" if about else shown


def _about(clash: Clash, part: ClashingPart, operation: FailedOperation, path: str | None) -> str:
    """The number of an operand that clashes, and its origin."""
    assert part.operand is not None
    operand = operation.operands[part.operand]
    if clash.kind in ("dtype", "device") and operand.converted_by is not None:
        return f"`{clipped(operand.converted_by)}`{in_line(operand.converted_at, path)}"
    if clash.kind in ("dtype", "device", "value"):
        return _origin_of_operand(operand, operation, path)
    if part.axis is None and clash.kind == "rank":
        return f"{part.size} dimension{'' if part.size == 1 else 's'}"
    if part.axis is None and clash.kind in ("elements", "multiple"):
        return f"{part.size} elements" if len(clash.parts) > 1 else "one value in each channel"
    if part.axis is None:
        return ""
    known = _size_origin(part, operation)
    if known is None and operand.view_of is not None:  # the size may be that of the part alone
        return f"{part.size}"
    origin = _in_place(known, operand, path) if known is not None else _origin_of_operand(operand, operation, path)
    return f"{part.size}: {origin}" if origin else f"{part.size}"


def _size_origin(part: ClashingPart, operation: FailedOperation) -> SizeOrigin | None:
    if part.operand is None or part.axis is None:
        return None
    sizes = operation.operands[part.operand].sizes
    return sizes[part.axis] if part.axis < len(sizes) else None


def _in_place(origin: SizeOrigin, operand: Operand, path: str | None) -> str:
    if origin.role == "argument":
        return "an argument of the call" if origin.text == operand.name else f"the argument `{clipped(origin.text)}`"
    if operand.role in ("parameter", "buffer") and operand.made_by and origin.span == operand.span:
        return f"`{clipped(operand.made_by)}`{in_line(operand.span, path)}"  # its name stands there already
    return f"`{clipped(origin.text)}`{in_line(origin.span, path)}"


def _origin_of_operand(operand: Operand, operation: FailedOperation, path: str | None) -> str:
    """The origin of an operand; empty if it is not known, or if its name says it."""
    if operand.role == "argument":
        return "an argument of the call" if operand.name == operand.origin else f"the argument `{operand.origin}`"
    if operand.role == "constructor":
        written = f"`{clipped(operand.origin)}`" if operand.origin not in (None, operand.name) else ""
        at = "" if operand.span == operation.span else in_line(operand.span, path)
        return (written + at).removeprefix(", ")
    if operand.role in ("parameter", "buffer"):
        made = f"`{clipped(operand.made_by)}`" if operand.made_by else f"a {operand.role}"
        return made + in_line(operand.span, path)
    if operand.role == "attribute":
        made = f"`{clipped(operand.made_by)}`" if operand.made_by else "an attribute"
        return f"{made}{in_line(operand.span, path)}, neither parameter nor buffer"
    is_same = operand.span is not None and operand.span == operation.span  # in a loop, or a layer in a container
    if operand.layer is not None and (is_same or operand.origin in (None, operand.name)):
        return f"the output of the layer `{operand.layer}`"
    if operand.origin is None or operand.origin == operand.name:
        return ""
    return f"{'an earlier ' if is_same else ''}`{clipped(operand.origin)}`{in_line(operand.span, path)}"


def _ending(clash: Clash) -> str:
    first = clash.parts[0]
    if clash.kind == "index" and first.axis is not None:
        return f", which is outside of dimension {first.axis}"
    return ""


def _listed(part: ClashingPart) -> str:
    return part.text if part.text is not None else f"{part.size}"


_NUMBERS = {
    "size": lambda part: f"{part.size} is given" if part.text is None else f"{part.text} gives {part.size}",
    "elements": lambda part: f"{_listed(part)} has {part.size}",
    "multiple": lambda part: f"which is no multiple of {part.size}",
    "rank": lambda part: f"{part.size} {'is' if part.size == 1 else 'are'} needed",
    "index": lambda part: f"the index is {part.size}",
    "dtype": _listed,
    "device": _listed,
    "value": _listed,
}
"""The other side of a clash with numbers, by the kind of clash."""
