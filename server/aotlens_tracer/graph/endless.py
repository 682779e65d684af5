"""Finds the value that contains itself, where torch goes through a call's arguments or results without end."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from ..failures import shown

_LONGEST_KEY = 40


def contained_in_itself(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the expression of a value in these, and that of the same value inside of it; None if there is none."""
    seen: set[int] = set()
    for name, value in values.items():
        around = {id(value): name}
        pending = [(value, _parts(name, value))]
        while pending:
            for path, part in pending[-1][1]:
                if id(part) in around:
                    return around[id(part)], path
                if id(part) not in seen and _is_container(part):
                    seen.add(id(part))
                    around[id(part)] = path
                    pending.append((part, _parts(path, part)))
                    break
            else:
                del around[id(pending.pop()[0])]
    return None


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple, deque)) or _is_dataclass(value)


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a container holds, with the expressions for it."""
    if isinstance(value, dict):
        for key, part in dict.items(value):
            yield f"{path}[{shown(key, _LONGEST_KEY)}]", part
    elif isinstance(value, (list, tuple, deque)):
        for index, part in enumerate(value):
            yield f"{path}[{index}]", part
    elif _is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name in value.__dict__:
                yield f"{path}.{field.name}", value.__dict__[field.name]
