"""The modules, parameters and buffers that the code at a position made."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.syntax.paths import ANY
from aotlens.syntax.subjects import CreationSubject
from aotlens.text.documents import Document

from .contexts import Context
from .index import MapIndex
from .names import Birth, Named
from .snapshot import Snapshot, TargetState
from .spans import contains, extent, is_within


def births_at(
    snapshot: Snapshot, state: TargetState, index: MapIndex, path: str, line: int, column: int
) -> Sequence[Birth]:
    """The things that the innermost expression at a position of today's text made in a trace."""
    then = snapshot.then(state, path, line, column)
    lines = index.names.births.get(path)
    if then is None or lines is None:
        return ()
    around = [birth for birth in lines.get(then[0], ()) if contains(birth.span, *then)]
    if not around:
        return ()
    smallest = min(extent(birth.span) for birth in around)
    return [birth for birth in around if extent(birth.span) == smallest]


def made_at(
    snapshot: Snapshot, context: Context, document: Document, subject: CreationSubject, line: int, column: int
) -> list[Named]:
    """The things that the code at a position made.

    In `self.body = nn.Sequential(nn.Linear(8, 8), nn.GELU())` these are the part that the cursor is on.
    """
    attributes = context.reached(subject.path)
    births = births_at(snapshot, context.state, context.index, document.path, line, column)
    names = {named.name for named in attributes}
    inside = [birth.named for birth in births if _is_below(birth.named.name, names)]
    if inside:
        whole = {birth.named.name for birth in births} & names
        return [named for named in attributes if named.name in whole] if whole else _outermost(inside)
    if ANY not in subject.path:
        return attributes
    # `setattr(self, f"head_{name}", nn.Linear(8, 8))` does not name the attribute: the place of the call decides.
    in_file = dict.fromkeys(
        birth for births in context.index.names.births.get(document.path, {}).values() for birth in births
    )
    now = {birth: snapshot.now(context.state, birth.span) for birth in in_file}
    within = {
        birth.named.name: birth.named
        for birth, span in now.items()
        if span is not None and is_within(span, subject.span)
    }
    return _outermost([named for name, named in within.items() if _is_below(name, names)])


def _is_below(name: str, names: set[str]) -> bool:
    """Whether a name is one of the names or below one of them."""
    while name:
        if name in names:
            return True
        name = name.rpartition(".")[0]
    return "" in names


def _outermost(found: Sequence[Named]) -> list[Named]:
    """The things that are not inside another one of the list: a layer without its weight."""
    names = {named.name for named in found}
    return [named for named in found if not _is_below(named.name.rpartition(".")[0], names - {named.name})]
