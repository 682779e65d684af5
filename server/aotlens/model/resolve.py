"""From what stands at a position to what it is in a map: names, inputs, outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aotlens.syntax.paths import ANY, Path
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassRef,
    CreationSubject,
    DescriptorSubject,
    GraphNameSubject,
    StringSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span

from .contexts import Context, context_of, contexts_of, function_context, own_states
from .descriptor_text import read_descriptor
from .index import Birth, Entry, MapIndex, Named, Result, index_of
from .snapshot import Snapshot, TargetState

Found = TypeVar("Found")


@dataclass(frozen=True)
class Meant:
    """What a subject is in one map. `named` for what has a name; `items` for slots that were meant by themselves.

    `labels` are the names of the arguments among the items, as they are written.
    """

    state: TargetState
    index: MapIndex
    named: tuple[Named, ...] = ()
    items: tuple[Entry | Result, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """Every input that is meant, each once."""
        found = {id(entry.slot): entry for named in self.named for entry in named.below()}
        found |= {id(item.slot): item for item in self.items if isinstance(item, Entry)}
        return list(found.values())

    @property
    def results(self) -> list[Result]:
        """Every output that is meant by itself."""
        return [item for item in self.items if isinstance(item, Result)]


def meant(snapshot: Snapshot, document: Document, subject: Subject, line: int, column: int) -> tuple[Meant, ...]:
    """What a subject at a position is, in the map that answers for it, or in several where any of them may be meant."""
    if isinstance(subject, AttributeSubject):
        context = _context(snapshot, document, subject.owner)
        return _of(context, [] if context is None else _reached(context, subject.path))
    if isinstance(subject, CreationSubject):
        context = _context(snapshot, document, subject.owner)
        return _of(context, [] if context is None else _made(snapshot, context, document, subject, line, column))
    if isinstance(subject, ArgumentSubject):
        context = argument_context(snapshot, document, subject)
        if context is None:
            return ()
        pairs = context.index.arguments.matching(subject.name, subject.path)
        if not pairs:
            return ()
        labels, entries = zip(*pairs)
        return (Meant(context.state, context.index, items=entries, labels=labels),)
    if isinstance(subject, StringSubject):
        return _of_string(snapshot, document, subject)
    if isinstance(subject, GraphNameSubject):
        return _by_text(snapshot, document, subject.owner, lambda index: index.nodes.get(subject.name))
    if isinstance(subject, DescriptorSubject):
        read = read_descriptor(subject.text)
        texts = {subject.text, read.descriptor} if read is not None else {subject.text}
        return _by_text(
            snapshot,
            document,
            subject.owner,
            lambda index: next((index.descriptors[text] for text in texts if text in index.descriptors), None),
        )
    return ()


def argument_context(snapshot: Snapshot, document: Document, subject: ArgumentSubject) -> Context | None:
    """The trace whose arguments those of a function are; None where it is not what was called."""
    return called_context(snapshot, document, subject.owner, subject.function)


def called_context(snapshot: Snapshot, document: Document, owner: ClassRef | None, function: str) -> Context | None:
    """The trace in which a function is what was called."""
    if owner is None:
        return function_context(snapshot, document, function)
    # A model that contains the class may answer for the rest of it; of the call only the class's own trace knows.
    own = (context for context in contexts_of(snapshot, document, owner) if context.is_own)
    return next((context for context in own if called(context.state) == function), None)


def called(state: TargetState) -> str:
    """The name of the method that was called in a trace: `forward`, or that of `Block(64).training_step(batch)`."""
    example = state.map.example if state.map is not None else None
    callee = example.constructor if example is not None else None
    if callee is not None and "." in callee:
        _, _, method = callee.rpartition(".")
        if method.isidentifier() and callee.removesuffix(f".{method}").endswith(")"):
            return method
    return "forward"


def births_at(
    snapshot: Snapshot, state: TargetState, index: MapIndex, path: str, line: int, column: int
) -> Sequence[Birth]:
    """What was made by the innermost expression at a position of today's text."""
    then = snapshot.then(state, path, line, column)
    lines = index.births.get(path)
    if then is None or lines is None:
        return ()
    around = [birth for birth in lines.get(then[0], ()) if contains(birth.span, *then)]
    if not around:
        return ()
    smallest = min(_extent(birth.span) for birth in around)
    return [birth for birth in around if _extent(birth.span) == smallest]


def contains(span: Span, line: int, column: int) -> bool:
    """Whether a position is inside a span; a span without columns is its whole lines."""
    if span.column is None:
        return span.line <= line <= (span.end_line or span.line)
    end = (span.end_line or span.line, span.end_column or span.column + 1)
    return (span.line, span.column) <= (line, column) < end


def _is_in(inner: Span, outer: Span) -> bool:
    """Whether one span is inside another, both with their ends."""
    if None in (inner.column, inner.end_line, inner.end_column, outer.column, outer.end_line, outer.end_column):
        return False
    starts = (outer.line, outer.column) <= (inner.line, inner.column)  # type: ignore[operator]
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)  # type: ignore[operator]


def _extent(span: Span) -> tuple[int, int]:
    return (span.end_line or span.line) - span.line, (span.end_column or 1000) - (span.column or 0)


def _context(snapshot: Snapshot, document: Document, owner: ClassRef | None) -> Context | None:
    return context_of(snapshot, document, owner) if owner is not None else None


def _of(context: Context | None, named: Sequence[Named]) -> tuple[Meant, ...]:
    if context is None or not named:
        return ()
    return (Meant(context.state, context.index, tuple(named)),)


def _reached(context: Context, path: Path) -> list[Named]:
    found = [named for instance in context.instances for named in context.index.reached(instance, path)]
    return list({named.name: named for named in found}.values())


def _made(
    snapshot: Snapshot, context: Context, document: Document, subject: CreationSubject, line: int, column: int
) -> list[Named]:
    """What is made at a position: of `nn.Sequential(nn.Linear(8, 8), nn.GELU())` the part that the cursor is on."""
    reached = _reached(context, subject.path)
    births = births_at(snapshot, context.state, context.index, document.path, line, column)
    names = {named.name for named in reached}
    inside = [birth.named for birth in births if _is_below(birth.named.name, names)]
    if inside:
        whole = {birth.named.name for birth in births} & names
        return [named for named in reached if named.name in whole] if whole else _outermost(inside)
    if ANY not in subject.path:
        return reached
    # `setattr(self, f"head_{name}", nn.Linear(8, 8))`: what was made there is what is meant.
    made = {birth.named.name: birth for one in context.index.births.get(document.path, {}).values() for birth in one}
    now = {name: snapshot.now(context.state, birth.span) for name, birth in made.items()}
    within = [made[name].named for name, span in now.items() if span is not None and _is_in(span, subject.span)]
    return _outermost([named for named in within if _is_below(named.name, names)])


def _of_string(snapshot: Snapshot, document: Document, subject: StringSubject) -> tuple[Meant, ...]:
    """What a string names. A single word may mean anything: only in a model's own file it is taken for a name."""
    found = _by_map(snapshot, document, subject.owner, lambda index: index.named(subject.text))
    is_word = "." not in subject.text
    return tuple(
        Meant(state, index, (named,))
        for state, index, named in found
        if not is_word or state.key.path == document.path or subject.owner is not None
    )


def _is_below(name: str, names: set[str]) -> bool:
    while name:
        if name in names:
            return True
        name = name.rpartition(".")[0]
    return "" in names


def _outermost(found: Sequence[Named]) -> list[Named]:
    """Without what is inside something else of the list: of a layer and its weight, the layer."""
    names = {named.name for named in found}
    return [named for named in found if not _is_below(named.name.rpartition(".")[0], names - {named.name})]


def _indices(snapshot: Snapshot, document: Document, owner: ClassRef | None) -> Iterable[tuple[TargetState, MapIndex]]:
    """The maps to look in: that of the class around first, then those of the file, then all others."""
    context = _context(snapshot, document, owner)
    if context is not None:
        yield context.state, context.index
    for state in own_states(snapshot, document.path):
        if state.map is not None and (context is None or state.key != context.state.key):
            yield state, index_of(state.map)


def _by_text(
    snapshot: Snapshot,
    document: Document,
    owner: ClassRef | None,
    find: Callable[[MapIndex], Entry | Result | None],
) -> tuple[Meant, ...]:
    """The slot that is found, in each map that may be meant."""
    return tuple(Meant(state, index, items=(item,)) for state, index, item in _by_map(snapshot, document, owner, find))


def _by_map(
    snapshot: Snapshot, document: Document, owner: ClassRef | None, find: Callable[[MapIndex], Found | None]
) -> list[tuple[TargetState, MapIndex, Found]]:
    """Where something is found: in the map of the class around alone, else in those of the file, else in any."""
    context = _context(snapshot, document, owner)
    found: list[tuple[TargetState, MapIndex, Found]] = []
    for state, index in _indices(snapshot, document, owner):
        if found and state.key.path != document.path and found[0][0].key.path == document.path:
            break
        item = find(index)
        if item is None:
            continue
        found.append((state, index, item))
        if context is not None and state.key == context.state.key:
            break
    return found
