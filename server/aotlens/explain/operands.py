"""The operation that ended a call, in words: its operands, with what they are and where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.operands import FailedLayer, FailedOperation, Operand
from aotlens_tracer.wire.places import Span

from .blocks import NOTHING, Cell, Column, Table, without_empty
from .clashes import clashing_origins
from .paths import PathLabel, in_line, number_of_line, place
from .shortening import clipped

_ONLY_FAKE = "on real tensors the operation works: only fake tensors, with which the trace runs, refuse it"
_MOST = 4
"""So many operands are named in a message; a table has all."""


def operands_in_words(operation: FailedOperation, path: str | None) -> list[str]:
    """Return a sentence for each operand that matters, and for the layer if no operand stands for it.

    `path` is the file in which the failure is shown: places in it are given as lines.
    """
    if operation.clash is not None:  # a sentence of its own has them
        return [_ONLY_FAKE] if operation.works_in_eager else []
    shown = _blamed(operation)
    sentences = [_operand_in_words(operand, path, _devices(operation.operands)) for operand in shown[:_MOST]]
    if len(shown) > _MOST:
        sentences.append(f"and {len(shown) - _MOST} more operands")
    layer = operation.layer
    if layer is not None and not any(_is_of(operand, layer) for operand in shown):
        sentences.append(f"the layer `{layer.name}` is {_layer_in_code(layer)}{in_line(layer.span, path)}")
    if operation.works_in_eager:
        sentences.append(_ONLY_FAKE)
    return sentences


def places_of_operands(operation: FailedOperation) -> list[tuple[str, Span]]:
    """Return the places that operands come from, each with a sentence."""
    found: dict[Span, str] = {}
    shows_device = _devices(operation.operands)
    if operation.definition is not None:
        found[operation.definition] = "this `backward` returns it"
    for operand in _blamed(operation):
        span = operand.span
        if span is not None and not _on_one_line(span, operation.span):
            verb = "comes from here" if operand.role == "constructor" else "is made here"
            found.setdefault(span, f"{_name(operand)}, {_value(operand, shows_device)}, {verb}")
        if operand.converted_at is not None:
            found.setdefault(operand.converted_at, f"this call converts {_name(operand)}")
    for sentence, span in clashing_origins(operation):
        found.setdefault(span, sentence)
    return [(sentence, span) for span, sentence in found.items()]


def marked_code(failure: Failure) -> list[tuple[str, str]] | None:
    """Return the line that fails, with its number, and below it marks under the expression; None if it is not known."""
    operation = failure.operation
    span = operation.span if operation is not None else None
    if operation is None or span is None or operation.line_text is None or span.column is None:
        return None
    if (failure.path, failure.line) != (span.path, span.line):
        return None
    text = operation.line_text.expandtabs(1)
    end = span.end_column if span.end_line == span.line and span.end_column is not None else len(text) + 1
    number = str(number_of_line(span.path, span.line))
    marks = " " * (span.column - 1) + "^" * max(end - span.column, 1)
    return [(number, text), (" " * len(number), marks)]


def operand_table(operation: FailedOperation, path_label: PathLabel) -> Table | None:
    """Return the operands as a table; None if there are none."""
    if not operation.operands:
        return None
    rows = [
        (
            Cell(_plain_name(operand)),
            Cell(operand.value),
            Cell(operand.device or NOTHING) if _devices(operation.operands) else Cell(""),
            Cell(_origin(operand)),
            Cell(place(operand.span, path_label), to=operand.span),
        )
        for operand in operation.operands
    ]
    columns = (
        Column("operand", "name"),
        Column("type", "type"),
        Column("device", "type"),
        Column("from", "prose", 1),
        Column("place", "place", 2),
    )
    return without_empty(Table(_title(operation), "", columns, tuple(rows)))


def _title(operation: FailedOperation) -> str:
    function = operation.name.removeprefix("torch.").removeprefix("nn.functional.") if operation.name else None
    subject = f"Operands of {function}" if function else "Operands"
    if operation.layer is not None:
        return f"{subject} in {operation.layer.name}, {clipped(operation.layer.made_by or operation.layer.text)}"
    return subject


def _operand_in_words(operand: Operand, path: str | None, shows_device: bool) -> str:
    origin = _origin(operand)
    value = _value(operand, shows_device)
    text = f"{_name(operand)} is {value}"
    if operand.is_culprit:
        text = f"the gradient is that of {_name(operand)}, which is {value}"
    if not origin:
        return text
    return f"{text}: {origin}{in_line(operand.span, path)}"


def _origin(operand: Operand) -> str:
    """The origin of an operand, without its place; empty if it is not known, or if the name says all."""
    name = operand.origin
    if operand.role == "argument":
        return "an argument of the call" if operand.name == name else f"the argument `{name}` of the call"
    if operand.role in ("parameter", "buffer"):
        named = f"the {operand.role} `{name}`" if operand.name not in (name, f"self.{name}") else f"a {operand.role}"
        made = f"{named}, made by `{clipped(operand.made_by)}`" if operand.made_by else named
        return f"{made}, then `{clipped(operand.converted_by)}`" if operand.converted_by else made
    if operand.role == "constructor":
        return f"`{clipped(name)}`" if name not in (None, operand.name) else "an argument of the constructor"
    if operand.role == "attribute":
        return "an attribute of the module, neither parameter nor buffer"
    if operand.layer is not None:
        return f"the output of the layer `{operand.layer}`"
    return f"the result of `{clipped(name)}`" if operand.role == "result" and name and operand.name != name else ""


def _name(operand: Operand) -> str:
    return f"`{clipped(operand.name)}`" if operand.name else "an input"


def _plain_name(operand: Operand) -> str:
    return clipped(operand.name) if operand.name else NOTHING


def _value(operand: Operand, shows_device: bool) -> str:
    return f"{operand.value} on {operand.device}" if shows_device and operand.device else operand.value


def _layer_in_code(layer: FailedLayer) -> str:
    return f"`{clipped(layer.made_by)}`" if layer.made_by else clipped(layer.text)


def _on_one_line(one: Span, other: Span | None) -> bool:
    return other is not None and (one.path, one.line) == (other.path, other.line)


def _blamed(operation: FailedOperation) -> list[Operand]:
    return [operand for operand in operation.operands if operand.is_culprit] or _important(operation.operands)


def _important(operands: Sequence[Operand]) -> list[Operand]:
    """The operands without the biases that are like their weight: they fail for their type or their device alone."""
    found = []
    for operand in operands:
        layer, _, name = (operand.origin or "").rpartition(".")
        alike = [other for other in operands if other is not operand and _is_like(other, operand)]
        is_bias = operand.role == "parameter" and name.endswith("bias")
        if not (is_bias and any((other.origin or "").startswith(f"{layer}.") for other in alike)):
            found.append(operand)
    return found


def _is_like(one: Operand, other: Operand) -> bool:
    return (one.role, one.dtype, one.device) == (other.role, other.dtype, other.device)


def _devices(operands: Sequence[Operand]) -> bool:
    """Whether it matters on which device operands are."""
    return {operand.device for operand in operands} - {None, "cpu"} != set()


def _is_of(operand: Operand, layer: FailedLayer) -> bool:
    return operand.role in ("parameter", "buffer") and (operand.origin or "").startswith(f"{layer.name}.")
