"""Labels and tooltips of hints with recorded values: what a line assigns, takes or returns, and what did not run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aotlens.model.not_run import NotRun
from aotlens.model.recorded import Plain, Size, Tensor
from aotlens.model.values import Had, Recording

from .examples import call_in_brief
from .render.plain import inline
from .sharding import placements_at_a_glance
from .shortening import clipped
from .states import staleness_in_words
from .values import cases_in_brief, facts_of, not_run_in_words, sharding_of, value_by_names

NOT_RUN = "not run"
"""The label of a branch that was not taken, or of lines after an early return."""
FAILS = "fails here"
"""The label of the line at which the call ended with an error."""
STALE = " (stale)"
"""The end of the label of something that was known before an edit."""
LONGEST = 56
"""The most characters of a label; VS Code itself shows 43 of a line, unless the user changes that."""
_ROWS = 8
_CALL = 160
"""The most characters of the call in a tooltip."""


def values_label(named: Sequence[tuple[str, Had]], *, show_names: bool) -> str:
    """The values of a line: `f32[B, T, 64]`, `q, k, v: f32[B, T, 64]`, `B = 2, T = 16`.

    `named` are the targets or arguments in their order, each with its text in the code; a returned value has none.
    """
    parts = []
    texts = [(name, _in_brief(had), isinstance(had.value, Plain)) for name, had in named]
    for (text, is_plain), group in itertools.groupby(texts, key=lambda each: (each[1], each[2])):
        names = [name for name, _, _ in group]
        if not show_names:
            parts.append(text)
        elif is_plain:
            parts.append(f"{' = '.join(names)} = {text}")
        else:
            parts.append(f"{', '.join(names)}: {text}")
    label = ""
    for part in parts:
        longer = f"{label}, {part}" if label else part
        if label and len(longer) > LONGEST:
            return f"{label}, …"
        label = longer
    return label


def values_tooltip(named: Sequence[tuple[str, Had]]) -> str:
    """All values of the line with their sizes and the instances that had them, and the call that was made."""
    rows = [values_in_full(name, had) for name, had in named]
    more = [f"… and {len(rows) - _ROWS} more"] if len(rows) > _ROWS else []
    return "\n".join([*rows[:_ROWS], *more, *_call(named[0][1].recording)])


def not_run_label(found: NotRun) -> str:
    """The label of lines that did not run, with the reason if it is short: `not run: targets is None`."""
    label = f"{NOT_RUN}: {found.expression} is {found.value}" if found.expression is not None else NOT_RUN
    return label if len(label) <= LONGEST else NOT_RUN


def not_run_tooltip(found: NotRun) -> str:
    """The reason why lines did not run, and the call in which they did not."""
    return "\n".join([inline(not_run_in_words(found)), *_call(found.recording)])


def _in_brief(had: Had) -> str:
    cases = cases_in_brief(had)
    first, members = cases[0]
    if len(cases) == 1:
        brief = value_by_names(members[0].value) if len(members) == 1 else first
        sharding = sharding_of([case.value for case in members])
        return f"{brief} {placements_at_a_glance(sharding)}" if sharding is not None else brief
    if (both := _differing_in_one_size(had)) is not None:
        return both
    short = f"{first} or {cases[1][0]}"
    return short if len(cases) == 2 and len(short) <= LONGEST else f"{first} or {len(cases) - 1} more"


def _differing_in_one_size(had: Had) -> str | None:
    """Two tensors of which one size alone is different: `f32[B, T, 256 or 128]`; None for all others."""
    first, second, *more = [case.value for case in had.cases]
    if more or not (isinstance(first, Tensor) and isinstance(second, Tensor)):
        return None
    pairs = list(zip(first.sizes, second.sizes))
    other = [axis for axis, (one, two) in enumerate(pairs) if one.size != two.size]
    if len(other) != 1 or replace(first, sizes=second.sizes) != second:
        return None
    sizes = [one if one == two else Size(one.size) for one, two in pairs]
    sizes[other[0]] = Size(" or ".join(str(size.size) for size in pairs[other[0]]))
    return value_by_names(replace(first, sizes=tuple(sizes)))


def values_in_full(name: str, had: Had) -> str:
    """All values of a target, an argument or a `return`, with the instances that had them, as plain text."""
    return f"{name}: " + " · ".join(inline(fact) for fact in facts_of(had))


def _call(recording: Recording) -> Iterator[str]:
    brief = call_in_brief(recording.map)
    if brief:
        yield f"Traced as {clipped(brief, _CALL)}"
    if recording.is_stale:
        yield f"stale: {staleness_in_words(recording.state)}"
