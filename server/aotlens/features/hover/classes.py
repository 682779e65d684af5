"""The hover of a class or function that was traced, or of a class that a traced model contains."""

from __future__ import annotations

import os.path
from collections.abc import Iterator

from aotlens.explain.blocks import Block, Code, Facts, Line, Note, Paragraph, line, sentence, some, strong
from aotlens.explain.clusters import rank_in_words
from aotlens.explain.compiled import headings
from aotlens.explain.eager import not_compared_in_words
from aotlens.explain.examples import brief_origin, call_in_brief
from aotlens.explain.graph_summary import graph_facts, map_in_words
from aotlens.explain.kernels import AUTOCAST
from aotlens.explain.phrases import and_more
from aotlens.explain.tables.state import total_of_state
from aotlens.explain.whose import ALONE, names_in, saved_in_words
from aotlens.model.calls import called_context
from aotlens.model.contexts import Context, contexts_of, models_around
from aotlens.model.index import index_of
from aotlens.model.resolve import Resolved
from aotlens.model.snapshot import TargetState
from aotlens.syntax.subjects import ClassSubject, FunctionSubject
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .modules import modules
from .question import Answer, Question

_GRAPHS = 3
"""The most graphs of one target that are described: after graph breaks there are several."""


def class_(question: Question, subject: ClassSubject) -> Answer | None:
    """A traced class, or the instances of a class in a traced model; None if no traced model has it."""
    assert subject.owner is not None
    contexts = contexts_of(question.snapshot, question.document, subject.owner)
    if not contexts:
        return None
    first, *others = contexts
    if first.is_own:
        is_alone = first.is_alone and not all(context.is_own for context in others)
        blocks = target(_title("class", subject.qualname, first), first.state, is_alone=is_alone)
    else:
        blocks = modules(first.state, first.index, first.instances)
    if others:
        blocks += (Paragraph(line("Also ", some([_other(context) for context in others]))),)
    return Answer(blocks, first.state, Resolved(first.state, first.index))


def function(question: Question, subject: FunctionSubject) -> Answer | None:
    """A function or method that was called in a trace; None for any other."""
    context = called_context(question.snapshot, question.document, subject.owner, subject.function)
    if context is None:
        return None
    is_alone = bool(models_around(question.snapshot, context.state.key))
    title = _title("function", subject.qualname, context)
    return Answer(target(title, context.state, is_alone=is_alone), context.state)


def _title(kind: str, qualname: str, context: Context) -> Line:
    """The class or function; and the target whose numbers follow, if that is a subclass."""
    is_itself = context.of is None or context.is_alone
    return line(strong(kind), " ", Code(qualname), () if is_itself else line(" in ", Code(context.state.key.qualname)))


def target(title: Line, state: TargetState, *, is_alone: bool = False) -> tuple[Block, ...]:
    """The graphs of a target in numbers, and the call that was traced.

    `is_alone` says that a traced model contains the target, where it has other numbers.
    """
    assert state.map is not None
    blocks: list[Block] = [Facts((title,))]
    blocks += _graphs(state.map, f"{ALONE}: " if is_alone else "")
    if not state.map.graphs and state.map.state:
        blocks.append(Facts((line(total_of_state(state.map.state)),)))
    if brief := call_in_brief(state.map):
        verb = "Traced as " if state.map.graphs else "Called as "
        blocks.append(Paragraph(line(verb, Code(brief), *_origin(state.map))))
    if (words := not_compared_in_words(state.map)) is not None:
        blocks.append(Note(sentence(words)))
    return tuple(blocks)


def _origin(map: DescriptorMap) -> tuple[str, ...]:
    """The origin of the example, the mode of the module, and whose autocast it is: ` · pinned · train`."""
    example = map.example
    if example is None:
        return ()
    rank = rank_in_words(example.options.world) if example.options.world is not None else None
    autocast = AUTOCAST if map.autocast_of_cuda else ""
    parts = (brief_origin(example, os.path.basename), rank, example.mode, autocast)
    return tuple(f" · {words}" for words in parts if words)


def _graphs(map: DescriptorMap, whose: str) -> Iterator[Block]:
    """The numbers of each graph; of several, below those of all together. `whose` stands before them."""
    index, texts = index_of(map), headings(map.graphs)
    if len(map.graphs) > 1:
        yield Paragraph(line(whose, map_in_words(map)))
        whose = ""
    for graph, text in zip(map.graphs[:_GRAPHS], texts):
        first, *more = [line(fact) for fact in graph_facts(graph, index)]
        facts = [line(whose, first), *more]
        yield Facts((line(strong(text)), *facts) if text else tuple(facts))
    if len(map.graphs) > _GRAPHS:
        yield Paragraph(line(and_more(len(map.graphs) - _GRAPHS, "graph")))


def _other(context: Context) -> Line:
    """Another model that has the class, with the bytes that it saves there; or its own trace, without a model."""
    saved = saved_in_words(context)
    model = Code(context.state.key.qualname)
    if context.is_alone:
        where = line(ALONE)
    else:
        where = line("in ", model, " itself") if context.is_own else line("in ", Code(names_in(context)), " of ", model)
    return line(where, f" ({saved})" if saved else "")
