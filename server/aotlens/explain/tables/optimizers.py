"""The table of the optimizers of a training step, with their groups of parameters."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain.blocks import Block, Cell, Column, Paragraph, Table, without_empty
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.training_steps import group_cells, guessed, in_no_optimizer
from aotlens.model.index import MapIndex, index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Optimizer

_COLUMNS = (
    Column("optimizer", "name"),
    Column("class", "type", 3),
    Column("options", "type", 2),
    Column("parameters", "prose"),
    Column("made at", "place", 1),
    Column("in this step", "prose"),
)
_RESTS = "does not step"


def step_blocks(map: DescriptorMap, path_label: PathLabel) -> Iterator[Block]:
    """The optimizers of a traced step, the parameters that are in none, and the inputs that were guessed."""
    step, index = map.step, index_of(map)
    if step is None:
        return
    rows = tuple(row for optimizer in step.optimizers for row in _rows(index, optimizer, path_label))
    if rows:
        yield without_empty(Table("Optimizers", str(len(step.optimizers)), _COLUMNS, rows))
    if step.in_no_optimizer:
        yield Paragraph(in_no_optimizer(step.in_no_optimizer))
    yield from guessed(step)


def _rows(index: MapIndex, optimizer: Optimizer, path_label: PathLabel) -> Iterator[tuple[Cell, ...]]:
    """One row for each group; the first has the optimizer's name."""
    first = (Cell(optimizer.expression), Cell(optimizer.type))
    at = Cell(place(optimizer.definition, path_label), to=optimizer.definition)
    if not optimizer.groups:
        yield *first, Cell(""), Cell(""), at, Cell("" if optimizer.steps else _RESTS)
    for number, group in enumerate(optimizer.groups):
        options, parameters, gradients = group_cells(index, optimizer, group)
        head, made = (first, at) if number == 0 else ((Cell(""), Cell("")), Cell(""))
        yield *head, options, parameters, made, gradients if optimizer.steps else Cell(_RESTS)
