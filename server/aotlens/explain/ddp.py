"""An error of DistributedDataParallel in words: its parameters by name, why they get no gradient, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aotlens.model.ddp import Awaited, Awaiting
from aotlens.model.ddp_errors import DdpError, Kind, NamedParameters, named_parameters
from aotlens.model.folding import fold, unfolded
from aotlens.model.index import MapIndex
from aotlens.model.slots import whole_name
from aotlens_tracer.wire.descriptor_map import DdpParameter, DescriptorMap

from .blocks import Block, Cell, Code, Column, Line, Note, Paragraph, Table, codes, line, sentence, strong
from .brief import all_names, numbers_in_brief
from .findings.words import why
from .paths import PathLabel, place

NOTHING_OF_DDP = "it has no error of DDP's, and is no list of numbers or of names"
"""The reason why a text cannot be explained."""
_UNFOLDED = 8
"""The most parameters that have a row each, without `full`."""


def ddp_error(
    described: DescriptorMap, error: DdpError, path_label: PathLabel, full: bool = False
) -> tuple[Block, ...]:
    """Return the parameters that an error names, and what can be done.

    `described` is the map of the module that DDP wraps.
    """
    parameters = described.ddp_parameters
    target = described.target.qualname
    if not parameters:
        return (Note(line(Code(target), " has no parameters that DDP counts: trace the module that is given to DDP.")),)
    named = named_parameters(error, parameters)
    awaiting = Awaiting(described)
    awaited = [awaiting.awaited(one) for one in named.found]
    notes = _notes(named, parameters, target)
    if not awaited:
        return notes
    table = _table(awaited, parameters, awaiting.index, path_label, full or len(awaited) <= _UNFOLDED)
    if error.kind not in _ADVICE:
        return (table, *notes)
    advice = _ADVICE[error.kind](awaited, error.finds_unused)
    return (table, *notes, Paragraph(line(strong("What to do"))), *map(Paragraph, advice))


def _notes(named: NamedParameters, parameters: Sequence[DdpParameter], target: str) -> tuple[Block, ...]:
    notes: list[Block] = []
    last = len(parameters) - 1
    if named.missing:
        what = line(codes(named.missing), f" {'is' if len(named.missing) == 1 else 'are'} not among the parameters of ")
        more = f", which DDP counts from 0 to {last}. Trace the module that is given to DDP."
        notes.append(Note(line(what, Code(target), more)))
    if named.by_name:
        inside = " are those of a larger module, which is given to DDP and has "
        notes.append(Note(line("The numbers of the error", inside, Code(target), " inside. The names count here.")))
    return tuple(notes)


def _table(
    awaited: Sequence[Awaited],
    parameters: Sequence[DdpParameter],
    index: MapIndex,
    path_label: PathLabel,
    every: bool,
) -> Table:
    def cells(one: Awaited) -> tuple[str, str]:
        return place(parameters[one.index].definition, path_label), _gradient(one, index)

    rows = unfolded(awaited, _name) if every else fold(awaited, key=cells, label=_name)
    body = []
    for row in rows:
        where, gradient = cells(row.first)
        numbers = numbers_in_brief([one.index for one in row.rows])
        spans = parameters[row.first.index].definition
        tone = "warn" if row.first.gradient in ("none", "kept") else ""
        body.append((Cell(numbers), Cell(row.label), Cell(where, to=spans), Cell(gradient, tone)))
    columns = (
        Column("index", "index"),
        Column("parameter", "name"),
        Column("made at", "place", 1),
        Column("gradient in the traced call", "prose"),
    )
    return Table("Parameters in DDP's order", f"{len(awaited)} of {len(parameters)}", columns, tuple(body))


def _name(one: Awaited) -> str:
    return one.name


def _gradient(one: Awaited, index: MapIndex) -> str:
    """The gradient of a parameter, or the reason why there is none."""
    if one.entry is None or one.gradient == "unknown":
        return "not known: there is no graph"
    if one.gradient in ("none", "kept"):
        finding = index.without_gradient(one.entry.slot)
        reason = why(finding) if finding is not None else ""
        return f"none: {reason}" if reason else "none"
    if one.gradient == "some":
        return f"only from {', '.join(f'`{whole_name(result.slot)}`' for result in one.sources)}"
    return "yes"


# --- what to do; torch's own behaviour in each case is in tests/tracer/test_ddp.py


def _without_gradient(awaited: Sequence[Awaited], finds_unused: bool) -> Iterator[Line]:
    """Advice about parameters that did not receive a gradient; those alike together."""
    if none := [one for one in awaited if one.gradient == "none"]:
        instead = (
            " To leave the model as it is, pass `static_graph=True` to DDP if every step runs the same code, else "
            "`find_unused_parameters=True`, which searches the autograd graph in each step."
        )
        yield _about(
            none,
            "the traced call gives no gradient. Use the parameter, remove it, or freeze it before DDP wraps the module "
            f"(`requires_grad_(False)`).{'' if finds_unused else instead}",
        )
    for labels in dict.fromkeys(_labels(one) for one in awaited if one.gradient == "some"):
        alike = [one for one in awaited if one.gradient == "some" and _labels(one) == labels]
        outputs = " or ".join(f"`{label}`" for label in labels)
        instead = " If some steps do not, pass `find_unused_parameters=True` to DDP; `static_graph=True` does not help."
        yield _about(
            alike,
            f"the gradient comes only from {outputs}: the loss has to use it in every step."
            f"{'' if finds_unused else instead}",
        )
    yield from _kept(awaited)
    if rest := [one for one in awaited if one.gradient == "every"]:
        instead = " If steps differ, pass `find_unused_parameters=True` to DDP."
        yield _about(
            rest,
            "the traced call gives a gradient. The step in your run took another way: a branch, a mode, another input, "
            f"or a loss that does not use what the module returns.{'' if finds_unused else instead}",
        )


def _kept(awaited: Sequence[Awaited]) -> Iterator[Line]:
    if kept := [one for one in awaited if one.gradient == "kept"]:
        yield _about(
            kept,
            "DDP sees only what `forward` returns. Return the kept tensor too, and use it in the loss. With "
            "`find_unused_parameters=True` alone, DDP says that the parameter has been marked as ready twice.",
        )


def _twice(awaited: Sequence[Awaited], finds_unused: bool) -> Iterator[Line]:
    """Advice about a gradient that arrives twice: one for each cause that is known."""
    yield from _kept(awaited)
    yield sentence(
        "If a part of the model runs under `torch.utils.checkpoint` several times, or once together with "
        "`find_unused_parameters=True`: pass `use_reentrant=False` to `checkpoint` (in transformers, "
        "`gradient_checkpointing_kwargs={'use_reentrant': False}`), or `static_graph=True` to DDP."
    )
    yield sentence(
        "If `backward()` runs several times after one call of the module: add up the losses, and call it once."
    )
    yield sentence(
        "If `forward` returns an object of your own, with `find_unused_parameters=True`: return tensors, tuples, "
        "lists, dicts or dataclasses. DDP finds no tensor in other objects."
    )


def _other_size(awaited: Sequence[Awaited], finds_unused: bool) -> Iterator[Line]:
    yield sentence(
        "The processes build different modules: this parameter has another size, or other strides, in process 0. "
        "Compare what its line depends on: arguments, files, the rank."
    )


def _about(awaited: Sequence[Awaited], words: str) -> Line:
    return line(codes(all_names([one.name for one in awaited])), ": ", sentence(words))


def _labels(one: Awaited) -> tuple[str, ...]:
    return tuple(whole_name(result.slot) for result in one.sources)


_Advice = Callable[[Sequence[Awaited], bool], Iterator[Line]]
_ADVICE: dict[Kind, _Advice] = {"no-gradient": _without_gradient, "twice": _twice, "other-size": _other_size}
