"""Parameters and buffers by name: as workspace symbols, and as completions inside strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.explain.subclasses import value_in_brief
from aotlens.model.contexts import context_of
from aotlens.model.index import index_of
from aotlens.model.names import Named
from aotlens.model.slots import Entry
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.model.wholes import Whole, wholes
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.pass_values import may_be_pass_code
from aotlens.syntax.subjects import AttributeSubject
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span
from aotlens_tracer.wire.input_roles import fqns_of, role_of

LIMIT = 200

_REACH = 2000
"""The characters before a position in which the beginning of a string is looked for."""
_ACCESS = re.compile(
    r"(?:(?:get_parameter|get_buffer|get_submodule)\("
    r"|(?:state_dict\w*|\bstate|\bsd|weights|checkpoint)(?:\(\))?\s*\["
    r")\s*f?[\"'](?P<prefix>[\w.]*)$"
)
_IN_PASSES = re.compile(
    r"(?:\b(?:ParamAOTInput|BufferAOTInput)\(\s*(?:target\s*=)?"
    r"|\bget_named_(?:param|buffer)_nodes\([^()]*\)\s*\["
    r"|\.target\s*(?:[!=]=|(?:not\s+)?in\s*[\[({](?:\s*[\"'][\w.]*[\"']\s*,)*|\.startswith\()"
    r")\s*f?[\"'](?P<prefix>[\w.]*)$"
)
_KEY = re.compile(r"\[\s*[\"'](?P<prefix>[\w.]*)$")
_DOTTED = re.compile(r"[\"'](?P<prefix>[A-Za-z_]\w*\.[\w.]*)$")


@dataclass(frozen=True)
class Symbol:
    """A parameter or buffer of a traced model, with its birthplace in today's text."""

    name: str
    kind: str
    container: str
    detail: str
    span: Span


@dataclass(frozen=True)
class Completion:
    """A name that replaces the text of `span` in a string."""

    name: str
    kind: str
    detail: str
    span: Span


@dataclass(frozen=True)
class Completions:
    """The names that fit; there are more of them if `incomplete`."""

    items: tuple[Completion, ...]
    incomplete: bool


def workspace_symbols(snapshot: Snapshot, query: str) -> list[Symbol]:
    """The parameters and buffers whose names contain the letters of the query in their order; best matches first."""
    found = []
    for state in (each.with_all_names for each in snapshot.models()):
        for value in _state(state):
            slot = value.first.slot
            score = match(query, value.label)
            if score is None or slot.definition is None:
                continue
            span = snapshot.now(state, slot.definition)
            if span is not None:
                detail = value_in_brief(value)
                found.append((score, Symbol(value.label, role_of(slot), state.key.qualname, detail, span)))
    found.sort(key=lambda item: (item[0], item[1].name, item[1].container))
    return [symbol for _, symbol in found[:LIMIT]]


def match(query: str, name: str) -> tuple[int, int] | None:
    """A key that sorts matches of a query, best first: substrings, then letters in order; None if it does not match."""
    query, lower = query.lower(), name.lower()
    position = lower.find(query)
    if position >= 0:
        return 0, len(name)
    at = 0
    for letter in query:
        at = lower.find(letter, at) + 1
        if at == 0:
            return None
    return 1, len(name)


def completions(snapshot: Snapshot, document: Document, line: int, column: int) -> Completions | None:
    """The names that complete the string at a position; None outside strings that name parameters."""
    if not 1 <= line <= len(document.lines):
        return None
    before = _before(document, line, column)
    access = _ACCESS.search(before)
    if access is None and document.is_python and may_be_pass_code(document):
        access = _IN_PASSES.search(before)
    dotted = _DOTTED.search(before) if access is None else None
    known = access or dotted
    if known is None:
        return _keys(snapshot, document, line, column)
    prefix = known["prefix"]
    wants_modules = access is not None and "get_submodule" in access[0]
    span = _word(document, line, column, prefix)
    items: dict[str, Completion] = {}
    for state in (each.with_all_names for each in snapshot.models()):
        for name, kind, detail in _names(state, wants_modules):
            if name.startswith(prefix) and name not in items:
                items[name] = Completion(name, kind, detail, span)
    if dotted is not None and not items:
        return None
    chosen = list(items.values())[:LIMIT]
    return Completions(tuple(chosen), len(items) > LIMIT)


def _before(document: Document, line: int, column: int) -> str:
    """The text before a position, as far as it can matter: a line may have a million characters."""
    return document.lines[line - 1][max(0, column - 1 - _REACH) : column - 1]


def _word(document: Document, line: int, column: int, prefix: str) -> Span:
    """The span that a completion replaces: the whole name around the cursor."""
    rest = re.match(r"[\w.]*", document.lines[line - 1][column - 1 :]) if prefix else None
    return Span(document.path, line, column - len(prefix), line, column + len(rest[0] if rest is not None else ""))


def _keys(snapshot: Snapshot, document: Document, line: int, column: int) -> Completions | None:
    """The keys of a ModuleDict or ParameterDict: `self.steps["first"]`."""
    typed = _KEY.search(_before(document, line, column))
    if typed is None:
        return None
    for subject in subjects_at(document, line, column):
        context = context_of(snapshot, document, subject.owner) if subject.owner is not None else None
        if not isinstance(subject, AttributeSubject) or context is None or len(subject.path) < 2:
            continue
        span = _word(document, line, column, typed["prefix"])
        around = [named for one in context.instances for named in context.index.reached(one, subject.path[:-1])]
        items = {
            name: Completion(name, "module" if child.module is not None else "parameter", detail, span)
            for named in around
            for name, child in named.children.items()
            if name.startswith(typed["prefix"]) and (detail := f"{_kind(child)} of {context.state.key.qualname}")
        }
        return Completions(tuple(items.values()), False) if items else None
    return None


def _kind(named: Named) -> str:
    if named.module is not None:
        return named.module.type
    return value_in_brief(wholes(named.entries)[0]) if named.entries else "part"


def _names(state: TargetState, modules: bool) -> Iterator[tuple[str, str, str]]:
    assert state.map is not None
    if modules:
        for module in state.map.modules:
            if module.name:
                yield module.name, "module", f"{module.type} of {state.key.qualname}"
        return
    for value in _state(state):
        yield value.label, role_of(value.first.slot), f"{value_in_brief(value)} of {state.key.qualname}"


def _state(state: TargetState) -> Iterator[Whole[Entry]]:
    """The parameters and buffers of a map, each once."""
    assert state.map is not None
    seen = set()
    for value in wholes(index_of(state.map).entries):
        if value.label in fqns_of(value.first.slot) and value.label not in seen:
            seen.add(value.label)
            yield value
