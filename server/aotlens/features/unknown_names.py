"""Names in strings that no parameter, buffer or module of the model has: `model.get_parameter("blocks.0.atn.qkv")`.

Only where it is known which model is asked: `self` of a traced class, or a variable that a call of a traced class was
assigned to. A model may be built with more layers than the traced one: names that differ in numbers alone are known.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aotlens.model.contexts import Context, context_of
from aotlens.model.imported import is_imported
from aotlens.model.index import index_of
from aotlens.model.names import Named
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.accesses import Access, accesses
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.once import once_for_each
from aotlens.syntax.paths import Path
from aotlens.syntax.subjects import AttributeSubject
from aotlens.text.documents import Document

_NUMBER = re.compile(r"\b\d+\b")


@dataclass(frozen=True)
class UnknownName:
    """A name that the model does not have. `near` is the most similar one that it has; None if none is similar."""

    access: Access
    model: str
    near: str | None


def unknown_names(snapshot: Snapshot, document: Document) -> Iterator[UnknownName]:
    """The names in the strings of a document that the model certainly does not have.

    The graphs of torch.compile lack the parameters that are not used: only an export map says what a model has.
    """
    snapshot = snapshot.shown_in("export")
    if not any(_is_complete(state) for state in snapshot.states.values()):
        return
    for access in _accesses(document):
        state, roots = _model(snapshot, document, access)
        if state is not None and _is_complete(state) and not any(_has(root, access) for root in roots):
            yield UnknownName(access, _title(state, roots), _near(roots, access))


def _is_complete(state: TargetState) -> bool:
    """Whether the model has only the names in its map: the map is not stale, and Dynamo did not break the graph."""
    return state.map is not None and not state.stale and len(state.map.graphs) == 1 and not state.map.graph_breaks


@once_for_each
def _accesses(document: Document) -> Sequence[Access]:
    return accesses(document, document.lines)


def _model(snapshot: Snapshot, document: Document, access: Access) -> tuple[TargetState | None, list[Named]]:
    """The model that an access asks, None if it is not known, and the modules in it that `self` may be."""
    if access.model is not None:
        name = access.model.rpartition(".")[2]
        for state in snapshot.maps():
            if state.key.qualname == name and is_imported(document, state):
                assert state.map is not None
                return state, [index_of(state.map).names.root]
        return None, []
    for subject in subjects_at(document, access.span.line, access.span.column or 1):
        if isinstance(subject, AttributeSubject) and subject.owner is not None:
            context = context_of(snapshot, document, subject.owner)
            steps = access.name.split(".")
            path = subject.path[: -len(steps)]
            if context is not None and subject.path[-len(steps) :] == tuple(steps):
                return context.state, _reached(context, path)
            break
    return None, []


def _reached(context: Context, path: Path) -> list[Named]:
    return [named for instance in context.instances for named in context.index.reached(instance, path)]


def _has(root: Named, access: Access) -> bool:
    """Whether a model has a module, parameter or buffer of this name, or of a name that differs in numbers alone."""
    found, alike = [root], [root]
    for step in access.name.split("."):
        alike = [
            child
            for named in found
            for known, child in named.children.items()
            if known == step or (known.isdecimal() and step.isdecimal())
        ]
        parametrized = [named.children["parametrizations"] for named in found if "parametrizations" in named.children]
        found = alike + [child for named in parametrized for known, child in named.children.items() if known == step]
    if access.wants_module:
        return any(not named.entries for named in found)
    # A parametrized tensor is a module in the map, but `get_parameter` returns a tensor.
    return any(named.entries or named not in alike for named in found)


def _near(roots: Sequence[Named], access: Access) -> str | None:
    """The most similar name that the model has, whatever the numbers in it; None if none is similar."""
    numbers = _NUMBER.findall(access.name)
    names: dict[str, str] = {}
    for root in roots[:1]:
        prefix = len(root.name) + 1 if root.name else 0
        for named in _all(root):
            if (named.module is not None) == access.wants_module and named.name != root.name:
                names.setdefault(_NUMBER.sub("0", named.name[prefix:]), named.name[prefix:])
    close = difflib.get_close_matches(_NUMBER.sub("0", access.name), list(names), 1, 0.6)
    if not close:
        return None
    name = names[close[0]]
    if len(_NUMBER.findall(name)) != len(numbers):
        return name
    given = iter(numbers)
    return _NUMBER.sub(lambda _: next(given), name)


def _all(root: Named) -> Iterator[Named]:
    yield root
    for child in root.children.values():
        yield from _all(child)


def _title(state: TargetState, roots: Sequence[Named]) -> str:
    inner = roots[0].module.type if roots and roots[0].name and roots[0].module is not None else None
    return inner or state.key.qualname
