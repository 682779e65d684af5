"""The code lens above a target: its figures and its state in one line, and in its tooltip the example of its trace.

There is one lens for each definition that is traced or could be, from the first answer on, whatever becomes of its
trace: a line that comes or goes moves all the code below it.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from aotlens.explain.action_titles import click
from aotlens.explain.conventions import NAMES
from aotlens.explain.examples import call_with_origin, pinned_with_origin
from aotlens.explain.graph_summary import map_in_brief, map_in_words
from aotlens.explain.kernels import kernels_of_map
from aotlens.explain.lock_changes import NO_DIFFERENCE
from aotlens.explain.states import (
    IN_A_HOVER,
    NOT_IN_A_MODEL,
    NOT_TRACED,
    REPLACED_BY_UNKNOWN,
    no_forward,
    replaced_in_words,
    state_in_words,
    untraced_in_words,
)
from aotlens.explain.tables.listed_pieces import listed_in_brief, nodes_of_pieces
from aotlens.explain.training_steps import BATCH_GUESSED, BRANCH_NOT_TAKEN
from aotlens.explain.whose import ALONE, contained_in_brief, names_in, part_in_brief
from aotlens.model.contexts import Context, class_at, models_around, own_states
from aotlens.model.driven_steps import calls_in, driven_by
from aotlens.model.duplicates import replacement
from aotlens.model.examples import lacks_example
from aotlens.model.index import index_of
from aotlens.model.listed_pieces import lines_with_names, pieces_in_lines
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.calling_methods import calling_methods
from aotlens.syntax.definitions import Definition
from aotlens.syntax.modules import module_classes
from aotlens.syntax.once import once_for_each
from aotlens.syntax.piece_lists import FLATTEN, piece_lists
from aotlens.text.documents import Document
from aotlens_tracer.wire.training_steps import is_step

from .lock_difference import lens_title, since_lock

Kind = str
TARGET, CONTAINED, REPLACED, PIECES, DRIVEN, METHOD = "target", "contained", "replaced", "pieces", "driven", "method"
LOCK = "lock"
"""The kinds of lenses: of a target, of a class that could be in a traced model, of a definition that Python drops, of
the names of the pieces of a tensor subclass, of a call that lets a framework run a training step, of a plain class,
of which a method can be traced, and of what has changed in a target since it was locked. That one stands on the line of
another, so that no code moves as it comes and goes."""


@dataclass(frozen=True)
class LensPlace:
    """The line of a lens and its subject; places are found quickly, texts are made later.

    `last` is the last line of the names of pieces; None for other kinds.
    """

    line: int
    key: TargetKey
    kind: Kind
    last: int | None = None


@dataclass(frozen=True)
class LensText:
    """The text of a lens, its tooltip in lines, and its command with the arguments."""

    title: str
    tooltip: tuple[str, ...]
    command: str
    arguments: tuple[Any, ...]


def places(snapshot: Snapshot, document: Document) -> list[LensPlace]:
    """The lenses of a document: one above each target, and above each other class that may be in a traced model.

    That of a training step is above its backward pass, and above the call that lets a framework run it.
    """
    found = []
    # Once for each name: a name may be defined thousands of times.
    is_contained = cache(lambda name: bool(models_around(snapshot, TargetKey(document.path, name))))
    for definition in document.definitions:
        key = TargetKey(document.path, definition.qualname)
        if key in snapshot.states:
            is_replaced = replacement(snapshot, document, definition.qualname, definition.line) is not None
            found.append(LensPlace(definition.line, key, REPLACED if is_replaced else TARGET))
        elif definition.kind == "class" and (
            definition.qualname in _modules(document) or is_contained(definition.qualname)
        ):
            found.append(LensPlace(definition.line, key, CONTAINED))
    for step in document.steps:
        key = TargetKey(document.path, step.qualname)
        if key in snapshot.states:
            found.append(LensPlace(step.line, key, TARGET))
    for call in calls_in(document):
        driven = driven_by(snapshot, document, call)
        if driven is not None:
            found.append(LensPlace(call.line, driven.key, DRIVEN))
    changed = [replace(each, kind=LOCK) for each in found if each.kind == TARGET and since_lock(snapshot, each.key)]
    return [*found, *changed, *_methods(snapshot, document, is_contained), *_piece_lists(snapshot, document)]


def _methods(snapshot: Snapshot, document: Document, is_contained: Callable[[str], bool]) -> Iterator[LensPlace]:
    """The plain classes that call modules, each with its first such method, if nothing of the class is traced."""
    traced = [key.qualname for key in snapshot.states if key.path == document.path]
    for owner, methods in _calling(document) if snapshot.can_edit(document) else ():
        is_known = any(name == owner.qualname or name.startswith(f"{owner.qualname}.") for name in traced)
        key = TargetKey(document.path, f"{owner.qualname}.{methods[0]}")
        if key.is_in_file and not is_known and not is_contained(owner.qualname):
            yield LensPlace(owner.line, key, METHOD)


@once_for_each
def _calling(document: Document) -> tuple[tuple[Definition, list[str]], ...]:
    return tuple(calling_methods(document.definitions, _modules(document), document.lines))


def _piece_lists(snapshot: Snapshot, document: Document) -> Iterator[LensPlace]:
    """The names of the pieces of tensor subclasses: in `__tensor_flatten__`, or in a list that a map knows."""
    lists = piece_lists(document, tuple(document.definitions)) if FLATTEN in document.text else []
    for each in lists:
        yield LensPlace(each.line, TargetKey(document.path, each.qualname), PIECES, each.last)
    for line in lines_with_names(snapshot, document.path):
        owner = class_at(document, line)
        if owner is not None and not any(each.line <= line <= each.last for each in lists):
            yield LensPlace(line, TargetKey(document.path, owner.qualname), PIECES, line)


@once_for_each
def _modules(document: Document) -> frozenset[str]:
    return module_classes(document.definitions, document.line)


def text(snapshot: Snapshot, key: TargetKey, kind: Kind, lines: tuple[int, int] | None = None) -> LensText:
    """The text of a lens, in the present state; `lines` are the first and last of the names of pieces."""
    if kind == PIECES:
        return _pieces(snapshot, key, *(lines or (0, 0)))
    if kind == LOCK:
        command = "aotlens.showDifference"
        return LensText(lens_title(snapshot, key) or NO_DIFFERENCE, (click(command),), command, (str(key),))
    if kind == METHOD:
        command = "aotlens.pinExample"
        return LensText(no_forward(key.qualname), (click(command, key.qualname),), command, (str(key),))
    if kind == DRIVEN:
        inner = text(snapshot, key, TARGET)
        return replace(inner, title=f"{key.qualname}: {inner.title}")
    if kind == REPLACED:
        return LensText(_replaced(snapshot, key), (), "aotlens.goToTarget", (str(key),))
    state = snapshot.states.get(key) or TargetState(key)
    if not state.maps and not state.examples and state.status not in ("waiting", "tracing"):
        for context in models_around(snapshot, key):
            return _contained(context)
        if kind == CONTAINED and (step := _step_of(snapshot, key)) is not None:
            inner = text(snapshot, step.key, TARGET)
            return replace(inner, title=f"{step.key.qualname.removeprefix(f'{key.qualname}.')}: {inner.title}")
        if kind == CONTAINED and key not in snapshot.states:
            return LensText(NOT_IN_A_MODEL, (), "aotlens.goToTarget", (str(key),))
    facts = _facts(snapshot, state)
    title = " · ".join(facts)
    if state.convention == "compile":
        title = f"{NAMES['compile']}: {title}"
    command = _command(snapshot, state)
    tooltip = (*(words for words in _tooltip(snapshot, state) if words not in facts), click(command))
    return LensText(title, tooltip, command, (str(key),))


def _facts(snapshot: Snapshot, state: TargetState) -> list[str]:
    """The figures, which stay where they are, and then the state, which comes and goes.

    A class that a traced model contains has the figures of its own call, alone, and the bytes that it saves there.
    """
    known = state.map if state.map is not None and state.map.graphs else state.attempt
    facts = map_in_brief(known) if known is not None else []
    if facts and (around := models_around(snapshot, state.key)):
        facts = [f"{ALONE}: {facts[0]}", *facts[1:], part_in_brief(around[0])]
    if facts and known is not None and known.step is not None and known.step.guessed:
        facts.append(BATCH_GUESSED)
    if facts and known is not None and known.step is not None and known.step.not_taken:
        facts.append(BRANCH_NOT_TAKEN)
    words = state_in_words(state) if snapshot.trusts(state.key.path) else None
    if words is None and not facts:
        words = NOT_TRACED if _waits_for_a_click(snapshot, state) else untraced_in_words(snapshot, state)
    return [*facts, words] if words is not None else facts


def _command(snapshot: Snapshot, state: TargetState) -> str:
    """The command of a click: it shows the map, makes one, or writes an example to complete."""
    if state.map is not None and state.map.graphs and state.status != "cancelled":
        return "aotlens.showMap"
    document = snapshot.documents.get(state.key.path)
    is_written = is_step(state.key.qualname)  # its example is the script itself
    can_write = document is not None and not is_written and snapshot.can_edit(document) and state.key.is_in_file
    return "aotlens.pinExample" if can_write and lacks_example(state) and not state.maps else "aotlens.traceNow"


def _tooltip(snapshot: Snapshot, state: TargetState) -> Iterator[str]:
    around = models_around(snapshot, state.key)
    if state.map is not None and state.map.graphs:
        yield (f"{ALONE}: " if around else "") + map_in_words(state.map)
        yield from kernels_of_map(state.map)
    example = state.map.example if state.map is not None else None
    if example is not None and example.arguments:
        models = [context for context in around if str(context.state.key) == example.recorded_in]
        place = names_in(models[0]) if models else None
        yield call_with_origin(example, state.key.qualname, os.path.basename, place, len(state.examples))
    elif state.examples:
        yield pinned_with_origin(state.examples[0])
    if snapshot.trusts(state.key.path) and (words := state_in_words(state, IN_A_HOVER)) is not None:
        yield words
    elif not state.maps and _waits_for_a_click(snapshot, state):
        yield untraced_in_words(snapshot, state)


def _waits_for_a_click(snapshot: Snapshot, state: TargetState) -> bool:
    """Whether a target could be traced, but the settings leave that to the user."""
    by_hand = snapshot.manual or state.key.path in snapshot.excluded
    return snapshot.trusts(state.key.path) and state.key.is_in_file and by_hand


def _step_of(snapshot: Snapshot, key: TargetKey) -> TargetState | None:
    """The first training step in the methods of a class; a class without `forward` is traced in no other way."""
    mine = (state for state in snapshot.states.values() if state.key.path == key.path and is_step(state.key.qualname))
    return next((state for state in mine if state.key.qualname.startswith(f"{key.qualname}.")), None)


def _contained(context: Context) -> LensText:
    """The lens of a class without a trace of its own: the model that contains it."""
    model = context.state
    stale = " · stale" if model.stale else ""
    title = f"{contained_in_brief(context)}{stale}"
    command = "aotlens.showMap"
    return LensText(title, (click(command, model.key.qualname),), command, (str(model.key),))


def _pieces(snapshot: Snapshot, key: TargetKey, first: int, last: int) -> LensText:
    """The lens of the names of pieces: how many inputs and outputs each of them is, in the first model that has one."""
    models = []
    for state in own_states(snapshot, key.path):
        if state.map is not None:
            found = pieces_in_lines(snapshot, state, index_of(state.map), key.path, first, last)
            models += [(state.key, found)] if found else []
    if not models:
        return LensText(NOT_IN_A_MODEL, (), "aotlens.goToTarget", (str(key),))
    model, pieces = models[0]
    title = listed_in_brief(pieces, [each.qualname for each, _ in models])
    command = "aotlens.showMap"
    return LensText(title, (*nodes_of_pieces(pieces), click(command, model.qualname)), command, (str(model),))


def _replaced(snapshot: Snapshot, key: TargetKey) -> str:
    document = snapshot.documents.get(key.path)
    kept = replacement(snapshot, document, key.qualname, 0) if document is not None else None
    return replaced_in_words(key.path, kept.line) if kept is not None else REPLACED_BY_UNKNOWN
