"""Graph breaks in words: what follows from one, and why torch stops there."""

from __future__ import annotations

from aotlens.explain.advice import advice_in_words
from aotlens.explain.brief import listed
from aotlens.explain.failures import refusal
from aotlens_tracer.wire.graph_breaks import GraphBreak

_IN_LOOP = "graph break in loop"
"""Torch's name for a break after which it cannot go on, because it is in a loop."""


def break_in_words(item: GraphBreak) -> str:
    """A graph break: what torch.compile does there, and the reason in torch's own words."""
    why = refusal(item.text, item.by)
    if item.effect == "stops" or item.by == "aotautograd":
        return why
    return f"{_consequence(item)}: {why}"


def advice(item: GraphBreak) -> list[tuple[str, str]]:
    """Hints about a graph break, torch's own first, and the address of torch's page about it, each with a title."""
    page = [("more", item.link)] if item.link is not None else []
    ours = [("hint", advice_in_words(item.advice))] if item.advice is not None else []
    return [*(("hint", hint) for hint in item.hints), *ours, *page]


def _consequence(item: GraphBreak) -> str:
    """The behaviour of torch.compile at a graph break."""
    function = f"`{item.function}`" if item.function else "the function"
    if item.effect == "eager":
        loop = " (it cannot go on inside a loop)" if _IN_LOOP in item.then else ""
        return f"torch.compile leaves the rest of {function} to eager{loop}{_callers(item)}"
    names = [f"`{name}`" for name in item.crossing]
    crosses = f", with {listed(names)} from before" if names else ""
    return f"torch.compile ends a graph of {function} here and compiles the rest apart{crosses}{_callers(item)}"


def _callers(item: GraphBreak) -> str:
    names = [f"`{name}`" for name in item.callers_in_eager]
    return f", and leaves the rest of {listed(names)} to eager, up the chain of calls" if names else ""
