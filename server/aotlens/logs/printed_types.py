"""Types as torch prints them in graphs."""

from __future__ import annotations

import re

_DEVICE = re.compile(r"(?<=\])[a-z]+(?::\d+)?$")
_STRIDES = re.compile(r"^(\w+\[[^\]]*\])(?:\[[^\]]*\])?.*$")


def without_strides(text: str | None) -> str:
    """`f32[16, 8]` for `f32[16, 8][8, 1]cuda:0`; other types as they are, empty for None."""
    if text is None:
        return ""
    found = _STRIDES.match(text)
    return found[1] if found is not None else text


def without_device(text: str | None) -> str:
    """`f32[16, 8][8, 1]` for `f32[16, 8][8, 1]cuda:0`; empty for None."""
    return "" if text is None else _DEVICE.sub("", text)
