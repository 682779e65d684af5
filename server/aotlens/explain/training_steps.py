"""A training step in words: its loss, and the optimizers with their groups of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.model.held import surplus
from aotlens.model.index import MapIndex
from aotlens.model.saved import saved_by_call
from aotlens.model.training_steps import InStep, Rate, without_gradient
from aotlens_tracer.wire.training_steps import Optimizer, OptimizerGroup, TrainingStep

from .blocks import (
    Block,
    Cell,
    Code,
    Column,
    Facts,
    Line,
    Note,
    Paragraph,
    Table,
    codes,
    joined,
    line,
    sentence,
    strong,
)
from .brief import all_names
from .findings.words import kept_findings
from .graph_summary import graph_facts
from .phrases import and_more, plural
from .shapes import bytes_in_words

BRANCH_NOT_TAKEN = "branch not taken"
"""A condition on the way to the backward pass is False in the script as it is."""
BATCH_GUESSED = "batch guessed"
"""Values of the batch are not the script's own."""
_ROWS = 4
"""The most groups that are shown."""
_FEW = 2
"""The most sentences about parameters without a gradient."""
_NAMES = 3
"""The most names, or groups of names, that are written out."""
_SIZES = 2
"""The numbers of inputs and outputs come first, and say nothing about a step: it has one output."""
_OPTIONS = ("lr", "weight_decay")
"""Options of a group that are always shown."""


def loss_blocks(found: InStep, *, is_backward: bool) -> tuple[Block, ...]:
    """The loss of a step, or its backward pass: gradients, memory, and the optimizers that step afterwards."""
    blocks: list[Block] = [Facts(loss_facts(found, is_backward=is_backward))]
    rows = [row for row in kept_findings(found.index) if row.first.code == "parameter-without-gradient"]
    blocks += [Paragraph(sentence(f"{row.label}.")) for row in rows[:_FEW]]
    blocks += optimizers_in_words(found.step)
    return (*blocks, *guessed(found.step))


def loss_facts(found: InStep, *, is_backward: bool = False) -> tuple[Line, ...]:
    """The loss, or its backward pass, with the numbers of its gradients and its memory, on one line."""
    name = Code(found.step.loss)
    title = line(strong("backward pass"), " of ", name) if is_backward else line(strong("loss"), " ", name)
    facts = [line(fact) for graph in found.index.graphs[:1] for fact in graph_facts(graph, found.index)[_SIZES:]]
    return (line(title, " of ", Code(found.state.key.qualname)), *facts, *_in_eager(found))


def _in_eager(found: InStep) -> list[Line]:
    """The memory that the script itself keeps until its backward pass, beside that of a partitioner.

    Empty if the numbers of the graph have it already.
    """
    graphs = found.index.graphs
    if len(graphs) != 1 or graphs[0].partitioner == "eager" or surplus(graphs[0]) is not None:
        return []
    memory = graphs[0].eager_memory
    if memory is None:
        return []
    words, saved = bytes_in_words(memory.held), saved_by_call(found.index)
    is_same = saved is not None and bytes_in_words(saved) == words
    return [line("the same in eager" if is_same else f"{words} in eager")]


def optimizers_in_words(step: TrainingStep) -> Iterator[Paragraph]:
    """The optimizers that step after the backward pass, and the parameters that are in none."""
    stepping = [each for each in step.optimizers if each.steps]
    if stepping:
        yield Paragraph(
            line(
                joined([_in_brief(each) for each in stepping]),
                " steps after it" if len(stepping) == 1 else " step after it",
            )
        )
    if step.in_no_optimizer:
        yield Paragraph(in_no_optimizer(step.in_no_optimizer))


def optimizer_blocks(found: InStep, rate: Rate) -> tuple[Block, ...]:
    """An optimizer with its groups: their options, parameters, and which of these get a gradient in the step."""
    optimizer = rate.optimizer
    title = line(strong("optimizer"), " ", Code(optimizer.expression), " of ", Code(found.state.key.qualname))
    blocks: list[Block] = [Facts((title, line(Code(optimizer.type)), _steps(optimizer, found.step)))]
    if len(optimizer.groups) == 1:
        group = optimizer.groups[0]
        options = [line(Code(f"{name}={value}")) for name, value in _options(group, optimizer.groups)]
        facts = [line(_count(group)), joined(options), _names(group), line(gradients_of(found.index, group.parameters))]
        blocks.append(Facts(tuple(filter(None, facts))))
    elif optimizer.groups:
        blocks.append(_table(found, optimizer))
    if found.step.in_no_optimizer:
        blocks.append(Paragraph(in_no_optimizer(found.step.in_no_optimizer)))
    return tuple(blocks)


def trained_in_words(found: InStep, names: Sequence[str]) -> Line:
    """The optimizers that have the parameters of a module: `8 parameters in optimizer, 4 in none`."""
    parts = []
    for optimizer in found.step.optimizers:
        if mine := optimizer.parameters & set(names):
            parts.append(line(f"{len(mine)} {plural('parameter', len(mine))} in ", Code(optimizer.expression)))
    nowhere = set(found.step.in_no_optimizer or ()) & set(names)
    if nowhere:
        parts.append(line(strong(f"{len(nowhere)} in no optimizer")))
    return joined(parts)


def module_in_words(found: InStep, names: Sequence[str]) -> tuple[Line, ...]:
    """A module in a step: whether its parameters get a gradient, and the optimizers that have them."""
    return tuple(filter(None, (line(gradients_of(found.index, names, "parameters")), trained_in_words(found, names))))


def in_no_optimizer(names: Sequence[str]) -> Line:
    """Parameters that require a gradient, and that no optimizer of the script has."""
    one = len(names) == 1
    count = f"{len(names)} {plural('parameter', len(names))} that {'requires' if one else 'require'} a gradient"
    return line(strong(f"{count} {'is' if one else 'are'} in no optimizer"), ": ", _listed(names))


def gradients_of(index: MapIndex, names: Sequence[str], noun: str = "") -> str:
    """Whether parameters get a gradient in the step: `all 8 get a gradient`, `2 of 8 get no gradient`.

    `noun` is put behind the number, if there is no other word that says what is counted.
    """
    if not names or not index.graphs:
        return ""
    missing, count = len(without_gradient(index, names)), len(names)
    of = f" {noun}" if noun else ""
    if count == 1:
        return "it gets no gradient" if missing else "it gets a gradient"
    if not missing:
        return f"{'both' if count == 2 else f'all {count}'}{of} get a gradient"
    if missing == count:
        return f"none of {count}{of} gets a gradient"
    return f"{missing} of {count}{of} {'get' if missing > 1 else 'gets'} no gradient"


def guessed(step: TrainingStep) -> tuple[Note, ...]:
    """Notes if values of the batch are guesses or pinned, and if a run of the script does not come to this step."""
    notes = []
    for texts, words in (
        (step.not_taken, "False in the script as it is: a run of it does not come here"),
        (step.guessed, "guessed: the code that makes the batch could not be run here"),
        (step.pinned, "pinned above the loop"),
    ):
        if texts:
            notes.append(Note(line(codes(texts), f" {'is' if len(texts) == 1 else 'are'} {words}")))
    return tuple(notes)


def group_cells(index: MapIndex, optimizer: Optimizer, group: OptimizerGroup) -> tuple[Cell, Cell, Cell]:
    """The options of a group, its parameters, and whether these get a gradient in the step."""
    is_missing = bool(without_gradient(index, group.parameters))
    return (
        Cell(", ".join(f"{name}={value}" for name, value in _options(group, optimizer.groups))),
        Cell(_parameters_in_brief(group)),
        Cell(gradients_of(index, group.parameters), "warn" if is_missing else ""),
    )


def _table(found: InStep, optimizer: Optimizer) -> Table:
    groups = optimizer.groups[:_ROWS]
    rows = tuple(
        (Cell(str(number)), *group_cells(found.index, optimizer, group)) for number, group in enumerate(groups)
    )
    columns = (
        Column("group", "index"),
        Column("options", "type"),
        Column("parameters", "name"),
        Column("in this step", "prose"),
    )
    rest = len(optimizer.groups) - len(groups)
    return Table("", "", columns, rows, (and_more(rest, "group"),) if rest else ())


def _in_brief(optimizer: Optimizer) -> Line:
    """`optimizer` (SGD, 8 parameters in 2 groups)."""
    total = sum(len(group.parameters) + group.others for group in optimizer.groups)
    groups = f" in {len(optimizer.groups)} groups" if len(optimizer.groups) > 1 else ""
    count = f", {total} {plural('parameter', total)}{groups}" if optimizer.groups else ""
    return line(Code(optimizer.expression), f" ({optimizer.type}{count})")


def _steps(optimizer: Optimizer, step: TrainingStep) -> Line:
    verb = "steps after" if optimizer.steps else "does not step after"
    return line(f"{verb} the backward pass of ", Code(step.loss))


def _count(group: OptimizerGroup) -> str:
    known = len(group.parameters)
    others = f", {group.others} of other modules" if known and group.others else ""
    if not known and group.others:
        return f"{group.others} {plural('parameter', group.others)} of other modules"
    return f"{known} {plural('parameter', known)}{others}"


def _names(group: OptimizerGroup) -> Line:
    return _listed(group.parameters) if group.parameters else ()


def _listed(names: Sequence[str]) -> Line:
    shown = all_names(names)
    rest = f" and {len(shown) - _NAMES} more" if len(shown) > _NAMES else ""
    return line(codes(shown[:_NAMES]), rest)


def _parameters_in_brief(group: OptimizerGroup) -> str:
    """The names of a group's parameters, the first of them, and how many belong to no traced module."""
    shown = all_names(group.parameters) if group.parameters else []
    left_out = len(shown) - _NAMES
    rest = f" and {left_out} more" if left_out > 0 else ""
    others = f"{group.others} of other modules" if group.others else ""
    return "; ".join(filter(None, (", ".join(shown[:_NAMES]) + rest, others)))


def _options(group: OptimizerGroup, groups: Sequence[OptimizerGroup]) -> list[tuple[str, str]]:
    """The options that tell the groups apart, and those that everybody asks about."""
    differ = {name for name, value in group.options if any(dict(each.options).get(name) != value for each in groups)}
    return [(name, value) for name, value in group.options if name in differ or name in _OPTIONS]
