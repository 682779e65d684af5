"""Frozen dataclasses as JSON and back, by their annotations. Standard library only.

An object is written as its fields by name. Two kinds of dataclass are written differently:

* a `Row`, of which a map has thousands, is a list of its fields in their order;
* a `Tagged`, one of a closed set, has its class name under `kind` before its fields. An annotation that is a union of
  such classes (`NoExample | ReadsData | None`) is read by that name.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable

Read = Callable[[typing.Any], typing.Any]
"""Makes a value from its JSON, which is not None."""

TAG = "kind"
"""The key under which a `Tagged` value has the name of its class."""


class Row:
    """A value that a map has thousands of: between the processes it is a list of its fields, in their order."""


class Tagged:
    """One of a closed set of dataclasses: its JSON names its class under `kind`. It has no field of that name."""


@dataclasses.dataclass(frozen=True)
class OrPlain:
    """Annotates an `Any` (`Annotated[Any, OrPlain(lambda: Node)]`): objects are of that class, all else is plain."""

    kind: Callable[[], type]


def to_json(value: typing.Any, rows: bool = True) -> typing.Any:
    """Return `value` as what `json.dumps` takes. A field named like a keyword loses its trailing underscore.

    Without `rows`, a Row is an object like any other.
    """
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item, rows) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item, rows) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        if rows and isinstance(value, Row):
            return [to_json(getattr(value, f.name)) for f in fields]
        tag = {TAG: type(value).__name__} if isinstance(value, Tagged) else {}
        return tag | {f.name.rstrip("_"): to_json(getattr(value, f.name), rows) for f in fields}
    return value


def from_json(kind: typing.Any, value: typing.Any) -> typing.Any:
    """Return the value of type `kind` (a dataclass, a union of tagged ones, an annotation) from its JSON.

    Keys that are no field are ignored. Raises KeyError for a tag that the union does not have, TypeError for a missing
    field without a default.
    """
    read = reader(kind)
    return value if read is None or value is None else read(value)


@functools.cache
def reader(kind: typing.Any) -> Read | None:
    """Return what makes a value of type `kind` from its JSON; None if the value and its JSON are the same."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return functools.partial(_read_dataclass, kind)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _union_reader([option for option in typing.get_args(kind) if option is not type(None)])
    if origin is typing.Annotated:
        plain = typing.get_args(kind)[1]
        return lambda value: _read_dataclass(plain.kind(), value) if isinstance(value, dict) else value
    if origin is tuple:
        read = reader(typing.get_args(kind)[0])
        return tuple if read is None else lambda items: tuple(None if item is None else read(item) for item in items)
    if origin is dict:
        named = reader(typing.get_args(kind)[1])
        if named is not None:
            return lambda items: {key: None if item is None else named(item) for key, item in items.items()}
    return None


def _union_reader(options: list[typing.Any]) -> Read | None:
    """Return the reader of a union without None: of its one member, or by the tag of its tagged members."""
    if len(options) == 1:
        return reader(options[0])
    tagged = {option.__name__: option for option in options if isinstance(option, type) and issubclass(option, Tagged)}
    if not tagged:
        return None  # plain values (`int | str`)
    return lambda value: _read_tagged(tagged, value) if isinstance(value, dict) else value


def _read_tagged(classes: dict[str, type], value: dict[str, typing.Any]) -> typing.Any:
    return _read_dataclass(classes[value[TAG]], value)


def _read_dataclass(kind: type, value: typing.Any) -> typing.Any:
    readers = _field_readers(kind)
    if isinstance(value, list):
        named = dict(zip(readers, value))
    else:
        named = {name: value[name.rstrip("_")] for name in readers if name.rstrip("_") in value}
    for name, read in readers.items():
        if read is not None and named.get(name) is not None:
            named[name] = read(named[name])
    return kind(**named)


@functools.cache
def _field_readers(kind: type) -> dict[str, Read | None]:
    """Return the reader of each field of a dataclass, in their order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {f.name: reader(hints[f.name]) for f in dataclasses.fields(kind)}
