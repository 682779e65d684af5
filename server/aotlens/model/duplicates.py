"""Several definitions of one name in a file. Python keeps one of them, and only that one is traced."""

from __future__ import annotations

from aotlens.syntax.definitions import Definition
from aotlens.syntax.once import once_for_each
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .snapshot import Snapshot, TargetKey


def definitions_of(document: Document, qualname: str) -> list[Definition]:
    """The definitions of a qualified name, in the order of the text."""
    return _by_name(document).get(qualname, [])


@once_for_each
def _by_name(document: Document) -> dict[str, list[Definition]]:
    found: dict[str, list[Definition]] = {}
    for definition in document.definitions:
        found.setdefault(definition.qualname, []).append(definition)
    return found


def replacement(snapshot: Snapshot, document: Document, qualname: str, line: int) -> Definition | None:
    """The definition that Python keeps instead of the one on a line.

    None if Python keeps the one on the line, or if the definition that it keeps is not known.
    """
    if len(definitions_of(document, qualname)) < 2:
        return None
    kept = _traced(snapshot, document, qualname) or _last_ones(document)[qualname]
    return kept if kept is not None and kept.line != line else None


@once_for_each
def _by_place(document: Document) -> dict[tuple[str, int], Definition]:
    return {(definition.qualname, definition.line): definition for definition in reversed(document.definitions)}


def _traced(snapshot: Snapshot, document: Document, qualname: str) -> Definition | None:
    """The definition that was traced; None if there is no trace or the definition is gone."""
    state = snapshot.states.get(TargetKey(document.path, qualname))
    if state is None or state.map is None or state.map.target.line is None:
        return None
    now = snapshot.now(state, Span(document.path, state.map.target.line, 1, state.map.target.line, 2))
    return _by_place(document).get((qualname, now.line)) if now is not None else None


@once_for_each
def _last_ones(document: Document) -> dict[str, Definition | None]:
    """The last definition of each name that has several, found once: a name may have thousands."""
    return {name: _last(document, same) for name, same in _by_name(document).items() if len(same) > 1}


def _last(document: Document, same: list[Definition]) -> Definition | None:
    """The last definition; None if one of them is in a branch, which may not run."""
    indents = {len(text) - len(text.lstrip()) for text in (document.line(one.line) for one in same)}
    is_branch = len(indents) > 1 or ("." not in same[0].qualname and indents != {0})
    return None if is_branch else same[-1]
