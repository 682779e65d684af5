"""Dynamo's texts for the inputs of a graph: `L['self']._modules['up']._parameters['weight']`, and shorter names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aotlens.logs.dynamo_names import mangled
from aotlens_tracer.wire.input_roles import fqns_of, role_of

from .slots import Entry


def by_source(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The inputs by Dynamo's expression, and by the name that it makes of it, `L_self_modules_up_parameters_weight_`.

    In the export convention only parameters and buffers have an expression.
    """
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for expression in _expressions(entry):
            name = mangled(expression)
            for text in dict.fromkeys((expression, name, name[:1].lower() + name[1:])):
                found.setdefault(text, []).append(entry)
    return found


def _expressions(entry: Entry) -> Iterator[str]:
    if entry.slot.dynamo is not None:
        yield entry.slot.dynamo.expression
    for name in fqns_of(entry.slot):
        *modules, last = name.split(".")
        kept = "_parameters" if role_of(entry.slot) == "parameter" else "_buffers"
        expression = "L['self']" + "".join(f"._modules['{module}']" for module in modules) + f".{kept}['{last}']"
        if entry.slot.dynamo is None or expression != entry.slot.dynamo.expression:
            yield expression
