"""Decides which traced model answers for a class: a class may be traced itself, and occur in other traced models.

The order of preference is: the model that the user has chosen for the class; the class's own trace; the models that
contain the class, those of its own file first, then by name. A trace that was recorded in the call of another model
comes last, because that model has the same information and more. The order does not depend on edits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aotlens.syntax.paths import Path
from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import ModuleInstance

from .duplicates import definitions_of
from .index import MapIndex, index_of
from .names import Named
from .saved import saved_in
from .snapshot import Snapshot, TargetKey, TargetState

Rank = tuple[bool, bool, bool, bool, str, str]
"""A key to sort states by."""


@dataclass(frozen=True)
class Context:
    """A model that answers for a class: its state, its indexed map, and the instances of the class in it.

    `of` is the class; None for a function.
    """

    state: TargetState
    index: MapIndex
    instances: tuple[Named, ...]
    of: TargetKey | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The names of the instances. The name of the model itself is empty."""
        return tuple(instance.name for instance in self.instances)

    @property
    def is_own(self) -> bool:
        """Whether the traced model itself is of the class, or of a subclass."""
        return self.prefixes == ("",)

    @property
    def is_alone(self) -> bool:
        """Whether it is the class's own trace: a call of an instance alone, without another model around it."""
        return self.state.key == self.of

    @property
    def saved(self) -> int | None:
        """The bytes that the instances, and all that is in them, save in this model; None if that is not known."""
        names = frozenset(self.prefixes)
        return self.index.once(("saved in", names), lambda: saved_in(self.index, names))

    def reached(self, path: Path) -> list[Named]:
        """Everything that a path leads to from the instances of the class, each once."""
        found = [named for instance in self.instances for named in self.index.reached(instance, path)]
        return list({named.name: named for named in found}.values())


def context_of(snapshot: Snapshot, document: Document, owner: ClassRef) -> Context | None:
    """The model that answers for a class of the document; None if no map contains the class."""
    return next(iter(_contexts(snapshot, document, owner)), None)


def contexts_of(snapshot: Snapshot, document: Document, owner: ClassRef) -> tuple[Context, ...]:
    """Every model that can answer for a class of the document, in the order of preference."""
    return tuple(_contexts(snapshot, document, owner))


def models_around(snapshot: Snapshot, key: TargetKey) -> tuple[Context, ...]:
    """The traced models that contain instances of a class; the one that answers comes first.

    If there is one, the numbers of the class's own trace are those of one call *alone*.
    """
    document = snapshot.documents.get(key.path)
    if document is None:
        return ()
    refs = [
        ClassRef(definition.qualname, definition.line, definition.end_line)
        for definition in definitions_of(document, key.qualname)
        if definition.kind == "class"
    ]
    return tuple(c for ref in refs for c in contexts_of(snapshot, document, ref) if not (c.is_alone or c.is_own))


def function_context(snapshot: Snapshot, document: Document, function: str) -> Context | None:
    """The trace of a function of the document; None if it has no map."""
    state = snapshot.states.get(TargetKey(document.path, function))
    if state is None or state.map is None:
        return None
    index = index_of(state.map)
    return Context(state, index, (index.names.root,))


def own_states(snapshot: Snapshot, path: str) -> list[TargetState]:
    """The models that have a map: those of a file first, then the others, by name."""
    return sorted(snapshot.models(), key=lambda state: (state.key.path != path, *_name(state)))


def targets_in_question(snapshot: Snapshot, path: str, first: TargetState | None) -> list[TargetState]:
    """The models that have a map of either convention: the given one, then those of a file, then the others."""
    shown = own_states(snapshot, path)
    unseen = [state for state in snapshot.states.values() if state.map is None and state.other.map is not None]
    others = [state for state in (*shown, *unseen) if first is None or state.key != first.key]
    others.sort(key=lambda state: state.key.path != path)
    return [first, *others] if first is not None else others


def class_at(document: Document, line: int) -> ClassRef | None:
    """The innermost class around a line; None outside all classes."""
    around = [d for d in document.definitions if d.kind == "class" and d.start_line <= line <= d.end_line]
    return ClassRef(around[-1].qualname, around[-1].line, around[-1].end_line) if around else None


def first_that_knows(snapshot: Snapshot, document: Document, line: int, column: int) -> TargetState | None:
    """The first state whose map has something that was made, read or saved on a line; None if none has.

    This is for lines in classes for which no model answers.
    """
    path = document.path
    for state in own_states(snapshot, path):
        if state.map is None:
            continue
        index = index_of(state.map)
        if path not in index.files:
            continue
        then = snapshot.then(state, path, line, column)
        if then is not None and (then[0] in index.names.births.get(path, {}) or index.lines.knows(path, then[0])):
            return state
    return None


def by_preference(snapshot: Snapshot, document: Document, line: int) -> list[TargetState]:
    """All states, in the order in which they answer for a line of a document."""
    return sorted(snapshot.states.values(), key=_rank(snapshot, document, class_at(document, line)))


def _rank(snapshot: Snapshot, document: Document, owner: ClassRef | None) -> Callable[[TargetState], Rank]:
    """The order in which models answer for a class of a document; None for a line outside all classes."""
    own = TargetKey(document.path, owner.qualname) if owner is not None else None
    chosen = snapshot.contexts.get(own) if own is not None else None

    def rank(state: TargetState) -> Rank:
        key = state.key
        return key != chosen, state.is_recorded, key != own, key.path != document.path, *_name(state)

    return rank


def _name(state: TargetState) -> tuple[str, str]:
    return state.key.path, state.key.qualname


def _contexts(snapshot: Snapshot, document: Document, owner: ClassRef) -> Iterable[Context]:
    for state in sorted(snapshot.maps(), key=_rank(snapshot, document, owner)):
        yield from _in_state(snapshot, document, owner, state)


def _in_state(snapshot: Snapshot, document: Document, owner: ClassRef, state: TargetState) -> Iterable[Context]:
    """The context of a class in one model, if its map contains the class."""
    if state.map is None:
        return
    index = index_of(state.map)
    if document.path not in index.files:
        return
    known = index.instances.get((document.path, owner.qualname), [])
    if not known and (then := snapshot.then(state, document.path, owner.line, 1)) is not None:
        known = index.instances_by_line.get((document.path, then[0]), [])
    modules = _of_this_class(snapshot, document, owner, state, known)
    if not modules and not known:
        modules = _by_birth(snapshot, document, owner, state, index)
    if modules:
        # If a model contains instances of its own class, the model itself answers.
        root = [module for module in modules if not module.name]
        named = [index.named(module.name) for module in root or modules]
        key = TargetKey(document.path, owner.qualname)
        yield Context(state, index, tuple(item for item in named if item is not None), key)


def _of_this_class(
    snapshot: Snapshot, document: Document, owner: ClassRef, state: TargetState, known: Sequence[ModuleInstance]
) -> list[ModuleInstance]:
    """The instances of this very class, from those of all classes that have its name in its file."""
    lines = {module.class_line for module in known}
    then = snapshot.then(state, document.path, owner.line, 1)
    if then is None or lines == {then[0]} or not known:
        return list(known)
    if len(lines) == 1 and not _is_repeated(document, owner.qualname):
        return list(known)
    return [module for module in known if module.class_line == then[0]]


def _is_repeated(document: Document, qualname: str) -> bool:
    name = qualname.rpartition(".")[2]
    return len(re.findall(rf"^[ \t]*class[ \t]+{re.escape(name)}\b", document.text, re.MULTILINE)) > 1


def _by_birth(
    snapshot: Snapshot, document: Document, owner: ClassRef, state: TargetState, index: MapIndex
) -> list[ModuleInstance]:
    """The instances of subclasses: everything that the lines of a class make belongs to an instance of it."""
    births = index.names.births.get(document.path)
    start = snapshot.then(state, document.path, owner.line, 1)
    if births is None or start is None:
        return []
    # The end is that of today's text. The class may have lost or gained a few lines since the trace.
    end = start[0] + owner.end_line - owner.line
    found: dict[str, ModuleInstance] = {}
    for line in range(start[0], end + 1):
        for birth in births.get(line, ()):
            parent = index.named(birth.named.name.rpartition(".")[0]) if birth.named.name else None
            module = parent.module if parent is not None else None
            # A class without a line is torch's own: the items of a ModuleList were not made by its methods.
            if module is not None and module.class_line is not None and _inherits(module, document, owner):
                found[module.name] = module
    return list(found.values())


def _inherits(module: ModuleInstance, document: Document, owner: ClassRef) -> bool:
    """Whether a module's class may inherit from another one: its bases name it, or are in another file."""
    if module.class_path != document.path or module.class_line is None:
        return True
    name = owner.qualname.rpartition(".")[2]
    header = re.search(
        rf"^[ \t]*class[ \t]+{re.escape(module.type.rpartition('.')[2])}\b([^:]*):", document.text, re.MULTILINE
    )
    return header is not None and re.search(rf"\b{re.escape(name)}\b", header[1]) is not None
