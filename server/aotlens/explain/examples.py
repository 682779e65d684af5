"""The example of a target in words: the call, its origin, and the examples that were passed over."""

from __future__ import annotations

import re
from collections import Counter

from aotlens_tracer.wire.descriptor_map import Attempt, DescriptorMap, Example, Span
from aotlens_tracer.wire.protocol import ExampleSource

from . import failures
from .brief import listed
from .clusters import rank_in_words
from .paths import PathLabel, place, target_label

_NUMBER = re.compile(r"\d+")
_ORIGINS = {
    "option": "given as an option",
    "pinned": "pinned",
    "recorded": "recorded",
    "call-site": "call site",
    "inferred": "inferred",
}


def call_in_brief(descriptor_map: DescriptorMap) -> str:
    """The traced call: `Block(64)(x: f32[2, 16, 64])`; the example's own text if it never ran."""
    example = descriptor_map.example
    if example is None:
        return ""
    if example.expression and example.constructor is None and not example.arguments:
        return " ".join(example.expression.split())
    callee = example.constructor or descriptor_map.target.qualname
    arguments = ", ".join(f"{argument.name}: {argument.value}" for argument in example.arguments)
    return f"{' '.join(callee.split())}({arguments})"


def origin(example: Example, path_label: PathLabel) -> str:
    """The origin of the example: `pinned at model.py:10`, `recorded in model.py::GPT (call site README.md:12)`."""
    if example.recorded_in:
        source = _with_place(example.recorded_origin or "", example.source, path_label)
        result = f"recorded in {target_label(example.recorded_in, path_label)} ({source})"
    else:
        result = _with_place(example.origin, example.source, path_label)
    result += _with_arguments(example)
    if example.options.world is not None:
        result += f", {rank_in_words(example.options.world)}"
    if example.weights != "fake":
        result += f", {example.weights} weights"
    return result


def brief_origin(example: Example, path_label: PathLabel) -> str:
    """The origin in a few words, for one line: `pinned`, `recorded in GPT`, `call site README.md:12`."""
    if example.recorded_in:
        guess = ", inferred" if example.recorded_origin == "inferred" else ""
        return f"recorded in {example.recorded_in.rpartition('::')[2]}{guess}{_with_arguments(example)}"
    if example.origin == "call-site":
        return _with_place(example.origin, example.source, path_label) + _with_arguments(example)
    words = "option" if example.origin == "option" else _ORIGINS.get(example.origin, example.origin)
    return words + _with_arguments(example)


def _with_arguments(example: Example) -> str:
    """Optional arguments that a guess passes for a loss, and those that the user chose: `, with labels for a loss`."""
    words = f", with {listed(example.tried_with)} for a loss" if example.tried_with else ""
    chosen = [f"with {listed(example.passed)}"] if example.passed else []
    chosen += [f"without {listed(example.left_out)}"] if example.left_out else []
    return words + (f", {' and '.join(chosen)} as you chose" if chosen else "")


def call_with_origin(
    example: Example, qualname: str, path_label: PathLabel, recorded_at: str | None = None, choices: int = 0
) -> str:
    """The traced call in one line: `Head(width=8)(x: f32[2, 3, 8]) · recorded in Zoo: head · train`.

    `recorded_at` are the names of the modules that were called, and `choices` is the number of pinned examples.
    """
    arguments = ", ".join(f"{argument.name}: {argument.value}" for argument in example.arguments)
    call = f"{' '.join((example.constructor or qualname).split())}({arguments})"
    where = brief_origin(example, path_label) + (f": {recorded_at}" if recorded_at is not None else "")
    more = f"{choices} examples" if choices > 1 else None
    rank = rank_in_words(example.options.world) if example.options.world is not None else None
    return " · ".join(filter(None, (call, where, rank, example.mode, more)))


def pinned_with_origin(source: ExampleSource) -> str:
    """An example that was not called yet: `example: Narrow(3)(torch.ones(2, 5)) (pinned)`."""
    return f"example: {' '.join(source.expression.split())} ({source.origin})"


def attempts(descriptor_map: DescriptorMap, path_label: PathLabel) -> list[tuple[str, str]]:
    """The examples that were passed over, each with the reason; guesses that differ in numbers alone are counted."""
    found = []
    alike = Counter(map(_guess, descriptor_map.attempts))
    for attempt in descriptor_map.attempts:
        guess = _guess(attempt)
        others = alike.pop(guess, 0) - 1
        if guess is not None and others < 0:
            continue  # counted with the first of them
        what = _with_place(attempt.origin, attempt.source, path_label)
        if attempt.recorded_in:
            what = f"recorded in {target_label(attempt.recorded_in, path_label)}"
        if attempt.rule is not None:
            is_guess = attempt.expression is not None
            what = f"{what} by the rule {attempt.rule}" if is_guess else f"the rule {attempt.rule} failed"
        expression = " ".join((attempt.expression or "").split())
        more = f" (and {others} more like it)" if guess is not None and others else ""
        found.append((f"{what}: {expression}" if expression else what, failures.reason(attempt) + more))
    return found


def used(descriptor_map: DescriptorMap, path_label: PathLabel) -> tuple[str, str] | None:
    """The example that is traced, as its origin and its code, and how it was found; None if there is none.

    A found call has its own code, `call site test_net.py:16: self.net(x)`, and a guess says which rule found it.
    """
    example = descriptor_map.example
    if example is None or (descriptor_map.status != "traced" and example.rule is None):
        return None
    text = example.expression if example.origin != "inferred" else example.pin or example.expression
    code = " ".join((text or call_in_brief(descriptor_map)).split())
    if example.as_for is not None:
        how = f"as for `{example.as_for}` of this file"
    elif example.rule is not None:
        how = f"found by the rule {example.rule}"
    elif example.origin == "inferred" and not any(each.origin == "inferred" for each in descriptor_map.attempts):
        how = "the first guess"
    else:
        how = "" if descriptor_map.attempts else "the first choice"
    return f"{origin(example, path_label)}: {code}", how


def _guess(attempt: Attempt) -> tuple[str, ...] | None:
    """A guess and its failure without their numbers; None for an example that somebody wrote."""
    if attempt.origin != "inferred":
        return None
    texts = (attempt.rule, attempt.expression, failures.reason(attempt))
    return tuple(_NUMBER.sub("0", text or "") for text in texts)


def _with_place(origin: str, source: Span | None, path_label: PathLabel) -> str:
    words = _ORIGINS.get(origin, origin)
    if source is None:
        return words
    return f"{words} {'' if origin == 'call-site' else 'at '}{place(source, path_label)}"
