"""Facts about the example of a target: whether it is complete, and whether there is one at all."""

from __future__ import annotations

import ast

from .snapshot import TargetState


def is_incomplete(expression: str) -> bool:
    """Whether an example has arguments that the user has yet to fill in, written as `...`."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [value for call in calls for value in (*call.args, *(keyword.value for keyword in call.keywords))]
    return any(isinstance(value, ast.Constant) and value.value is ... for value in given)


def is_to_be_completed(state: TargetState) -> bool:
    """Whether a trace failed because its example is still a template."""
    stage = state.failure.stage if state.failure is not None else None
    return stage in ("example", "forward") and any(is_incomplete(one.expression) for one in state.examples[:1])


def lacks_example(state: TargetState) -> bool:
    """Whether a target failed only because nobody knows how to build and call it."""
    return state.failure is not None and state.failure.stage == "example" and not state.examples
