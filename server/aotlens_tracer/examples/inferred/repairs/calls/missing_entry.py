"""Put into a dictionary, a list or a tuple the entry that the failing statement reads from it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ...calling.inputs import Inputs
from ...tables.input_names import input_kind, kind_shapes
from ...values import PLACEHOLDER, Entries, Items, Path, Value, Written, containers, with_tensor
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule

_LONGEST = 16
_OF_DICTIONARIES = ("get", "keys", "values", "items", "setdefault", "pop", "update")


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if not isinstance(failed.error, (KeyError, IndexError, TypeError)):
        return
    described = dict(containers(failed.arguments))
    for place in failed.users():
        yield from _instead_of_tensors(failed, inputs, place)
        for node, path, key in _reads(failed, place):
            container = described[path]
            for value in _values(inputs, place, node, str(key), container):
                if (changed := _with_entry(container, key, value)) is not None:
                    yield with_tensor(failed.arguments, path, changed)
            return


def _instead_of_tensors(failed: FailedAttempt, inputs: Inputs, place: Place) -> Proposals:
    """Pass a dictionary instead of a tensor of which an entry is read."""
    for node in place.nodes():
        key = place.value(node.slice) if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Subscript) and isinstance(key, str):
            tensor = place.tensor(node.value)
            for path in (path for path, value in failed.values.items() if tensor is not None and value is tensor):
                for value in _values(inputs, place, node, key, Entries(())):
                    yield with_tensor(failed.arguments, path, Entries(((key, value),)))
            if tensor is not None:
                return


def _reads(failed: FailedAttempt, place: Place) -> Iterator[tuple[ast.Subscript, Path, Any]]:
    """The reads of entries that are missing in a statement: the syntax, the container's path and the key."""
    for node in place.nodes():
        if not isinstance(node, ast.Subscript):
            continue
        owner, key = place.value(node.value), place.value(node.slice)
        path = next((path for path, value in failed.containers.items() if value is owner), None)
        if path is None or not isinstance(key, (str, int)):
            continue
        is_missing = key not in owner if isinstance(owner, dict) else isinstance(key, int) and key >= len(owner)
        if is_missing:
            yield node, path, key


def _values(
    inputs: Inputs, place: Place, node: ast.Subscript, name: str, container: Items | Entries
) -> Iterator[Value]:
    """The values to put in, the likeliest first: as the statement uses them, as their name says, like the others."""
    around = next((outer for outer in place.nodes() if node in ast.iter_child_nodes(outer)), None)
    if isinstance(around, ast.Compare) and any(getattr(side, "value", ...) is None for side in around.comparators):
        yield Written("None")
    is_dictionary = (isinstance(around, ast.Subscript) and around.value is node) or (
        isinstance(around, ast.Attribute) and around.attr in _OF_DICTIONARIES
    )
    if is_dictionary:
        yield Entries(())
    if isinstance(container, Items) and container.items:
        yield container.items[-1]
    yield from kind_shapes(input_kind(name), inputs.width)
    if not is_dictionary:
        yield Entries(())
    yield from inputs.shapes(name)[:4]
    yield Written("None")


def _with_entry(container: Items | Entries, key: str | int, value: Value) -> Value | None:
    """The container with one entry more; None if that would be too many."""
    if isinstance(container, Entries):
        kept = [item for item in container.items if item[0] != PLACEHOLDER]
        return Entries((*kept, (key, value)))
    if not isinstance(key, int) or key >= _LONGEST:
        return None
    more = (value,) * (key + 1 - len(container.items))
    return Items((*container.items, *more), container.is_list)


RULE = Rule("missing-entry", "the key or the index that a dictionary or a list lacks", _propose)
