"""The role of an input in words, and the sentence about an input of a graph that torch.compile runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aotlens.model.descriptors import Label
from aotlens_tracer.wire.descriptor_map import DynamoSource
from aotlens_tracer.wire.input_roles import InputRole

from .blocks import Code, Line, line

NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "parameter": "parameter",
        "buffer": "buffer",
        "attribute": "attribute",
        "argument": "argument",
        "local": "local",
        "size": "size",
        "number": "number",
        "global": "global",
        "closure": "closure variable",
        "other": "input",
        "output": "output",
    }
)
"""The role of an input, or of an output of the user's code, as a noun."""

_WHY: Mapping[InputRole, str] = MappingProxyType(
    {
        "parameter": ", which torch.compile passes in because the code reads it",
        "buffer": ", which torch.compile passes in because the code reads it",
        "attribute": ", a tensor that an object keeps as a plain attribute: torch.compile passes it in",
        "argument": ", as you passed it",
        "local": ", a value that the code before a graph break computed: the code after it goes on with it",
        "size": ", which is dynamic here, and therefore passed in as a number of its own",
        "number": ", which may differ from call to call, and is therefore passed in",
        "global": ", a global variable that the code reads",
        "closure": ", a variable of an enclosing function that the code reads",
        "other": ", a value that the code reads",
    }
)


def named(label: Label) -> str:
    """An argument, output or other input by its role and the user's name: "argument `x`"."""
    return f"{NOUNS[label.role]} `{label.text}`"


def source_in_words(source: DynamoSource, noun: str) -> str:
    """The end of a sentence about an input that begins with `noun`: what it is, and where Dynamo takes it from."""
    others = f" The graph runs again with {_listed(source)}." if source.others else ""
    return f"{noun}{_WHY[source.role]}.{others} Dynamo takes it from `{source.expression}`."


def taken_from(source: DynamoSource) -> Line:
    """`Dynamo takes it from L['x']`."""
    return line("Dynamo takes it from ", Code(source.expression))


def _listed(source: DynamoSource) -> str:
    shown = [f"`{name}`" for name in source.others[:2]]
    rest = len(source.others) - len(shown)
    return " and ".join(shown) if not rest else f"{', '.join(shown)} and {rest} more"
