"""The hover of a name in a training script: a module, the loss and its backward pass, an optimizer."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Facts
from aotlens.explain.training_steps import guessed, loss_blocks, loss_facts, module_in_words, optimizer_blocks
from aotlens.model.resolve import Resolved
from aotlens.model.training_steps import InStep, Loss, Rate, steps_in, things_at
from aotlens.syntax.subjects import ExpressionSubject, FunctionSubject

from .attributes import named
from .question import ROWS, Answer, Question


def in_step(question: Question, subject: ExpressionSubject) -> Answer | None:
    """The thing of a traced training step that a name stands for; None if no step of the script knows the name."""
    found = next(things_at(question.snapshot, question.document, subject, question.line), None)
    if found is None:
        return None
    match found.thing:
        case Loss(is_backward=is_backward):
            return Answer(loss_blocks(found, is_backward=is_backward), found.state)
        case Rate() as rate:
            return Answer(optimizer_blocks(found, rate), found.state)
    return _module(question, found)


def steps_of(question: Question, subject: FunctionSubject) -> Answer | None:
    """The training steps of a function; None if none of it was traced."""
    steps = steps_in(question.snapshot, question.document, subject.qualname)
    if not steps:
        return None
    if len(steps) == 1:
        return Answer(loss_blocks(steps[0], is_backward=False), steps[0].state)
    return Answer(tuple(Facts(loss_facts(each)) for each in steps[:ROWS]), steps[0].state)


def _module(question: Question, found: InStep) -> Answer | None:
    """A module with its parameters, and the optimizers that have them; None if the map has nothing of it."""
    module = found.module
    if module is None:
        return None
    resolved = Resolved(found.state, found.index, (module,))
    head, *table = named(question, resolved)
    # A tied parameter has several names, and is one tensor.
    names = list({id(tensor): tensor.name for _, tensor in module.state_below() if tensor.kind == "parameter"}.values())
    facts = module_in_words(found, names)
    blocks: tuple[Block, ...] = (head, *([Facts(facts)] if facts else ()), *table, *guessed(found.step))
    return Answer(blocks, found.state, resolved)
