"""What a map's tables say, before they are drawn: shared by the terminal (`text`) and by markdown.

A table is columns and rows of cells; how it is drawn, and what has to go where there is little room, is not decided
here. Repeated rows are folded unless `full` is asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aotlens.model.descriptors import piece
from aotlens.model.folding import Folded, all_names, fold, names_in_brief, numbers_in_brief, unfolded
from aotlens.model.gradients import Gradient, Missing, NotWanted, Tied, gradients, returned_in
from aotlens.model.prices import Price, prices
from aotlens_tracer.wire.descriptor_map import (
    Attempt,
    DescriptorMap,
    Example,
    Finding,
    Graph,
    Input,
    Output,
    Saved,
    Slot,
    Span,
    Subclass,
)

from . import failures
from .blocks import NOTHING, Cell, Column, Table, without_empty
from .findings import fold_findings
from .partitioners import choice_in_words
from .shapes import bytes_in_words, tensor_in_brief
from .signature import Difference, differences
from .words import USUAL, legend, role

PathLabel = Callable[[str], str]
_NUMBER = re.compile(r"\d+")

_ORIGINS = {
    "option": "given as an option",
    "pinned": "pinned",
    "recorded": "recorded",
    "call-site": "call site",
    "inferred": "inferred",
}


_USUALLY_SAVED = ("SavedForBackwardsAOTOutput", "SavedTensor")
"""The kinds of saved values that need no legend."""


@dataclass(frozen=True)
class _Row:
    """One slot or value on its way into a table. Rows fold when `shown` agrees; `nodes` and numbers are then listed."""

    label: str
    shown: tuple[object, ...]
    item: object = field(compare=False)


def tables(graph: Graph, path_label: PathLabel, full: bool = False) -> list[Table]:
    """The tables of one graph, those that would be empty left out (except inputs and outputs)."""
    result = [_inputs(graph, path_label, full), _outputs(graph, path_label, full)]
    if graph.saved is not None:
        result.append(_saved(graph, path_label, full))
    if costs := prices(graph):
        result.append(_prices(costs, graph, full))
    if found := differences(graph, brief=not full):
        result.append(_signature(found, path_label))
    if graph.subclasses:
        result.append(_subclasses(graph, full))
    return result


def legends(descriptor_map: DescriptorMap) -> list[tuple[str, str]]:
    """(role, sentence) for each unusual kind of slot or saved value that occurs."""
    kinds: list[str] = []
    for graph in descriptor_map.graphs:
        kinds += [slot.kind for slot in (*graph.inputs, *graph.outputs) if slot.kind]
        # Everything in the table of saved values is one: only the variant needs a word.
        kinds += [value.kind for value in graph.saved or () if value.kind not in _USUALLY_SAVED]
    result: dict[str, str] = {}
    for kind in dict.fromkeys(kinds):
        if kind not in USUAL:
            # Roles of pieces name what they are a piece of; the legend is for all of them.
            title = role(kind).removeprefix("subclass ")
            result.setdefault(legend(kind), title)
    return [(title, sentence) for sentence, title in result.items()]


def shown_findings(descriptor_map: DescriptorMap) -> list[Finding]:
    """The findings without those that only repeat the failure or a graph break: these have a place of their own."""
    repeated = ("trace-failed", "example-failed", "graph-break")
    return [finding for finding in descriptor_map.findings if finding.code not in repeated]


def findings(descriptor_map: DescriptorMap, full: bool = False) -> list[tuple[Finding, str]]:
    """Each shown finding with its message; what is said of one layer after the other at one place is said once."""
    shown = shown_findings(descriptor_map)
    if full:
        return [(finding, finding.message) for finding in shown]
    return [(row.first, row.label + (f" (×{row.count})" if row.count > 1 else "")) for row in fold_findings(shown)]


def facts(descriptor_map: DescriptorMap) -> list[str]:
    """How the map was made, in a few words each: convention, capture, mode, torch, time."""
    result = [f"{descriptor_map.convention} convention"]
    captures = list(dict.fromkeys(graph.capture for graph in descriptor_map.graphs))
    if captures:
        result.append(
            "captured " + " and ".join({"dynamo": "by Dynamo", "direct": "directly"}.get(c, c) for c in captures)
        )
    if descriptor_map.graphs and not any(graph.joint for graph in descriptor_map.graphs):
        result.append("forward only")
    if descriptor_map.example is not None and descriptor_map.example.mode:
        result.append(f"{descriptor_map.example.mode} mode")
    if descriptor_map.torch:
        result.append(f"torch {descriptor_map.torch}")
    if descriptor_map.seconds.total:
        result.append(f"{descriptor_map.seconds.total:.1f}s")
    return result


def call_in_brief(descriptor_map: DescriptorMap) -> str:
    """The traced call: `Block(64)(x: f32[2, 16, 64])`; the example's own text where it did not get that far."""
    example = descriptor_map.example
    if example is None:
        return ""
    if example.expression and example.constructor is None and not example.arguments:
        return " ".join(example.expression.split())  # it was never got to run: all that is known is its text
    callee = example.constructor or descriptor_map.target.qualname
    arguments = ", ".join(f"{argument.name}: {argument.value}" for argument in example.arguments)
    return f"{' '.join(callee.split())}({arguments})"


def origin(example: Example, path_label: PathLabel) -> str:
    """Where the example comes from: `pinned at model.py:10`, `recorded in model.py::GPT (call site README.md:12)`."""
    if example.recorded_in:
        source = _with_place(example.recorded_origin or "", example.source, path_label)
        result = f"recorded in {target_label(example.recorded_in, path_label)} ({source})"
    else:
        result = _with_place(example.origin, example.source, path_label)
    if example.weights != "fake":
        result += f", {example.weights} weights"
    return result


def brief_origin(example: Example, path_label: PathLabel) -> str:
    """The same in as few words as a line has room for: `pinned`, `recorded in GPT`, `call site README.md:12`."""
    if example.recorded_in:
        guess = ", inferred" if example.recorded_origin == "inferred" else ""
        return f"recorded in {example.recorded_in.rpartition('::')[2]}{guess}"
    if example.origin == "call-site":
        return _with_place(example.origin, example.source, path_label)
    return "option" if example.origin == "option" else _ORIGINS.get(example.origin, example.origin)


def attempts(descriptor_map: DescriptorMap, path_label: PathLabel) -> list[tuple[str, str]]:
    """Each example that was passed over, and why; of guesses that differ and fail in numbers alone, the first."""
    found = []
    alike = Counter(map(_guess, descriptor_map.attempts))
    for attempt in descriptor_map.attempts:
        guess = _guess(attempt)
        others = alike.pop(guess, 0) - 1
        if guess is not None and others < 0:
            continue  # told with the first of them
        what = _with_place(attempt.origin, attempt.source, path_label)
        if attempt.recorded_in:
            what = f"recorded in {target_label(attempt.recorded_in, path_label)}"
        expression = " ".join((attempt.expression or "").split())
        more = f" (and {others} more like it)" if guess is not None and others else ""
        found.append((f"{what}: {expression}" if expression else what, failures.reason(attempt) + more))
    return found


def _guess(attempt: Attempt) -> tuple[str, ...] | None:
    """What a guess and its failure have in common with others; None where nobody guessed."""
    if attempt.origin != "inferred":
        return None
    return tuple(_NUMBER.sub("0", text or "") for text in (attempt.expression, failures.reason(attempt)))


def target_label(target: str, path_label: PathLabel) -> str:
    """`/path/model.py::Net` with its path as it is shown."""
    path, separator, qualname = target.rpartition("::")
    return f"{path_label(path)}{separator}{qualname}"


def _with_place(origin: str, source: Span | None, path_label: PathLabel) -> str:
    words = _ORIGINS.get(origin, origin)
    if source is None:
        return words
    return f"{words} {'' if origin == 'call-site' else 'at '}{place(source, path_label)}"


def place(span: Span | None, path_label: PathLabel) -> str:
    """`model.py:14`, or a dash."""
    return f"{path_label(span.path)}:{span.line}" if span is not None else NOTHING


def position(path: str | None, line: int | None, column: int | None, path_label: PathLabel) -> str:
    """`model.py:14:9`, as far as it is known; empty where nothing is."""
    if path is None:
        return ""
    return ":".join(str(part) for part in (path_label(path), line, column) if part is not None)


def _inputs(graph: Graph, path_label: PathLabel, full: bool) -> Table:
    known = gradients(graph)
    rows = [
        _Row(
            _one_line(slot.label),
            (
                _role(slot),
                tensor_in_brief(slot.dtype, slot.shape),
                place(slot.definition, path_label),
                _gradient_state(known[slot.index]),
                _pair_shape(slot),
                slot.tied_to,
                slot.stands_for,
                slot.used,
            ),
            slot,
        )
        for slot in graph.inputs
    ]
    body, notes = [], []
    for folded in _fold(rows, full):
        slots = [row.item for row in folded.rows if isinstance(row.item, Input)]
        first = slots[0]
        body.append(
            (
                _names([slot.node for slot in slots]),
                _role_cell(first),
                Cell(folded.label or NOTHING),
                Cell(tensor_in_brief(first.dtype, first.shape)),
                Cell(place(first.definition, path_label)),
                _gradient([known[slot.index] for slot in slots]),
                Cell(_input_notes(slots, known[first.index])),
            )
        )
    if not graph.joint:
        notes.append("The graph is forward only: there are no tangents and no gradients.")
    columns = (
        Column("node", "node"),
        Column("role", "prose", 0 if _has_unusual(graph.inputs) else 2),
        Column("name", "name"),
        Column("type", "type"),
        Column("made at", "place", 3),
        Column("gradient", "index", 1, "grad"),
        Column("notes", "note"),
    )
    return without_empty(Table("Inputs", _census(graph.inputs, graph), columns, tuple(body), tuple(notes)))


def _outputs(graph: Graph, path_label: PathLabel, full: bool) -> Table:
    empty = [slot for slot in graph.outputs if slot.kind is None and slot.node is None]
    shown = [slot for slot in graph.outputs if full or slot not in empty]
    rows = [
        _Row(
            _one_line(slot.label),
            (
                _role(slot),
                _absence(slot, graph),
                tensor_in_brief(slot.dtype, slot.shape),
                place(slot.source, path_label),
                _pair_shape(slot),
                len(slot.base_of),
            ),
            slot,
        )
        for slot in shown
    ]
    body, notes = [], []
    for folded in _fold(rows, full):
        slots = [row.item for row in folded.rows if isinstance(row.item, Output)]
        first = slots[0]
        body.append(
            (
                _listed(numbers_in_brief([slot.index for slot in slots]), first.index),
                _names([slot.node for slot in slots]),
                _role_cell(first),
                Cell(folded.label or NOTHING),
                _ABSENT[absence]
                if (absence := _absence(first, graph))
                else Cell(tensor_in_brief(first.dtype, first.shape)),
                Cell(place(first.source, path_label)),
                _partners(slots, graph),
                Cell(_output_notes(slots)),
            )
        )
    if empty and not full:
        those = (
            "is 1 more slot, empty: its input needs"
            if len(empty) == 1
            else (f"are {len(empty)} more slots, empty: their inputs need")
        )
        notes.append(f"There {those} no gradient.")
    columns = (
        Column("#", "index"),
        Column("node", "node", 3),
        Column("role", "prose", 0 if _has_unusual(shown) else 4),
        Column("name", "name"),
        Column("type", "type"),
        Column("computed at", "place", 2),
        Column("pairs with", "node", 1),
        Column("notes", "note"),
    )
    return without_empty(Table("Outputs", _census(shown, graph), columns, tuple(body), tuple(notes)))


def _saved(graph: Graph, path_label: PathLabel, full: bool) -> Table:
    values = graph.saved or ()
    aliases = [value for value in values if value.alias_of is not None]
    own = [value for value in values if value.alias_of is None]
    total = sum(value.bytes or 0 for value in own)

    rows = [
        _Row(
            _one_line(value.label),
            (
                value.kind,
                value.bytes,
                tensor_in_brief(value.dtype, value.shape),
                place(value.source, path_label),
                value.alias_of is not None,
            ),
            value,
        )
        for value in (values if full else own)
    ]
    groups = [
        (folded, [row.item for row in folded.rows if isinstance(row.item, Saved)]) for folded in _fold(rows, full)
    ]
    # Aliases last, they cost nothing; then by what a row costs in all.
    groups.sort(key=lambda group: (group[1][0].alias_of is not None, -sum(value.bytes or 0 for value in group[1])))
    body = []
    for folded, members in groups:
        first = members[0]
        alias = first.alias_of is not None
        cost = None if first.bytes is None else sum(value.bytes or 0 for value in members)
        body.append(
            (
                Cell(f"alias of {names_in_brief([v.alias_of for v in members])}", "dim", "alias")
                if alias
                else Cell(bytes_in_words(cost)),
                Cell(f"×{folded.count}" if folded.count > 1 else ""),
                Cell(folded.label or NOTHING),
                Cell(tensor_in_brief(first.dtype, first.shape)),
                Cell(place(first.source, path_label)),
                _names([value.node for value in members]),
            )
        )
    summary = f"{_count(len(own), 'value')}, {bytes_in_words(total)}"
    unknown = sum(value.bytes is None for value in own)
    notes = []
    if unknown:
        notes.append(f"{_count(unknown, 'value')} of unknown size or no tensor: not in the sum.")
    if aliases:
        notes.append(
            f"{_count(len(aliases), 'more saved value')} {'is an alias' if len(aliases) == 1 else 'are aliases'} of "
            "graph inputs or of other saved values: no memory of their own, not counted."
        )
    if own:
        notes.append(choice_in_words(graph))
    columns = (
        Column("bytes", "number"),
        Column("", "number"),
        Column("value", "name"),
        Column("type", "type"),
        Column("line", "place", 1),
        Column("node", "node", 2),
    )
    return without_empty(Table("Saved for backward", summary, columns, tuple(body), tuple(notes)))


def _prices(costs: Sequence[Price], graph: Graph, full: bool) -> Table:
    rows = [
        _Row(
            _one_line(graph.outputs[price.output].label),
            (len(price.operations), price.bytes, len(price.gradients)),
            price,
        )
        for price in costs
    ]
    body = []
    for folded in _fold(rows, full):
        members = [row.item for row in folded.rows if isinstance(row.item, Price)]
        first = members[0]
        each = " each" if len(members) > 1 else ""
        lost = [_pays_for(graph.outputs[index], graph) for price in members for index in price.gradients]
        body.append(
            (
                Cell(folded.label),
                _names([graph.inputs[price.tangent].node for price in members]),
                Cell(f"{len(first.operations)}{each}"),
                Cell(f"{bytes_in_words(first.bytes)}{each}"),
                Cell(f"alone gives gradients to {', '.join(all_names(lost))}" if lost else ""),
            )
        )
    columns = (
        Column("output", "name"),
        Column("needs", "node", 1),
        Column("backward operations", "number", 0, "operations"),
        Column("saved for backward", "number", 0, "saved"),
        Column("notes", "note"),
    )
    notes = (
        "What is there for this output alone, and goes if it is detached; what others need too is not counted. The "
        "partitioner may then choose anew what to save of the rest.",
    )
    return without_empty(Table("The price of each output", "", columns, tuple(body), notes))


def _pays_for(out: Output, graph: Graph) -> str:
    """The input that a gradient belongs to; for a piece of the gradient of a whole input, its piece."""
    descriptor = out.as_descriptor()
    if out.gradient_of is None or descriptor is None:
        return out.label
    slot = graph.inputs[out.gradient_of]
    return slot.label + (piece(descriptor)[0] if slot.gradient_pieces else "")


def _signature(found: Sequence[Difference], path_label: PathLabel) -> Table:
    body = tuple(
        (Cell(difference.change), Cell(_one_line(difference.text)), Cell(_places(difference.places, path_label)))
        for difference in found
    )
    columns = (Column("", "index"), Column("why", "prose"), Column("at", "place", 1))
    table = Table("Why the graph's signature differs from the call's", "", columns, body)
    return without_empty(table)


def _places(spans: Sequence[Span], path_label: PathLabel) -> str:
    """`model.py:14`, and how many more there are."""
    places = list(dict.fromkeys(place(span, path_label) for span in spans))
    if not places:
        return NOTHING
    return places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def _subclasses(graph: Graph, full: bool) -> Table:
    rows = [
        _Row(
            _one_line(subclass.label), (subclass.type, tuple(piece for piece, _ in _pieces(subclass, graph))), subclass
        )
        for subclass in graph.subclasses
    ]
    body = []
    for folded in _fold(rows, full):
        members = [row.item for row in folded.rows if isinstance(row.item, Subclass)]
        nodes = [[node for _, node in _pieces(member, graph)] for member in members]
        pieces = [
            f"{piece} = {names_in_brief(column)}"
            for (piece, _), column in zip(_pieces(members[0], graph), zip(*nodes, strict=True), strict=True)
        ]
        body.append(
            (Cell(folded.label or NOTHING), Cell(members[0].type or NOTHING), Cell(", ".join(pieces) or NOTHING))
        )
    columns = (Column("name", "name"), Column("type", "name"), Column("pieces", "prose"))
    return Table("Tensor subclasses", str(len(graph.subclasses)), columns, tuple(body))


def _pieces(subclass: Subclass, graph: Graph) -> list[tuple[str, str | None]]:
    """(how the piece is reached from the subclass, node) of each piece."""
    slots: list[Slot] = [graph.inputs[index] for index in subclass.inputs]
    slots += [graph.outputs[index] for index in subclass.outputs]
    described = [(slot, slot.as_descriptor()) for slot in slots]
    return [(piece(desc)[0] if desc else slot.label, slot.node) for slot, desc in described]


def _one_line(label: str) -> str:
    """A label may be source text, which may go over several lines."""
    return " ".join(label.split())


def _fold(rows: Sequence[_Row], full: bool) -> list[Folded[_Row]]:
    if full:
        return unfolded(rows, lambda row: row.label)
    return fold(rows, key=lambda row: row.shown, label=lambda row: row.label)


def _role(slot: Slot) -> str:
    if slot.kind is None and isinstance(slot, Output) and slot.node is None:
        return "no gradient"
    return role(slot.kind, slot.fields)


def _has_unusual(slots: Iterable[Slot]) -> bool:
    """Whether there is a slot that its name alone does not explain, so that its role must be shown."""
    return any(slot.kind is not None and slot.kind not in USUAL for slot in slots)


_ABSENT = {"missing": Cell("none", "warn"), "tied": Cell("tied", "dim")}


def _absence(slot: Slot, graph: Graph) -> str:
    """Why the slot of a gradient is empty: "missing" or "tied"; empty for every other slot."""
    if slot.kind != "GradAOTOutput" or slot.node is not None:
        return ""
    missing = {gradient.output for gradient in gradients(graph) if isinstance(gradient, Missing)}
    return "missing" if slot.index in missing else "tied"


def _role_cell(slot: Slot) -> Cell:
    what = _role(slot)
    return Cell(what, brief=what.replace("parameter", "param").replace("argument", "arg").replace("gradient", "grad"))


def _census(slots: Iterable[Slot], graph: Graph) -> str:
    """`18: 12 parameters, 2 buffers, 1 argument`."""
    roles = Counter(f"{_absence(slot, graph)} {_role(slot)}".strip() for slot in slots)
    parts = [f"{count} {plural(what, count)}" for what, count in roles.items()]
    return f"{sum(roles.values())}{': ' if parts else ''}{', '.join(parts)}"


def plural(what: str, count: int = 2) -> str:
    """A role, or any noun, as it is said of so many."""
    if count == 1:
        return what
    return {"no descriptor": "without descriptor", "no gradient": "without gradient"}.get(what, f"{what}s")


def _count(number: int, what: str) -> str:
    return f"{number} {plural(what, number)}"


def _gradient(gradients: Sequence[Gradient]) -> Cell:
    """The cell for gradients of one kind: the numbers of their outputs, or why there are none."""
    if outputs := [index for gradient in gradients for index in returned_in(gradient)]:
        return Cell(f"#{_numbers(outputs)}", brief="yes")
    match gradients[0]:
        case Missing():
            return Cell("none", "warn")
        case Tied():
            return Cell("tied", "dim")
        case NotWanted(because="frozen"):
            return Cell("frozen", "dim")
    return Cell(NOTHING, "dim")


def _gradient_state(gradient: Gradient) -> str:
    """The text of a gradient without its numbers: rows that differ in it do not fold."""
    cell = _gradient([gradient])
    return cell.brief or cell.text


def _pair_shape(slot: Slot) -> tuple[bool, ...]:
    """Which pairings a slot has: rows that differ in that do not fold."""
    pairings = ("gradient", "mutation", "tangent_of", "token", "tangent", "gradient_of", "mutation_of")
    return tuple(getattr(slot, pairing, None) is not None for pairing in pairings)


def _input_notes(slots: Sequence[Input], gradient: Gradient) -> str:
    first = slots[0]
    notes = []
    if first.mutation is not None:
        notes.append(f"changed in place, new value is output {_numbers(slot.mutation for slot in slots)}")
    if first.token is not None:
        notes.append(f"leaves as output {_numbers(slot.token for slot in slots)}")
    if first.stands_for:
        notes.append(f"in place of {', '.join(first.stands_for)}")
    if first.tied_to:
        notes.append(f"tied to {', '.join(first.tied_to)}")
    # A tied parameter is read through the input of one of its names only.
    if first.used is False and not isinstance(gradient, Tied):
        notes.append("not used")
    return "; ".join(notes)


def _partners(slots: Sequence[Output], graph: Graph) -> Cell:
    """The inputs that an output belongs to (a gradient's parameter, an output's tangent)."""
    first = slots[0]
    partners = []
    for pairing in ("gradient_of", "mutation_of", "token", "tangent"):
        if getattr(first, pairing) is not None:
            partners.append(_names([graph.inputs[getattr(slot, pairing)].node for slot in slots]))
    return Cell(
        ", ".join(cell.text for cell in partners) or NOTHING,
        brief=", ".join(cell.brief or cell.text for cell in partners),
    )


def _output_notes(slots: Sequence[Output]) -> str:
    bases = [index for slot in slots for index in slot.base_of]
    return f"base of output {_numbers(bases)}" if bases else ""


def _names(nodes: Sequence[str | None]) -> Cell:
    return _listed(names_in_brief(nodes), nodes[0] or NOTHING)


def _listed(text: str, first: object) -> Cell:
    """A cell that lists several things, and in brief only the first of them."""
    brief = f"{first} …"
    return Cell(text, brief=brief if len(brief) < len(text) else "")


def _numbers(numbers: Iterable[int | None]) -> str:
    return numbers_in_brief([number for number in numbers if number is not None])
