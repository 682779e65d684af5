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
    same = definitions_of(document, qualname)
    if len(same) < 2:
        return None
    kept = _traced(snapshot, document, qualname, same) or _last(document, same)
    return kept if kept is not None and kept.line != line else None


def _traced(snapshot: Snapshot, document: Document, qualname: str, same: list[Definition]) -> Definition | None:
    """The definition that was traced; None if there is no trace or the definition is gone."""
    state = snapshot.states.get(TargetKey(document.path, qualname))
    if state is None or state.map is None or state.map.target.line is None:
        return None
    now = snapshot.now(state, Span(document.path, state.map.target.line, 1, state.map.target.line, 2))
    return next((definition for definition in same if now is not None and definition.line == now.line), None)


def _last(document: Document, same: list[Definition]) -> Definition | None:
    """The last definition; None if one of them is in a branch, which may not run."""
    indents = {len(text) - len(text.lstrip()) for text in (document.line(one.line) for one in same)}
    is_branch = len(indents) > 1 or ("." not in same[0].qualname and indents != {0})
    return None if is_branch else same[-1]
