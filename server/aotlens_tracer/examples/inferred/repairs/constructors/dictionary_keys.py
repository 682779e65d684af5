"""Pass a dictionary with the keys that the constructor, or a function that it calls, reads from it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

from ...building.construction import Construction
from ...reading.definitions import definition_of
from ...reading.dictionaries import Entry, dictionaries_with, entries_in, names_of
from ...values import Entries, Items, Path, Value, Written, is_plain, with_tensor
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule

_MOST = 2
"""Dictionaries of the package that are proposed."""


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    if failed.receiver is None or not isinstance(failed.error, (KeyError, TypeError)):
        return
    for place in failed.users():
        for node in place.nodes():
            if not isinstance(node, ast.Subscript) or type(place.value(node.slice)) is not str:
                continue
            owner = place.value(node.value)
            path = _path(failed, owner)
            if path is None or (isinstance(owner, dict) and place.value(node.slice) in owner):
                continue
            entries = _entries(place, ast.unparse(node.value))
            given = _at(failed.arguments[str(path[0])], path[1:])
            known = dict(given.items) if isinstance(given, Entries) else {}
            new = [entry for entry in entries if entry.key not in known]
            for value in _values(new, known, construction):
                yield with_tensor(failed.arguments, path, value)
            return


def _values(entries: list[Entry], known: dict[Any, Value], construction: Construction) -> Iterator[Value]:
    """The dictionaries to pass: those of the package that have the keys, then one of guesses by their names."""
    keys = [entry.key for entry in entries]
    if not known and len(keys) > 1:
        package = construction.cls.__module__.partition(".")[0]
        for found in itertools.islice(dictionaries_with(keys, package, is_plain), _MOST):
            yield _written(found)
    yield Entries((*known.items(), *((entry.key, _guess(entry, construction)) for entry in entries)))


def _guess(entry: Entry, construction: Construction) -> Value:
    if entry.is_dictionary:
        return Entries(())
    if entry.words:
        return Written(repr(entry.words[0]))
    value = construction.by_name(entry.key)
    if not entry.length or value.expression.startswith(("(", "[")):
        return value
    one = construction.by_name(entry.key.removesuffix("s"))
    return Items((one,) * entry.length, is_list=True)


def _written(value: Any) -> Value:
    """A plain value of the package as an argument: its dictionaries can be completed."""
    if isinstance(value, dict):
        return Entries(tuple((key, _written(entry)) for key, entry in value.items()))
    return Written(repr(value))


def _entries(place: Place, owner: str) -> list[Entry]:
    """The entries that the function at a place reads from `owner`; all methods of the class, where it is kept."""
    functions = [place.function] if place.function is not None else []
    owners = names_of(functions, owner)
    if any(name.startswith("self.") for name in owners):
        methods = [value for value in vars(type(place.variables.get("self"))).values() if callable(value)]
        functions += [found for method in methods if (found := definition_of(method)) is not None]
    return entries_in(functions, owners)


def _path(failed: FailedAttempt, owner: object) -> Path | None:
    """The place in the arguments of what is read; None if it is none of them, nor an entry of one."""
    for name, value in failed.arguments.items():
        passed = failed.receiver.f_locals.get(name) if failed.receiver is not None else None
        if owner is passed and type(passed) is int:
            return (name,)
        if isinstance(value, (Entries, Written)) and isinstance(passed, dict):
            for path, found in _dictionaries((name,), passed):
                if found is owner:
                    return path
    return None


def _dictionaries(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        yield path, value
        for key, entry in value.items():
            yield from _dictionaries((*path, key), entry)


def _at(value: Value, path: Path) -> Value | None:
    """The part of an argument at a path; None if it is not written as such."""
    for key in path:
        if not isinstance(value, Entries) or key not in dict(value.items):
            return None
        value = dict(value.items)[key]
    return value


RULE = Rule("dictionary-keys", "the keys that code reads from a dictionary which the constructor is given", _propose)
