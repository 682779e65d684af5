"""Hovers: what stands under the cursor, in the graph of the model that was traced.

The first line says what it is; a table comes only where there are several rows, and no more than a screen can hold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import PurePath

from aotlens.explain.content import call_in_brief, plural
from aotlens.explain.nesting import nesting_in_words
from aotlens.explain.partitioners import for_backward
from aotlens.explain.render.markdown import code, prose
from aotlens.explain.shapes import bytes_in_words, dtype_in_brief, tensor_in_brief
from aotlens.explain.signature import about, aliases_at, kept_differences
from aotlens.explain.words import describe, legend, meaning, name, role
from aotlens.features.summary import (
    change_in_words,
    failure_in_words,
    graph_in_words,
    inside_in_words,
    operations_in_words,
    state_in_words,
    untraced_in_words,
)
from aotlens.model.contexts import Context, context_of, contexts_of, first_that_knows, folded, function_context
from aotlens.model.descriptor_nesting import illegal_nesting
from aotlens.model.descriptor_text import read_descriptor
from aotlens.model.descriptors import STAGES
from aotlens.model.duplicates import replacement
from aotlens.model.folding import Folded, all_names, fold, names_in_brief, numbers_in_brief, unfold
from aotlens.model.index import Entry, MapIndex, Named, Result, distinct, fqn_of, gradient_of, index_of
from aotlens.model.prices import in_words
from aotlens.model.resolve import Meant, births_at, called, called_context, meant
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.signatures import function_node, parameters_of
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    DescriptorSubject,
    FunctionSubject,
    GraphNameSubject,
    LineSubject,
    ReturnSubject,
    StringSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Input, Output, Saved, Slot, Span

ROWS = 8
"""How many rows a table in a hover has at most."""


@dataclass(frozen=True)
class Hover:
    """What to show, in markdown, and what it is about."""

    markdown: str
    span: Span
    key: TargetKey | None = None
    labels: tuple[str, ...] = ()


Address = Callable[[Span], str]
"""Where a link to a span leads."""


def hover(
    snapshot: Snapshot, document: Document, line: int, column: int, address: Address | None = None
) -> Hover | None:
    """What is known of what stands at a position; None where there is nothing to say.

    With `address`, places are links.
    """
    subjects = subjects_at(document, line, column)
    asked = _Asked(snapshot, document, line, column, address)
    for subject in subjects:
        if markdown := asked.answer(subject):
            return Hover(markdown, subject.span, *asked.about(subject))
    for subject in subjects:
        if markdown := asked.silence(subject):
            return Hover(markdown, subject.span)
    return None


@dataclass(frozen=True)
class _Asked:
    snapshot: Snapshot
    document: Document
    line: int
    column: int
    address: Address | None

    def about(self, subject: Subject) -> tuple[TargetKey | None, tuple[str, ...]]:
        """The target that answers for a subject, and the labels of the slots that it is."""
        if isinstance(subject, ClassSubject) and subject.owner is not None:
            context = context_of(self.snapshot, self.document, subject.owner)
            return (context.state.key if context is not None else None), ()
        if not isinstance(
            subject,
            (AttributeSubject, CreationSubject, ArgumentSubject, StringSubject, GraphNameSubject, DescriptorSubject),
        ):
            return None, ()
        for found in self._meant(subject):
            slots = [item.slot for item in (*found.entries, *found.results) if item.slot.descriptor is not None]
            return found.state.key, tuple(dict.fromkeys(slot.label for slot in slots))
        return None, ()

    def answer(self, subject: Subject) -> str:
        """The hover for a subject; empty where the maps do not know it."""
        if isinstance(subject, ClassSubject):
            return self._class(subject)
        if isinstance(subject, FunctionSubject):
            return self._function(subject)
        if isinstance(subject, ReturnSubject):
            return self._return(subject)
        if isinstance(subject, LineSubject):
            return self._line(subject)
        if isinstance(subject, DescriptorSubject):
            return self._descriptor(subject)
        found = self._meant(subject)
        if not found:
            return self._not_an_input(subject) if isinstance(subject, ArgumentSubject) else ""
        if isinstance(subject, GraphNameSubject):
            return self._graph_name(subject, found)
        if isinstance(subject, ArgumentSubject):
            return self._argument(subject, found[0])
        text = self._named(found[0])
        others = [code(other.state.key.qualname) for other in found[1:]]
        return f"{text}\n\nAlso in {_some(others)}" if others else text

    def silence(self, subject: Subject) -> str:
        """Why there is no answer, where one could be expected."""
        if isinstance(subject, ArgumentSubject) and subject.function.partition(".")[0] == "__init__":
            return ""
        kinds = (ClassSubject, AttributeSubject, CreationSubject, ArgumentSubject, ReturnSubject, FunctionSubject)
        if not isinstance(subject, kinds):
            return ""
        if subject.owner is not None:
            return self._why_not_traced(subject.owner.qualname, subject)
        if isinstance(subject, (FunctionSubject, ArgumentSubject, ReturnSubject)):
            return self._why_not_traced(subject.function, subject)
        return ""

    def _meant(self, subject: Subject) -> tuple[Meant, ...]:
        return meant(self.snapshot, self.document, subject, self.line, self.column)

    def _why_not_traced(self, qualname: str, subject: Subject) -> str:
        owner = subject.owner
        if owner is not None and (kept := replacement(self.snapshot, self.document, owner.qualname, owner.line)):
            return f"*{code(owner.qualname)} is replaced by the definition in line {kept.line}.*"
        context = context_of(self.snapshot, self.document, owner) if owner is not None else None
        if context is not None and isinstance(subject, ArgumentSubject):
            if context.is_own or subject.function != "forward" or subject.path:
                return ""
            name = code(context.state.key.qualname)
            return f"**argument** {code(subject.label)} · of a call inside {name}: only its own arguments are inputs"
        if context is not None:
            is_new = self.snapshot.then(context.state, self.document.path, self.line, self.column) is None
            if is_new and context.state.stale and isinstance(subject, (CreationSubject, AttributeSubject)):
                return f"*Newer than the last trace of {code(context.state.key.qualname)}.*"
            return ""
        state = self.snapshot.states.get(TargetKey(self.document.path, qualname))
        if state is None or state.map is not None:
            return ""
        name = code(qualname)
        if self.snapshot.trusted and state.status == "failed" and state.failure is not None:
            return f"*{name} could not be traced: {prose(failure_in_words(state.failure))}*"
        if self.snapshot.trusted and (words := state_in_words(state)) is not None:
            return f"*{name}: {words}*"
        return f"*{name} is {untraced_in_words(self.snapshot, state)}.*"

    def _class(self, subject: ClassSubject) -> str:
        assert subject.owner is not None
        contexts = contexts_of(self.snapshot, self.document, subject.owner)
        if not contexts:
            return ""
        first, *others = contexts
        if first.is_own:
            text = self._target(f"**class** {code(subject.qualname)}", first.state)
        else:
            text = self._modules(first.state, first.index, first.instances)
        if others:
            places = [
                f"{code(other.label)} of {code(other.state.key.qualname)}"
                if not other.is_own
                else f"{code(other.state.key.qualname)} itself"
                for other in others
            ]
            text += f"\n\nAlso in {_some(places)}"
        return text + self._stale(first.state)

    def _function(self, subject: FunctionSubject) -> str:
        context = called_context(self.snapshot, self.document, subject.owner, subject.function)
        if context is None:
            return ""
        return self._target(f"**function** {code(subject.qualname)}", context.state) + self._stale(context.state)

    def _target(self, lead: str, state: TargetState) -> str:
        assert state.map is not None
        graphs = [graph_in_words(graph) for graph in state.map.graphs]
        text = f"{lead} · {len(graphs)} graphs" if len(graphs) > 1 else lead
        text += "".join(f"\n\n{graph}" for graph in graphs[:3])
        brief = call_in_brief(state.map)
        return text + (f"\n\nTraced as {code(brief)}" if brief else "")

    def _named(self, found: Meant) -> str:
        """Modules, parameters and buffers by their names."""
        modules = [named for named in found.named if named.module is not None or not named.entries]
        if modules:
            if found.named[0].name == "" and len(found.named) == 1:
                text = self._target(f"**module** {code(found.state.key.qualname)}", found.state)
            else:
                text = self._modules(found.state, found.index, modules)
        else:
            # A second name of a tied parameter may have no input of its own: then it is shown under that name.
            other = {id(e.slot): each.name for each in found.named for e in each.entries if fqn_of(e.slot) != each.name}
            text = self._inputs(found, found.entries, lambda entry: other.get(id(entry.slot), entry.slot.label))
        return text + self._stale(found.state)

    def _modules(self, state: TargetState, index: MapIndex, modules: Sequence[Named]) -> str:
        key = (state.key.qualname, *(named.name for named in modules))
        return index.once(key, lambda: self._modules_anew(state, index, modules))

    def _modules_anew(self, state: TargetState, index: MapIndex, modules: Sequence[Named]) -> str:
        kinds = list(dict.fromkeys(named.module.type for named in modules if named.module is not None))
        head = f"**module** {folded((named.name for named in modules), code)} of {code(state.key.qualname)}"
        if kinds:
            head += f" · {_some([code(kind) for kind in kinds])}"
        if len(modules) > 1:
            head += f" · {len(modules)} instances"
        relative: dict[int, str] = {}
        for named in modules:
            for entry in named.below():
                # Under the second name of a shared module its parameters have the names of the first.
                label = entry.slot.label
                relative[id(entry.slot)] = label.removeprefix(f"{named.name}.") if named.name else label
        entries = distinct((e for named in modules for e in named.below()), key=lambda entry: id(entry.slot))
        if not entries:
            return f"{head}\n\nNo parameters, no buffers"
        entries.sort(key=lambda entry: entry.slot.index)
        rows = self._rows(index, entries, lambda entry: relative[id(entry.slot)])
        if len(rows) == 1:
            slot = rows[0].first.slot
            facts = [f"{role(slot.kind, slot.fields)} {code(rows[0].label)} {_type(slot)}", _nodes(rows[0])]
            if gradient := self._gradient_in_words(rows[0].rows, index):
                facts.append(gradient)
            return f"{head}\n\n{' · '.join(facts)}\n\n{_exact(rows[0])}"
        parameters = [entry for entry in entries if entry.slot.kind != "BufferAOTInput"]
        total = _bytes(parameters)
        text = f"{head}\n\n{_table(rows, index)}"
        if len(parameters) > 1 and total is not None:
            each = "" if len(modules) == 1 else " in all"
            text += f"\n\n{len(parameters)} parameters{each}, {bytes_in_words(total)}"
        return text

    def _rows(self, index: MapIndex, entries: Iterable[Entry], label: Callable[[Entry], str]) -> list[Folded[Entry]]:
        return fold(
            entries,
            key=lambda entry: (
                role(entry.slot.kind, entry.slot.fields),
                tensor_in_brief(entry.slot.dtype, entry.slot.shape),
                gradient_of(entry, index),
                entry.slot.mutation is not None,
                bool(entry.slot.tied_to),
            ),
            label=label,
        )

    def _inputs(self, found: Meant, entries: Sequence[Entry], label: Callable[[Entry], str], lead: str = "") -> str:
        """Inputs: one row in a few lines, several in a table."""
        rows = self._rows(found.index, entries, label)
        of = f" of {code(found.state.key.qualname)}"
        if len(rows) != 1:
            names = dict.fromkeys(row.label for row in rows)
            head = f"{lead or '**inputs** ' + code(', '.join(list(names)[:2]))}{of} · {len(entries)} inputs"
            return f"{head}\n\n{_table(rows, found.index)}"
        row = rows[0]
        first = row.first
        slot = first.slot
        what = role(slot.kind, slot.fields)
        parts = [f"**{what}** {code(row.label)}{of}"]
        if slot.dtype is not None:
            parts.append(code(tensor_in_brief(slot.dtype, slot.shape)))
        size = _bytes([first])
        if size is not None:
            parts.append(f"{row.count} × {bytes_in_words(size)}" if row.count > 1 else bytes_in_words(size))
        facts = [_nodes(row)]
        if gradient := self._gradient_in_words(row.rows, found.index):
            facts.append(gradient)
        if slot.definition is not None:
            place = self.snapshot.now(found.state, slot.definition)
            if place is not None and (place.path, place.line) != (self.document.path, self.line):
                facts.append(f"made at {self._place(place)}")
        if slot.tied_to and gradient_of(first, found.index) != "tied":
            facts.append(f"tied to {_some([code(name) for name in slot.tied_to])}")
        if slot.stands_for:
            facts.append(f"in place of {', '.join(map(code, slot.stands_for))}")
        lines = [" · ".join(parts), " · ".join(facts)]
        if mutation := self._mutation(row.rows, found):
            lines.append(mutation)
        if slot.descriptor is not None:
            lines.append(_exact(row))
        return "\n\n".join(lines)

    def _mutation(self, entries: Sequence[Entry], found: Meant) -> str:
        """What changes inputs in place, and what comes of it; which arguments an input stands for, and why."""
        outputs = [entry.mutation for entry in entries if entry.mutation is not None]
        lines = []
        if outputs:
            changed = dict.fromkeys(span for entry in entries for span in entry.slot.changed_at)
            spans = list(changed) or [outputs[0].source]
            places = [self.snapshot.now(found.state, span) for span in spans if span is not None]
            by = f" by {_some([self._place(place) for place in places if place is not None])}" if any(places) else ""
            number = numbers_in_brief([output.index for output in outputs])
            lines.append(f"**changed in place**{by}: the graph returns its new value as {_output(number, outputs)}")
        first = entries[0]
        if first.slot.stands_for:
            reasons = about(kept_differences(found.index, first.graph), first.slot)
            lines += [prose(reason.text) for reason in reasons if not reason.outputs]
        return "\n\n".join(lines)

    def _gradient_in_words(self, entries: Sequence[Entry], index: MapIndex) -> str:
        first = entries[0]
        short = gradient_of(first, index)
        if short == "yes":
            outputs = [entry.gradient for entry in entries if entry.gradient is not None]
            verb = "gradient is" if len(outputs) == 1 else "gradients are"
            return f"{verb} {_output(numbers_in_brief([output.index for output in outputs]), outputs)}"
        if short == "none":
            reason = _reason(first, index)
            return f"**no gradient**{f': {prose(reason)}' if reason else ''}"
        if short == "tied":
            return f"tied to {code(first.slot.tied_to[0])}, whose gradient is that of both"
        if short == "frozen":
            return "no gradient: `requires_grad` is False"
        if not first.graph.joint:
            reason = _reason(first, index) if first.slot.kind == "ParamAOTInput" else None
            return f"forward only, no gradient{f': {prose(reason)}' if reason else 's'}" if reason is not None else ""
        if first.slot.kind == "PlainAOTInput" and first.slot.requires_grad is False:
            return "requires no gradient"
        return ""

    def _argument(self, subject: ArgumentSubject, found: Meant) -> str:
        labels = {id(item.slot): label for item, label in zip(found.items, found.labels)}
        where = called(found.state) if subject.owner is not None else ""
        text = self._inputs(
            found,
            found.entries,
            lambda entry: labels.get(id(entry.slot), entry.slot.label),
            lead=f"**argument** {code(subject.label)}",
        )
        if where not in ("", "forward"):
            text = text.replace(f" of {code(found.state.key.qualname)}", f" of {code(_qualname(subject))}", 1)
        return text + self._stale(found.state)

    def _not_an_input(self, subject: ArgumentSubject) -> str:
        """An argument that the graph has no input for: no tensor, or not given."""
        context = called_context(self.snapshot, self.document, subject.owner, subject.function)
        if context is None or subject.path or context.state.map is None:
            return ""
        example = context.state.map.example
        value = next((a.value for a in example.arguments if a.name == subject.name), None) if example else None
        if value is None:
            default = self._default(subject)
            more = f", its default {code(default)} is part of the graph" if default is not None else ""
            return f"**argument** {code(subject.name)} · not given in the traced call{more}"
        return f"**argument** {code(subject.name)} · no input of the graph, which holds for {code(value)} alone"

    def _default(self, subject: ArgumentSubject) -> str | None:
        """The default of an argument, as it is written."""
        own = [d.line for d in self.document.definitions if d.qualname == subject.function]
        line = subject.owner.line if subject.owner is not None else own[0] if own else None
        node = function_node(self.document, line, subject.function) if line is not None else None
        parameters = parameters_of(node) if node is not None else ()
        return next((p.default for p in parameters if p.name == subject.name), None)

    def _graph_name(self, subject: GraphNameSubject, found: Sequence[Meant]) -> str:
        if len(found) == 1:
            return self._slot(found[0], found[0].items[0]) + self._stale(found[0].state)
        rows = [
            (code(item.state.key.qualname), code(item.items[0].slot.label), _type(item.items[0].slot))
            for item in found[:ROWS]
        ]
        head = f"**{code(subject.name)}** in {len(found)} traced targets"
        return f"{head}\n\n{_markdown_table(('target', 'input', 'type'), rows)}{_more(len(found) - ROWS, 'target')}"

    def _slot(self, found: Meant, item: Entry | Result) -> str:
        """One slot by itself."""
        slot = item.slot
        if isinstance(item, Entry) and item.slot.tangent_of is None:
            return self._inputs(found, [item], lambda entry: entry.slot.label)
        parts = [f"**{role(slot.kind, slot.fields)}** {code(slot.label)} of {code(found.state.key.qualname)}"]
        if slot.dtype is not None:
            parts.append(code(tensor_in_brief(slot.dtype, slot.shape)))
        if isinstance(item, Entry):
            facts = [f"input {code(slot.node or '—')}"]
            source = item.graph.outputs[item.slot.tangent_of].source if item.slot.tangent_of is not None else None
        else:
            facts = [_output(str(slot.index), [item.slot])]
            source = item.slot.source
            if item.tangent is not None:
                facts.append(f"its gradient comes in as {code(item.tangent.node or '—')}")
            if item.slot.gradient_of is not None:
                facts.append(f"for input {code(item.graph.inputs[item.slot.gradient_of].node or '—')}")
        place = self.snapshot.now(found.state, source) if source is not None else None
        if place is not None:
            facts.append(f"computed at {self._place(place)}")
        lines = [" · ".join(parts), " · ".join(facts)]
        if slot.kind != "PlainAOTOutput":  # of which there is nothing more to say
            lines.append(self._meaning(found, item))
        if slot.descriptor is not None:
            lines.append(code(slot.descriptor))
        return "\n\n".join(lines)

    def _meaning(self, found: Meant, item: Entry | Result) -> str:
        """What a slot is; of a gradient that does not exist, why."""
        labels = found.index.labels(item.graph)
        descriptor = item.slot.as_descriptor()
        if isinstance(item, Result) and item.slot.node is None and item.slot.gradient_of is not None and descriptor:
            entry = Entry(item.graph, item.graph.inputs[item.slot.gradient_of])
            noun = name(descriptor, labels)
            why = self._gradient_in_words([entry], found.index).removeprefix("**no gradient**").lstrip(": ")
            return f"{noun[:1].upper()}{noun[1:]} does not exist: {why or 'no gradient reaches it from the outputs'}"
        return meaning(item.slot, labels)

    def _return(self, subject: ReturnSubject) -> str:
        context = called_context(self.snapshot, self.document, subject.owner, subject.function)
        if context is None or not context.index.outputs:
            return ""
        found = Meant(context.state, context.index, items=context.index.outputs)
        line = LineSubject(subject.owner, subject.function, subject.span)
        blocks = [self._results(found), self._line_facts(line)]
        return "\n\n".join(block for block in blocks if block) + self._stale(context.state)

    def _results(self, found: Meant) -> str:
        results = found.results
        if len(results) == 1:
            return self._slot(found, results[0])
        costs = {price.output: in_words(price) for price in found.index.prices(results[0].graph)}
        rows = fold(
            results,
            key=lambda result: (
                _type(result.slot),
                result.tangent is None,
                costs.get(result.slot.index),
                self._linked(found, result.slot.source),
            ),
            label=lambda result: result.slot.label,
        )
        cells = [
            (
                code(row.label),
                _type(row.first.slot),
                code(names_in_brief([result.slot.node for result in row.rows])),
                code(names_in_brief([r.tangent.node for r in row.rows if r.tangent is not None]))
                if row.first.tangent is not None
                else "—",
                self._linked(found, row.first.slot.source),
                *((costs.get(row.first.slot.index, "—") + (" each" if row.count > 1 else ""),) if costs else ()),
            )
            for row in rows[:ROWS]
        ]
        head = f"**outputs** of {code(found.state.key.qualname)}"
        reasons = distinct(
            (each for item in results for each in about(kept_differences(found.index, item.graph), item.slot)), key=id
        )
        why = "".join(f"\n\n{prose(reason.text)}" for reason in reasons[:ROWS])
        titles = ("output", "type", "node", "tangent", "computed at", *(("for it alone",) if costs else ()))
        table = _markdown_table(titles, cells)
        return f"{head}\n\n{table}{_more(sum(row.count for row in rows[ROWS:]), 'output')}{why}"

    def _linked(self, found: Meant, span: Span | None) -> str:
        place = self.snapshot.now(found.state, span) if span is not None else None
        return self._place(place) if place is not None else "—"

    def _place(self, span: Span) -> str:
        text = code(_place(span))
        return f"[{text}]({self.address(span)})" if self.address is not None else text

    def _line(self, subject: LineSubject) -> str:
        facts = self._line_facts(subject)
        state = self._line_state(subject)
        return facts + self._stale(state) if facts and state is not None else ""

    def _line_context(self, subject: LineSubject) -> Context | None:
        if subject.owner is not None:
            return context_of(self.snapshot, self.document, subject.owner)
        return function_context(self.snapshot, self.document, subject.function)

    def _line_state(self, subject: LineSubject) -> TargetState | None:
        """The state whose map answers for a line: that of its class, or the first that knows the line at all."""
        context = self._line_context(subject)
        if context is not None:
            return context.state
        return first_that_knows(self.snapshot, self.document, self.line, self.column)

    def _line_facts(self, subject: LineSubject) -> str:
        """What a statement saves for backward, reads, changes and makes."""
        state = self._line_state(subject)
        if state is None or state.map is None:
            return ""
        index, path = index_of(state.map), self.document.path
        lines = self._lines_then(state, subject.span)
        work, inside = index.lines.at(path, lines), index.lines.inside(path, lines)
        blocks = []
        if saved := distinct(work.saved):
            blocks.append(self._saved(saved, state, self._line_context(subject)))
        if reads := index.reads.by(work):
            names = [fqn_of(entry.slot) or entry.slot.label for entry in reads]
            blocks.append(f"reads {folded(dict.fromkeys(names), code)}")
        changed = [e for e in index.entries if any(_on(span, path, lines) for span in e.slot.changed_at)]
        if changed:
            names = [fqn_of(entry.slot) or entry.slot.label for entry in changed]
            blocks.append(f"**changes in place** {folded(dict.fromkeys(names), code)}")
        blocks += [prose(text) for text in aliases_at(index, path, lines)[:ROWS]]
        if work.operations:
            blocks.append(operations_in_words(work.operations))
        if inside.operations:
            blocks.append(inside_in_words(inside, index.lines.modules(inside), state.map.graphs[0]))
        if not blocks:
            births = births_at(self.snapshot, state, index, path, self.line, self.column)
            if births:
                return self._named_without_stale(Meant(state, index, tuple(birth.named for birth in births)))
            return ""
        if not saved:
            blocks[0] = f"**line** of {code(state.key.qualname)} · {blocks[0]}"
            if _is_joint(state) and work.operations:
                blocks[0] += f" · saves nothing {for_backward(state.map.graphs[0])}"
        return "\n\n".join(blocks)

    def _named_without_stale(self, found: Meant) -> str:
        return self._named(found).removesuffix(self._stale(found.state))

    def _lines_then(self, state: TargetState, span: Span) -> list[int]:
        """The lines of a span of today's text that were there when the map was made, as they were numbered then."""
        found = []
        for number in range(span.line, (span.end_line or span.line) + 1):
            text = self.document.line(number)
            then = self.snapshot.then(state, span.path, number, len(text) - len(text.lstrip()) + 1)
            if then is not None:
                found.append(then[0])
        return found

    def _saved(self, saved: Sequence[Saved], state: TargetState, context: Context | None) -> str:
        rows = fold(
            saved, key=lambda value: (value.bytes, value.dtype, value.shape), label=lambda value: _brief(value.label)
        )
        rows.sort(key=lambda row: -sum(value.bytes or 0 for value in row.rows))
        total = bytes_in_words(sum(value.bytes or 0 for value in saved))
        kept = for_backward(state.map.graphs[0]) if state.map is not None else "for backward"
        head = f"**saves {total} {kept}** in {code(state.key.qualname)}"
        count = len(context.instances) if context is not None else 1
        if count > 1:
            head += f" · {count} instances"
        if len(rows) == 1:
            row = rows[0]
            times = f"{row.count} × " if row.count > 1 else ""
            return f"{head}\n\n{times}{_type(row.first)} {code(row.label)}, {' '.join(_keeper(row.rows))}"
        cells = [
            (
                bytes_in_words(sum(value.bytes or 0 for value in row.rows)),
                f"×{row.count}" if row.count > 1 else "",
                _type(row.first),
                code(row.label),
                _keeper(row.rows)[1],
            )
            for row in rows[:ROWS]
        ]
        table = _markdown_table(("bytes", "", "type", "value", _keeper(saved)[0]), cells)
        rest = [value for row in rows[ROWS:] for value in row.rows]
        more = f"{_more(len(rest), 'value')}, {bytes_in_words(sum(v.bytes or 0 for v in rest))}" if rest else ""
        return f"{head}\n\n{table}{more}"

    def _descriptor(self, subject: DescriptorSubject) -> str:
        descriptor = read_descriptor(subject.text)
        if descriptor is None:
            return prose(legend(subject.text)) if subject.text in STAGES else ""
        problem = illegal_nesting(descriptor)
        if problem is not None:
            return f"**illegal nesting** {nesting_in_words(problem)}\n\n{code(descriptor.descriptor)}"
        found = self._meant(subject)
        blocks = [self._meaning(found[0], found[0].items[0]) if found else describe(descriptor)]
        if not found and self.snapshot.maps():
            blocks.append("*No traced target has such a slot.*")
        for item in found[:3]:
            slot = item.items[0].slot
            what = (
                f"input {code(slot.node or '—')}"
                if isinstance(item.items[0], Entry)
                else _output(str(slot.index), [item.items[0].slot])
            )
            facts = [f"{what} of {code(item.state.key.qualname)}", code(slot.label), _type(slot)]
            definition = slot.definition if isinstance(slot, Input) else None
            place = self.snapshot.now(item.state, definition) if definition is not None else None
            if place is not None:
                facts.append(f"made at {self._place(place)}")
            blocks.append(" · ".join(facts))
        if len(found) > 3:
            blocks[-1] += _more(len(found) - 3, "target")
        blocks.append(code(descriptor.descriptor))
        stale = self._stale(found[0].state) if found else ""
        return "\n\n".join(blocks) + stale

    def _stale(self, state: TargetState) -> str:
        """One line that says that the map is not of today's text."""
        if not state.stale:
            return ""
        if state.failure is not None:
            return f"\n\n*Stale: the last trace failed: {prose(failure_in_words(state.failure))}*"
        return f"\n\n*Stale: {change_in_words(state)} since this was traced.*"


def _table(rows: Sequence[Folded[Entry]], index: MapIndex) -> str:
    """A table of inputs. What has no room in it is counted, or named where there is something to tell of it."""
    shown = _chosen(rows, index)
    notes = [_note(row.first, index) for row in shown]
    cells = []
    for row, note in zip(shown, notes):
        gradient = gradient_of(row.first, index)
        words = {"none": "**none**", "": "—", "tied": f"in that of {code(''.join(row.first.slot.tied_to[:1]))}"}
        nodes = code(names_in_brief([entry.slot.node for entry in row.rows]))
        cell = (nodes, code(row.label), _type(row.first.slot), words.get(gradient, gradient))
        cells.append((*cell, note) if any(notes) else cell)
    titles = ("input", "name", "type", "gradient", *(("notes",) if any(notes) else ()))
    rest = [row for row in rows if row not in shown]
    return "\n\n".join([_markdown_table(titles, cells), *_left_out(rest, index)])


def _chosen(rows: Sequence[Folded[Entry]], index: MapIndex) -> list[Folded[Entry]]:
    """The rows that a table has room for: what has something to tell goes before what has not, all in their order."""
    if len(rows) <= ROWS:
        return list(rows)
    telling = [row for row in rows if _is_telling(row.first, index)]
    if len(telling) > ROWS:  # the buffers of batch norms, say: these are named in fewer words below the table
        telling = [row for row in telling if row.first.slot.mutation is None][:ROWS]
    usual = [row for row in rows if not _is_telling(row.first, index)]
    chosen = telling + usual[: ROWS - len(telling)]
    return [row for row in rows if row in chosen]


def _is_telling(entry: Entry, index: MapIndex) -> bool:
    """Whether there is more to an input than that it is one: no gradient, changed in place, tied."""
    slot = entry.slot
    return gradient_of(entry, index) in ("none", "tied") or slot.mutation is not None or bool(slot.tied_to)


def _left_out(rows: Sequence[Folded[Entry]], index: MapIndex) -> Iterator[str]:
    """`… and 14 more: 12 parameters with a gradient, 2 buffers`; `… and 2 buffers, changed in place: bn.{mean,var}`."""
    states = {"yes": "{} with a gradient", "frozen": "frozen {}"}
    usual: Counter[tuple[str, str]] = Counter()
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        entry = row.first
        what, gradient = role(entry.slot.kind, entry.slot.fields), gradient_of(entry, index)
        if not _is_telling(entry, index):
            usual[what, states.get(gradient, "{}")] += row.count
            continue
        lead = "no gradient" if gradient == "none" else _note(entry, index) or f"tied to {code(entry.slot.tied_to[0])}"
        told.setdefault((lead, what), []).extend(unfold(row))
    parts = [f"{count} {state.format(plural(what, count))}" for (what, state), count in usual.items()]
    if len(parts) == 1:
        yield f"… and {parts[0].replace(' ', ' more ', 1)}"
    elif parts:
        yield f"… and {sum(usual.values())} more: {', '.join(parts)}"
    for (lead, what), names in told.items():
        count = len(names)
        yield f"… and {count} {plural(what, count)}, **{lead}**: {', '.join(map(code, all_names(names)))}"


def _note(entry: Entry, index: MapIndex) -> str:
    slot = entry.slot
    changed = "changed in place" if slot.mutation is not None else ""
    is_told = gradient_of(entry, index) == "tied"
    tied = f"tied to {code(slot.tied_to[0])}" if slot.tied_to and not is_told else ""
    return ", ".join(part for part in (changed, tied) if part)


def _nodes(row: Folded[Entry]) -> str:
    return f"input{'s' if row.count > 1 else ''} {code(names_in_brief([entry.slot.node for entry in row.rows]))}"


def _exact(row: Folded[Entry]) -> str:
    """The exact descriptor of a row's first slot."""
    return code(row.first.slot.descriptor or "") + (f" and {row.count - 1} more" if row.count > 1 else "")


def _markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    # A bar ends a cell even inside a code span.
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _reason(entry: Entry, index: MapIndex) -> str:
    reason = index.reasons.get(fqn_of(entry.slot) or entry.slot.label)
    if reason is None and entry.slot.used is False:
        return "it is never used"
    return reason or ""


def _output(number: str, outputs: Sequence[Output]) -> str:
    """`output 3 (`add_38`)`."""
    nodes = [output.node for output in outputs]
    several = "s" if len(nodes) > 1 else ""
    node = f" ({code(nodes[0])})" if len(nodes) == 1 and nodes[0] else ""
    return f"output{several} {number}{node}"


def _type(slot: Slot | Saved) -> str:
    brief = tensor_in_brief(slot.dtype, slot.shape)
    return code(brief) if brief != "—" else brief


def _keeper(saved: Sequence[Saved]) -> tuple[str, str]:
    """What a saved value is called: its nodes in the graph, or in eager the kinds of autograd nodes that keep it."""
    if any(value.node is not None for value in saved):
        return "node", code(names_in_brief([value.node for value in saved]))
    kinds = dict.fromkeys(name.partition(".")[0] for value in saved for name in value.read_by)
    return "kept by", ", ".join(map(code, kinds)) or "what torch does not name"


def _bytes(entries: Sequence[Entry]) -> int | None:
    """How many bytes inputs have together; None where one of them is no tensor, or its size is symbolic."""
    total = 0
    for entry in entries:
        slot = entry.slot
        bits = re.search(r"\d+", dtype_in_brief(slot.dtype)) if slot.dtype is not None else None
        if bits is None or slot.shape is None or any(isinstance(size, str) for size in slot.shape):
            return None
        total += prod(int(size) for size in slot.shape) * int(bits[0]) // 8
    return total


def _on(span: Span | None, path: str, lines: Sequence[int]) -> bool:
    return span is not None and span.path == path and span.line in lines


def _is_joint(state: TargetState) -> bool:
    return state.map is not None and any(graph.joint and graph.saved is not None for graph in state.map.graphs)


def _qualname(subject: ArgumentSubject) -> str:
    return f"{subject.class_qualname}.{subject.function}" if subject.class_qualname else subject.function


def _brief(label: str) -> str:
    text = " ".join(label.split())
    return text if len(text) <= 60 else text[:59] + "…"


def _place(span: Span) -> str:
    return f"{PurePath(span.path).name}:{span.line}"


def _more(count: int, what: str) -> str:
    return f"\n\n… and {count} more {plural(what, count)}" if count > 0 else ""


def _some(texts: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
