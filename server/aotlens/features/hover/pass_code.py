"""The hover of things in the code of a graph pass: what they are for the graphs of the traced models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.explain.blocks import Block, Code, Facts, Line, Note, Paragraph, line, sentence, strong
from aotlens.explain.pass_code import (
    about_state,
    counted,
    field_in_words,
    hook_in_words,
    lacking_in_words,
    no_state_in_words,
    not_captured_in_words,
    nothing_in_words,
    owners_in_words,
    raised_in_words,
    result_in_words,
    surprise,
    values_in_words,
)
from aotlens.explain.phrases import and_more, folded_names
from aotlens.explain.tables.pass_results import descriptor_table, result_table
from aotlens.explain.words import legend
from aotlens.model.fx_utils import FX_FUNCTIONS, FxFunction, Raised, found_by
from aotlens.model.pass_maps import PassMap, convention_of, pass_maps
from aotlens.model.pass_values import classes_of, classes_with, fields_of, held_by
from aotlens.syntax.pass_kinds import DescriptorValue, FxKey, FxNode, FxTable
from aotlens.syntax.subjects import PassSubject
from aotlens_tracer.wire.descriptor_map import Graph

from .question import FEW, Answer, Question

_GRAPHS = 3
"""The most graphs that are described."""


def pass_code(question: Question, subject: PassSubject) -> Answer | None:
    """The values of an expression in a pass; None for an attribute that no descriptor has."""
    value = subject.value
    if isinstance(value, DescriptorValue) and value.base is not None:
        return _field(question, subject, value)
    maps = pass_maps(question.snapshot, question.document, subject)
    if isinstance(value, DescriptorValue) and not value.function:
        return _answer(maps, (*_descriptor(subject, value, maps), *_remarks(question, subject, maps)))
    function = FX_FUNCTIONS[_function_of(value)]
    return _answer(maps, (*_result(subject, function, maps), *_remarks(question, subject, maps)))


def call_in_brief(question: Question, subject: PassSubject) -> tuple[Block, ...]:
    """The result of a function, or the slots that have a descriptor of a class, without tables."""
    maps = pass_maps(question.snapshot, question.document, subject)
    remarks = _remarks(question, subject, maps)
    if isinstance(subject.value, DescriptorValue):
        (kind,) = subject.value.only[0]
        return (Paragraph(sentence(legend(kind))), *_slots(subject, subject.value, maps, in_full=False), *remarks)
    function = FX_FUNCTIONS[_function_of(subject.value)]
    return (Paragraph(line(result_in_words(function))), *_items(function, maps, in_full=False), *remarks)


def _answer(maps: Sequence[PassMap], blocks: tuple[Block, ...]) -> Answer:
    return Answer(blocks, maps[0].state if maps else None)


def _function_of(value: FxTable | FxNode | FxKey | DescriptorValue) -> str:
    return value.function


def _result(subject: PassSubject, function: FxFunction, maps: Sequence[PassMap]) -> Iterator[Block]:
    """The result of a function of `fx_utils`, or a part of it."""
    yield Facts((_title(subject, function), line(result_in_words(function))))
    yield from _items(function, maps)


def _items(function: FxFunction, maps: Sequence[PassMap], in_full: bool = True) -> Iterator[Block]:
    """The items of the result for each graph: in a table if there is one graph alone, and `in_full`."""
    if (more := surprise(function)) is not None:
        yield Paragraph(line(more))
    graphs = _graphs(maps)
    table: tuple[Block, ...] = ()  # stands below the others, because it may be cut
    for known, graph in graphs[:_GRAPHS]:
        found = found_by(function, graph)
        head = _of(known, graph)
        if isinstance(found, Raised):
            yield Facts((head, raised_in_words(function, found, graph)))
        elif not found:
            yield Facts((head, nothing_in_words(function, known.map.convention)))
        elif in_full and _is_alone(maps, graphs, graph):
            yield Facts((head, line(counted(len(found)))))
            table = result_table(function, found, FEW)
        else:
            yield Facts((head, line(counted(len(found))), folded_names(each.slot.label for each in found)))
    if len(graphs) > _GRAPHS:
        yield Paragraph(line(and_more(len(graphs) - _GRAPHS, "graph")))
    yield from table


def _title(subject: PassSubject, function: FxFunction) -> Line:
    match subject.value:
        case FxNode(part=1):
            return line(strong(function.partner or ""), " ", Code(subject.text), " of ", Code(function.name))
        case FxNode():
            noun = "output" if function.partner == "tangent" else "input"
            return line(strong(noun), " ", Code(subject.text), " of ", Code(function.name))
        case FxKey() | DescriptorValue():
            return line(strong("key"), " ", Code(subject.text), " of ", Code(function.name))
        case FxTable(called=True):
            return line(strong("result"), " ", Code(subject.text), " of ", Code(function.name))
    return line(strong("function"), " ", Code(function.name))


def _descriptor(subject: PassSubject, value: DescriptorValue, maps: Sequence[PassMap]) -> Iterator[Block]:
    """A descriptor that a variable or `node.meta["desc"]` holds."""
    title = line(strong("descriptors" if subject.several else "descriptor"), " ", Code(subject.text))
    written = value.only[-1] if value.only else classes_of(value)
    yield Facts((title, folded_names(written)) if written else (title,))
    yield from _slots(subject, value, maps)


def _slots(
    subject: PassSubject, value: DescriptorValue, maps: Sequence[PassMap], in_full: bool = True
) -> Iterator[Block]:
    """The slots of each graph that have such a descriptor: in a table if there is one graph alone, and `in_full`."""
    graphs = _graphs(maps)
    table: tuple[Block, ...] = ()
    for known, graph in graphs[:_GRAPHS]:
        held = held_by(value, graph)
        head = _of(known, graph)
        if isinstance(held, Raised):
            continue
        if not held:
            yield Facts((head, line("none")))
            continue
        number = str(len(held)) if subject.several else f"one of {len(held)}"
        if in_full and _is_alone(maps, graphs, graph):
            yield Facts((head, line(number)))
            table = descriptor_table(held, FEW)
        else:
            yield Facts((head, line(number), folded_names(each.slot.label for each in held)))
    if len(graphs) > _GRAPHS:
        yield Paragraph(line(and_more(len(graphs) - _GRAPHS, "graph")))
    yield from table


def _field(question: Question, subject: PassSubject, value: DescriptorValue) -> Answer | None:
    """The value of a field of a descriptor."""
    assert value.base is not None
    field = value.field
    if not classes_with(field):
        return None
    classes = classes_of(value.base)
    having = [kind for kind in classes if field in fields_of(kind)]
    title = line(strong("field"), " ", Code(field))
    if not subject.text.endswith(field):
        title = line(strong("value"), " ", Code(subject.text), " of field ", Code(field))
    blocks: list[Block] = [Facts((title, field_in_words(field, having or classes_with(field))))]
    maps = pass_maps(question.snapshot, question.document, subject)
    lacking = [kind for kind in classes if kind not in having]
    seen: list[str] = []
    for known, graph in _graphs(maps)[:_GRAPHS]:
        base = held_by(value.base, graph)
        held = held_by(value, graph)
        if isinstance(base, Raised) or isinstance(held, Raised):
            continue
        seen += [each.descriptor.kind for each in base if each.descriptor is not None]
        head = _of(known, graph)
        blocks.append(Facts((head, values_in_words(field, held) if held else line("none"))))
    if not classes:
        lacking = [kind for kind in dict.fromkeys(seen) if field not in fields_of(kind)]
        blocks.append(Paragraph(line("A field of ", owners_in_words(field))))
    if lacking:
        blocks.append(Paragraph(lacking_in_words(field, lacking)))
    blocks += _remarks(question, subject, maps)
    return _answer(maps, tuple(blocks))


def _remarks(question: Question, subject: PassSubject, maps: Sequence[PassMap]) -> Iterator[Block]:
    """Remarks on what torch.compile makes of the pass, and on the convention that is missing."""
    if subject.hook is not None and (words := hook_in_words(subject.hook)) is not None:
        yield Note(words)
        if subject.hook.graph == "dynamo":
            return
    value: object = subject.value
    while isinstance(value, DescriptorValue) and value.base is not None:
        value = value.base
    classes = _classes(value)
    convention = convention_of(subject)
    # A function that returns nothing for a graph of torch.compile says why itself.
    is_result = not isinstance(subject.value, DescriptorValue) or bool(subject.value.function)
    is_said = is_result and any(one.map.convention == "compile" for one in maps)
    if about_state(classes) and convention != "export" and not is_said:
        yield Note(no_state_in_words(classes))
    elif not maps and convention is not None and question.snapshot.maps():
        yield Note(not_captured_in_words(convention, subject.hook))


def _classes(value: object) -> tuple[str, ...]:
    """The classes of the descriptors that a value has to do with; empty if they may be any."""
    if isinstance(value, DescriptorValue):
        return classes_of(value)
    if isinstance(value, (FxTable, FxNode, FxKey)):
        only = FX_FUNCTIONS[value.function].only
        return (only,) if only is not None else ()
    return ()


def _graphs(maps: Sequence[PassMap]) -> list[tuple[PassMap, Graph]]:
    return [(known, graph) for known in maps for graph in known.map.graphs]


def _of(known: PassMap, graph: Graph) -> Line:
    """`Decoder`, or the graph of several that torch.compile runs for it: `Decoder` under torch.compile, graph `0/0`."""
    name = line("for ", Code(known.state.key.qualname))
    if known.map.convention == "compile":
        name = line(name, " under torch.compile")
    if graph.compiled is not None and len(known.map.graphs) > 1:
        return line(name, ", graph ", Code(graph.compiled.compile_id))
    return name


def _is_alone(maps: Sequence[PassMap], graphs: Sequence[tuple[PassMap, Graph]], graph: Graph) -> bool:
    """Whether a graph is shown with a table: the only one of the shown map of the only target."""
    targets = {known.state.key for known in maps}
    return len(targets) == 1 and graph is graphs[0][1] and len(graphs[0][0].map.graphs) == 1
