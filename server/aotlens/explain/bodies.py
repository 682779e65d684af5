"""Bodies of higher-order operations in words: the part that they play, and what their inputs stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aotlens.model.bodies import IN_STEPS
from aotlens_tracer.wire.bodies import Argument, node_in, scope_of
from aotlens_tracer.wire.descriptor_map import Body, Saved

from .blocks import Block, Code, Facts, line, strong
from .phrases import and_more, plural
from .shapes import bytes_in_words, tensor_in_brief

_CALLS = 3
"""The most calls whose operands are listed for one input."""

Name = Callable[[str], str]
"""The name that a text has for a node."""

_ROLES = {
    "true": "true branch",
    "false": "false branch",
    "condition": "condition",
    "loop": "loop body",
    "step": "step",
    "function": "function",
    "combine": "combine function",
    "region": "region",
    "score-mod": "score_mod",
    "score-mod-derivative": "derivative of score_mod",
    "mask-mod": "mask_mod",
    "body": "body",
}


def role_alone(body: Body) -> str:
    """`true branch`."""
    return _ROLES[body.calls[0].role]


def role_in_words(body: Body, name: Name = lambda node: node.rpartition(".")[2]) -> str:
    """`true branch of cond`: the part of a body, and the operations that run it."""
    names = [name(node_in(scope_of(body), call.operation)) for call in body.calls]
    more = f", {and_more(len(names) - _CALLS, 'call')}" if len(names) > _CALLS else ""
    return f"{role_alone(body)} of {', '.join(names[:_CALLS])}{more}"


def body_in_words(body: Body) -> tuple[Block, ...]:
    """The name of a body, its part, and its numbers of inputs and operations."""
    counts = f"{len(body.inputs)} {plural('input', len(body.inputs))}, "
    counts += f"{len(body.operations)} {plural('operation', len(body.operations))}"
    facts = [line(counts), *([line("runs in the backward pass only")] if body.backward else [])]
    return Facts((line(strong(role_in_words(body))), line("body ", Code(body.name)))), Facts(tuple(facts))


def argument_in_words(argument: Argument, name: Name) -> tuple[Block, ...]:
    """An input of a body, its type, and the value that it stands for."""
    title = [line(strong("input"), " of ", Code(argument.body.name)), line("node ", Code(argument.input.node))]
    if argument.input.dtype is not None:
        title.append(line(Code(tensor_in_brief(argument.input.dtype, argument.input.shape))))
    facts = [line(about)] if (about := operand_in_brief(argument, name)) else []
    if argument.operand is not None and argument.input.passed == "value":
        facts.insert(0, line("is ", Code(name(argument.operand))))
    return Facts(tuple(title)), *((Facts(tuple(facts)),) if facts else ())


def operand_in_brief(argument: Argument, name: Name) -> str:
    """The value that an input stands for, where its name alone does not say it; empty otherwise."""
    if not argument.is_used:
        return "not used"
    operand = argument.operand
    passed = name(operand) if operand is not None else None
    if argument.input.passed == "made":
        return _MADE.get(argument.input.name or "", "")
    if argument.input.passed == "element":
        return f"one item of {passed}" if passed is not None else "one item"
    if argument.input.passed == "carry":
        return f"first {passed}, then from the step before" if passed is not None else "from the step before"
    if passed is None and argument.input.passed == "value":
        listed = [f"{name(other)} in {name(call)}" for call, other in argument.calls if other is not None]
        more = f", {and_more(len(listed) - _CALLS, 'call')}" if len(listed) > _CALLS else ""
        return ", ".join(listed[:_CALLS]) + more
    return ""


def saved_results_in_words(values: Sequence[Saved], body: Body) -> str:
    """`saved, 240 B for all steps`: the values that all calls of a body save of one of its results."""
    size = f"saved, {bytes_in_words(sum(value.bytes or 0 for value in values))}"
    if len(values) > 1:
        return f"{size} for {len(values)} calls"
    return f"{size} for all steps" if body.calls[0].role in IN_STEPS else size


_MADE = {
    "score": "one score",
    "b": "index of the batch",
    "h": "index of the head",
    "q_idx": "index of the query",
    "kv_idx": "index of the key and value",
    "grad_score": "gradient of the new score",
}
