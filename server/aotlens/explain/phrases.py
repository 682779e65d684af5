"""Phrases that several hovers have in common: names, types, nodes, outputs and places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from aotlens.explain.brief import in_groups, names_in_brief, numbers_in_brief
from aotlens.model.index import MapIndex
from aotlens.model.slots import Entry, Result
from aotlens_tracer.wire.descriptor_map import Graph, Input, Output, Slot, Span
from aotlens_tracer.wire.input_roles import role_of

from .blocks import NOTHING, Code, Line, Link, codes, line, some
from .compiled import in_graph
from .paths import at_line
from .shapes import slot_in_brief

Item = TypeVar("Item", Entry, Result)


def folded_names(names: Iterable[str]) -> Line:
    """Names as code, similar ones in groups: `blocks.{0..5}.attn`, `head`; the number of those beyond three groups."""
    groups, rest = in_groups(names)
    return line(codes(groups), f" and {rest} more" if rest else "")


def type_of(slot: Slot, graph: Graph) -> Line:
    """The type of an input or output of a graph as code, `f32[2, 16]`; empty if it is not known."""
    brief = slot_in_brief(slot, graph)
    return line(Code(brief)) if brief != NOTHING else ()


def inputs_in_words(entries: Sequence[Entry], index: MapIndex) -> Line:
    """Input `primals_1`, inputs `primals_{1..3}`; of several graphs: inputs `primals_1` in graph 0/0 and …."""
    parts = [
        line(Code(names_in_brief([e.slot.node for e in group])), where) for group, where in by_graph(entries, index)
    ]
    return line(f"input{'s' if len(entries) > 1 else ''} ", some(parts))


def outputs_in_words(results: Sequence[Result], index: MapIndex) -> Line:
    """Output 3 (`add_38`), outputs 3..5; of several graphs: output 3 (`add_38`) in graph 0/0 and ….."""
    return some([line(_outputs([r.slot for r in group]), where) for group, where in by_graph(results, index)])


def by_graph(items: Iterable[Item], index: MapIndex) -> list[tuple[list[Item], str]]:
    """Slots of the same graph together, each group with the words that name its graph; see `in_graph`."""
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(index.number(item.graph), []).append(item)
    return [(group, in_graph(group[0].graph, index)) for _, group in sorted(groups.items())]


def _outputs(outputs: Sequence[Output]) -> Line:
    numbers = numbers_in_brief([output.index for output in outputs])
    if len(outputs) == 1 and outputs[0].node:
        return line(f"output {numbers} (", Code(outputs[0].node), ")")
    return line(f"output{'s' if len(outputs) > 1 else ''} {numbers}")


def tied(slot: Input) -> str:
    """The words before the other names of an input that has several: `tied to`."""
    return "the same tensor as" if role_of(slot) == "argument" else "tied to"


def place(span: Span) -> Line:
    """A link to a place, named by file and line: `model.py:14`."""
    return line(Link(line(Code(place_name(span))), span))


def place_name(span: Span) -> str:
    """`model.py:14`."""
    return at_line(span.path, span.line)


def plural(noun: str, count: int = 2) -> str:
    """A noun, or the role of a slot, for so many things."""
    if count == 1:
        return noun
    return {"no descriptor": "without descriptor", "no gradient": "without gradient"}.get(noun, f"{noun}s")


def and_more(count: int, noun: str) -> str:
    """`… and 3 more values`."""
    return f"… and {count} more {plural(noun, count)}"
