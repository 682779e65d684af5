"""The hover of a descriptor in any text: `ParamAOTInput(target='w')`, `__grad(…)`, or the name of its class alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.explain.blocks import Block, Code, Facts, Line, Note, Paragraph, line, sentence, strong
from aotlens.explain.conventions import numbering
from aotlens.explain.gradients import meaning_of
from aotlens.explain.nesting import nesting_in_words
from aotlens.explain.numberings import why_unknown
from aotlens.explain.pass_code import no_state_in_words, not_captured_in_words
from aotlens.explain.phrases import and_more, type_of
from aotlens.explain.slots import node_in_words
from aotlens.explain.subclasses import piece_of_in_words
from aotlens.explain.unknown import in_pieces, no_such_slot
from aotlens.explain.words import describe, legend
from aotlens.logs.descriptor_text import read_descriptor
from aotlens.model.descriptor_nesting import exported_only, illegal_nesting
from aotlens.model.descriptors import STAGES, STATE
from aotlens.model.index import index_of
from aotlens.model.numbering import Told, told_at, told_by_descriptor
from aotlens.model.resolve import Resolved, in_question
from aotlens.model.slots import Entry, Result, made_at
from aotlens.syntax.subjects import DescriptorSubject
from aotlens_tracer.wire.descriptor_map import Descriptor, Input
from aotlens_tracer.wire.input_roles import owner_of, path_text

from .question import Answer, Question

_SLOTS = 4
"""The most slots that are listed."""


def descriptor(question: Question, subject: DescriptorSubject) -> Answer | None:
    """The meaning of a descriptor, and the slots of traced targets that have it; None if the text is no descriptor."""
    read = read_descriptor(subject.text)
    told = told_at(question.document, question.line, question.column)
    if read is None:
        if subject.text not in STAGES:
            return None
        return Answer((Paragraph(sentence(legend(subject.text))), *_never(subject.text, told)))
    exact = Paragraph(line(Code(read.descriptor)))
    problem = illegal_nesting(read)
    if problem is not None:
        words = sentence(nesting_in_words(problem))
        return Answer((Paragraph(line(strong("illegal nesting"), " ", words)), exact))
    found = question.resolved(subject)
    never = _never(exported_only(read), told)
    told = told_by_descriptor(read.descriptor, told)
    states = in_question(question.snapshot, question.document, subject, found)
    unknown = told.not_known_of(states[0]) if len(states) == 1 else []
    notes = [why_unknown(question.snapshot, state, convention) for state, convention in unknown]
    wants = states[0].key if len(states) == 1 and told.wants(states[0]) else None
    if not found:
        blocks: list[Block] = [Paragraph(sentence(describe(read))), *notes]
        if question.snapshot.maps() and not notes and not never:
            is_known = any(one.map is not None for state in question.snapshot.maps() for one in told.shown(state))
            words = no_such_slot() if is_known else not_captured_in_words(told.convention or "export", None)
            blocks += list(_in_pieces(question, read, told)) or [Note(words)]
        return Answer((*blocks, *never, exact), wants=wants, unknown=tuple(unknown))
    every = [(each, item) for each in found for item in each.items]
    meanings: dict[str, list[Facts]] = {}
    for each, item in every[:_SLOTS]:
        meanings.setdefault(meaning_of(item, each.index), []).append(Facts(_facts(question, each, item)))
    blocks = []
    for meaning, facts in meanings.items():
        blocks += [Paragraph(sentence(meaning)), *facts]
    if len(every) > _SLOTS:
        blocks.append(Paragraph(line(and_more(len(every) - _SLOTS, "slot"))))
    named = next((one for one in found if question.is_shown(one)), None)
    return Answer((*blocks, *notes, *never, exact), found[0].state, named, wants, tuple(unknown))


def _in_pieces(question: Question, read: Descriptor, told: Told) -> Iterator[Block]:
    """The pieces that graphs have of a tensor subclass that a descriptor is about."""
    wanted, whole = path_text(read), owner_of(read)
    for state in question.snapshot.maps():
        for shown in told.shown(state):
            if shown.map is None:
                continue
            index = index_of(shown.map)
            if pieces := index.pieces.get(read.descriptor):
                yield Note(in_pieces(state.key.qualname, _labels(pieces)))
            elif wanted and (pieces := index.pieces.get(whole.descriptor)):
                yield Note(in_pieces(state.key.qualname, _labels(pieces), wanted))


def _labels(items: Sequence[Entry | Result]) -> list[str]:
    return list(dict.fromkeys(item.slot.label for item in items))


def _never(kind: str | None, told: Told) -> tuple[Block, ...]:
    """A note on a class that the graphs do not have that the text around is about."""
    return (Note(no_state_in_words((kind,))),) if kind in STATE and told.convention == "compile" else ()


def _facts(question: Question, found: Resolved, item: Entry | Result) -> tuple[Line, ...]:
    """A slot of a target that has the descriptor."""
    slot = item.slot
    of = line(node_in_words(item, found.index), " of ", Code(found.state.key.qualname))
    facts = [of, line(Code(slot.label)), type_of(slot, item.graph), piece_of_in_words(slot, item.graph)]
    if place := question.place(found.state, made_at(slot) if isinstance(slot, Input) else None):
        facts.append(line("made at ", place))
    facts.append(line(numbering(found.state.convention)))
    return tuple(filter(None, facts))
