"""The hover of modules, parameters and buffers by their names: `self.qkv`, `nn.Linear(8, 8)`, "blocks.0.qkv.weight"."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Block, Code, Paragraph, line, some, strong
from aotlens.explain.tables.state import one_in_full, state_rows
from aotlens.model.resolve import Resolved
from aotlens.model.slots import fqn_of
from aotlens.syntax.subjects import Subject
from aotlens_tracer.wire.descriptor_map import StateTensor

from .classes import target
from .inputs import inputs
from .kept_state import kept_state
from .modules import modules
from .question import ROWS, Answer, Question


def attribute(question: Question, subject: Subject) -> Answer | None:
    """The thing that a name stands for in the model that answers, or what it holds; None if no traced model has it."""
    found = question.resolved(subject)
    if not found:
        return kept_state(question, subject)
    blocks = named(question, found[0])
    if others := [line(Code(other.state.key.qualname)) for other in found[1:]]:
        blocks += (Paragraph(line("Also in ", some(others))),)
    return Answer(blocks, found[0].state, found[0])


def named(question: Question, found: Resolved) -> tuple[Block, ...]:
    """Modules with all that is in them, or the parameters and buffers themselves."""
    alone = [(named.name, named.state) for named in found.named if named.module is None and not named.entries]
    if known := [(name, tensor) for name, tensor in alone if tensor is not None]:
        return _tensors(found, known)
    instances = [named for named in found.named if named.module is not None or not named.entries]
    if not instances:
        # A second name of a tied parameter may have no input of its own: the input is shown under that name.
        other = {id(e.slot): each.name for each in found.named for e in each.entries if fqn_of(e.slot) != each.name}
        return inputs(question, found, found.entries, lambda entry: other.get(id(entry.slot), entry.slot.label))
    if len(found.named) == 1 and found.named[0].name == "":
        return target(line(strong("module"), " ", Code(found.state.key.qualname)), found.state)
    return modules(found.state, found.index, instances)


def _tensors(found: Resolved, known: Sequence[tuple[str, StateTensor]]) -> tuple[Block, ...]:
    """Parameters and buffers without a graph."""
    if len(known) == 1:
        return (one_in_full(*known[0], found.state.key.qualname),)
    return state_rows(known, ROWS)
