"""The names that Dynamo gives the inputs of its graphs, and the expressions that it made them from.

`L['self']._modules['up']._parameters['weight']` becomes `L_self_modules_up_parameters_weight_`
(`torch/_dynamo/variables/builder.py`). Several expressions may become the same name, so a name alone does not say which
one it was. A trace lists the expressions in the order in which Dynamo made names of them, and that decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9]+")
_PLAIN = re.compile(r"PlainAOTInput\(idx=(\d{1,9})\)")


def mangled(expression: str) -> str:
    """The name that Dynamo makes of an expression, if no other input has it."""
    return _NOT_IN_A_NAME.sub("_", expression)


def sources_by_name(described: Iterable[str], symbols: Mapping[str, str]) -> dict[str, str]:
    """The expressions behind the names of a graph's inputs.

    `described` are the expressions in the order in which Dynamo looked at them, `symbols` the expressions of symbolic
    sizes by symbol: an input that is a size is called by its symbol. The result may have more names than the graph:
    Dynamo drops inputs that it does not need.
    """
    found: dict[str, str] = {}
    for expression in dict.fromkeys(described):
        name = base = mangled(expression)
        number = -1
        # As `torch._dynamo.utils.get_unique_name_wrt` does.
        while name in found:
            number += 1
            name = f"{base}_{number}"
        found[name] = expression
    return {**symbols, **found}


def dynamo_index(descriptor: str | None) -> int | None:
    """The number, from 0, of the input of Dynamo's graph that a descriptor of AOTAutograd names; None for others."""
    found = None if descriptor is None else _PLAIN.fullmatch(descriptor)
    return None if found is None else int(found[1])
