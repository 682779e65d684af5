"""Code actions: mend or suppress a finding, pin an example, choose the model that answers, copy descriptors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aotlens.features.diagnostics import diagnostics
from aotlens.model.contexts import contexts_of
from aotlens.model.duplicates import definitions_of, replacement
from aotlens.model.folding import folded
from aotlens.model.resolve import meant
from aotlens.model.slots import fqn_of
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.definitions import Definition
from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span

from .copies import copies
from .pin_template import template
from .returned import rewrites


@dataclass(frozen=True)
class TextEdit:
    """A stretch of a document and what to put there."""

    span: Span
    text: str


@dataclass(frozen=True)
class CodeAction:
    """An action: a title, a kind as LSP has them (empty for what changes no code), and edits or a command.

    `fixes` is the code of the finding that it takes away, at `line`.
    """

    title: str
    kind: str
    edits: tuple[TextEdit, ...] = ()
    command: str | None = None
    arguments: tuple[Any, ...] = ()
    fixes: str | None = None
    line: int | None = None
    preferred: bool = False


def code_actions(snapshot: Snapshot, document: Document, where: Span) -> list[CodeAction]:
    """What can be done where the user is: on the lines that are selected, and with what stands where they begin."""
    actions = []
    first, last = where.line, where.end_line or where.line
    for finding in diagnostics(snapshot, document) if snapshot.can_edit(document) else ():
        if first <= finding.span.line <= last:
            if finding.fix is not None:
                edit = TextEdit(finding.span, finding.fix.text)
                line = finding.span.line
                actions.append(
                    CodeAction(finding.fix.title, "quickfix", (edit,), fixes=finding.code, line=line, preferred=True)
                )
            suppress = _suppress(document, finding.span.line, finding.code)
            if suppress not in actions:
                actions.append(suppress)
    for copy in copies(snapshot, document, range(first, last + 1)) if snapshot.can_edit(document) else ():
        title = f"Change a copy of {copy.name}, not the caller's tensor"
        edits = (TextEdit(copy.span, copy.text),)
        actions.append(CodeAction(title, "quickfix", edits, fixes="input-mutation", line=copy.line))
    for rewrite in rewrites(snapshot, document, where) if snapshot.can_edit(document) else ():
        edits = (TextEdit(rewrite.span, rewrite.text),)
        actions.append(CodeAction(rewrite.title, "quickfix", edits, fixes=rewrite.fixes, line=rewrite.span.line))
    for definition in document.definitions:
        if definition.kind == "class" and first <= definition.line <= last:
            actions += _of_class(snapshot, document, definition)
    actions += _copy(snapshot, document, where.line, where.column or 1)
    return actions


def _copy(snapshot: Snapshot, document: Document, line: int, column: int) -> Iterator[CodeAction]:
    """Copying the descriptors of what stands at a position."""
    for subject in subjects_at(document, line, column):
        for found in meant(snapshot, document, subject, line, column):
            slots = [entry.slot for entry in found.entries] + [result.slot for result in found.results]
            labels = list(dict.fromkeys(slot.label for slot in slots if slot.descriptor is not None))
            if labels:
                names = folded(dict.fromkeys(fqn_of(slot) or slot.label for slot in slots))
                many = "s" if len(labels) > 1 else ""
                arguments = (str(found.state.key), labels)
                yield CodeAction(f"Copy the descriptor{many} of {names}", "", (), "aotlens.copyExpression", arguments)
                return


def _suppress(document: Document, line: int, code: str) -> CodeAction:
    text = document.lines[line - 1]
    end = len(text.rstrip()) + 1
    existing = text.find("# aotlens: ignore[")
    if existing >= 0 and (closing := text.find("]", existing)) >= 0:
        edit = TextEdit(Span(document.path, line, closing + 1, line, closing + 1), f", {code}")
    else:
        edit = TextEdit(Span(document.path, line, end, line, len(text) + 1), f"  # aotlens: ignore[{code}]")
    return CodeAction(f"Suppress {code} on this line", "quickfix", (edit,), fixes=code, line=line)


def _of_class(snapshot: Snapshot, document: Document, definition: Definition) -> list[CodeAction]:
    if replacement(snapshot, document, definition.qualname, definition.line) is not None:
        return []
    key = TargetKey(document.path, definition.qualname)
    state = snapshot.states.get(key)
    target = str(key)
    actions = []
    if state is not None and state.map is not None:
        actions.append(CodeAction(f"Show the map of {definition.qualname}", "", (), "aotlens.showMap", (target,)))
        for kind in (
            ("joint", "forward", "backward") if any(graph.joint for graph in state.map.graphs) else ("forward",)
        ):
            title = f"Show the {kind} graph of {definition.qualname}"
            actions.append(CodeAction(title, "", (), "aotlens.showGraph", (target, kind)))
    actions.append(CodeAction(f"Trace {definition.qualname} now", "", (), "aotlens.traceNow", (target,)))
    actions += _examples(snapshot, document, definition, state or TargetState(key))
    contexts = contexts_of(snapshot, document, ClassRef(definition.qualname, definition.line, definition.end_line))
    for context in contexts[1:]:
        other = context.state.key
        place = "itself" if context.is_own else f"{context.label} of {other.qualname}"
        title = f"Let {place} answer for {definition.qualname}"
        actions.append(CodeAction(title, "", (), "aotlens.chooseContext", (target, str(other))))
    return actions


def _examples(
    snapshot: Snapshot, document: Document, definition: Definition, state: TargetState
) -> Iterator[CodeAction]:
    """To keep the example that served, to go to it, to try another one; to write one where there is none."""
    name, target = definition.qualname, str(state.key)
    pinned_here = bool(state.examples) and state.examples[0].path == document.path
    expression = pin_of(state)
    if can_be_pinned(snapshot, document, definition) and not pinned_here:
        title = f"Pin an example for {name}, to be completed"
        if expression is not None:
            title = f"Pin this example above {name}: {_brief(expression)}"
        edit = _pin(document, definition, expression or state.draft or template(document, definition))
        yield CodeAction(title, "refactor", (edit,))
    if expression is not None and not state.examples:
        title = f"Pin the example of {name} in pyproject.toml"
        yield CodeAction(title, "", (), "aotlens.pinExampleInProject", (target,))
    if state.examples or state.map is not None:
        yield CodeAction(f"Edit the example of {name}", "", (), "aotlens.editExample", (target,))
    if state.offered > 1:
        yield CodeAction(f"Try the next example of {name}", "", (), "aotlens.nextExample", (target,))


def pin_of(state: TargetState) -> str | None:
    """An expression that stands for the example of a target: the one that served, else the one that is pinned."""
    example = state.map.example if state.map is not None else None
    if example is not None and example.pin is not None:
        return example.pin
    return state.examples[0].expression if state.examples else None


def _brief(expression: str) -> str:
    text = " ".join(expression.split())
    return text if len(text) <= 60 else text[:59] + "…"


def pin_comment(snapshot: Snapshot, document: Document, state: TargetState) -> TextEdit | None:
    """The example of a class above it, or one to be completed; None where the document has no such class, or is none to
    write to.
    """
    for definition in reversed(definitions_of(document, state.key.qualname)):
        if can_be_pinned(snapshot, document, definition):
            return _pin(document, definition, pin_of(state) or state.draft or template(document, definition))
    return None


def can_be_pinned(snapshot: Snapshot, document: Document, definition: Definition) -> bool:
    """Whether an example above a definition would be written and found: not in a text without a file, for one."""
    key = TargetKey(document.path, definition.qualname)
    return snapshot.can_edit(document) and key.is_in_file and "<locals>" not in definition.qualname


def _pin(document: Document, definition: Definition, expression: str) -> TextEdit:
    text = document.lines[definition.line - 1]
    indent = text[: len(text) - len(text.lstrip())]
    at = Span(document.path, definition.start_line, 1, definition.start_line, 1)
    first, *more = expression.strip().splitlines()
    comment = "".join(f"{indent}# {line}\n" for line in (f"aotlens: {first}", *more))
    return TextEdit(at, comment)
