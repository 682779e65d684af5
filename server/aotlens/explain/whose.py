"""Whose the numbers of a class are: those of a call alone, or those of its instances in a model."""

from __future__ import annotations

from aotlens.model.contexts import Context
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .brief import folded, in_groups
from .kernels import kernels_in_brief
from .partitioners import for_backward
from .shapes import bytes_in_words
from .sharding import per_rank

ALONE = "alone"
"""The numbers are those of one instance, called as in its own trace, without a model around it."""


def in_model(context: Context) -> str:
    """`in GPT`, `in GPT (2 layers)`: the model, and how many instances of the class it has.

    They are layers if their names differ in numbers alone: `blocks.{0..5}.attn`.
    """
    number, (groups, more) = len(context.instances), in_groups(context.prefixes)
    noun = "layers" if len(groups) == 1 and not more else "instances"
    return f"in {context.state.key.qualname}" + (f" ({number} {noun})" if number > 1 else "")


def part_in_brief(context: Context) -> str:
    """`in GPT (2 layers): saves 65.0 KiB`; without the bytes if nothing is known of them."""
    return ": ".join(filter(None, (in_model(context), _saved_in_brief(context))))


def contained_in_brief(context: Context) -> str:
    """`in GPT (2 layers): blocks.{0,1}.attn · saves 65.0 KiB`: a class without a trace of its own."""
    return " · ".join(filter(None, (f"{in_model(context)}: {names_in(context)}", _saved_in_brief(context))))


def names_in(context: Context) -> str:
    """`blocks.{0,1}.attn`: the names of the instances in their model."""
    return folded(context.prefixes)


def place_in_model(context: Context) -> str:
    """`blocks.{0,1}.attn of GPT`."""
    return f"{names_in(context)} of {context.state.key.qualname}"


def at_module(context: Context) -> str:
    """`GPT at blocks.0.attn`: the first instance, where a graph of the model is opened."""
    return f"{context.state.key.qualname} at {context.prefixes[0]}"


def own_name(qualname: str, *, is_alone: bool) -> str:
    """`Attention alone`: the class's own trace, if a traced model contains the class; else `Attention`."""
    return f"{qualname} {ALONE}" if is_alone else qualname


def saved_in_words(context: Context) -> str:
    """`saves 65.0 KiB for backward`; empty if the instances save nothing, or if that is not known."""
    kept = for_backward(*context.index.graphs)
    return f"{_figures(context)[0]} {' '.join(filter(None, (kept, _figures(context)[1])))}" if context.saved else ""


def _saved_in_brief(context: Context) -> str:
    return " ".join(filter(None, _figures(context))) if context.saved is not None else ""


def _figures(context: Context) -> tuple[str, str]:
    """The bytes that the instances save, and the kernels that these depend on."""
    saves = f"saves {bytes_in_words(context.saved)}{per_rank(context.index.graphs)}"
    return saves, kernels_in_brief(context.index, context.prefixes)


def alone_in_words(map: DescriptorMap) -> str | None:
    """`alone, as GPT calls it`: the trace of a class that was recorded in the call of a model; None for any other."""
    model = map.example.recorded_in if map.example is not None else None
    return f"{ALONE}, as {model.rpartition('::')[2]} calls it" if model is not None else None
