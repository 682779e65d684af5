"""The parameters that no graph of torch.compile's takes, and that get no gradient between the graphs either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from ..findings.constructor_uses import constructor_uses
from ..torch_private import names_of_parameters
from ..wire.descriptor_map import Finding, Span
from ..wire.findings import NeverUsed, NoGradient, Place, Subject, places_of
from ..wire.input_roles import fqns_of
from .build_example import Built
from .capture import Captured
from .context import Context
from .describe import reasons_in_eager


def findings_of_absent(context: Context, built: Built, captured: Captured, in_eager: bool) -> list[Finding]:
    """Return a finding for each such parameter that requires a gradient, under its first name.

    Code between the graphs may use it without a gradient. The call in eager, which is made `in_eager`, says whether it
    does; before that, nothing is reported if there is such code.
    """
    call, target, module = captured.compiled, context.draft.map.target, built.example.module
    if call is None or captured.reached is None or module is None or (call.breaks and not in_eager):
        return []
    called = built.example.called
    absent = list(_absent(context, module, captured.reached))
    reason_in_eager = reasons_in_eager(context, built, called) if call.breaks and absent else None
    found = []
    for name, parameter in absent:
        reason: NoGradient | None = constructor_uses(module, name)
        if reason is None and not call.breaks:
            reason = NeverUsed(called)
        if reason is None and reason_in_eager is not None:
            reason = reason_in_eager(parameter)
        if reason is not None:
            place = context.birthplaces.of_tensor(module, name) or Span(target.path, target.line or 1)
            set_at = context.birthplaces.set_at(module, name)
            subjects, places = (Subject("parameter", name),), tuple(places_of(reason))
            places += (Place("set", set_at),) if set_at is not None else ()
            code = "parameter-without-gradient"
            found.append(Finding(code, place.path, place.line, place.column, subjects, reason, places))
    return found


def _absent(context: Context, module: nn.Module, reached: frozenset[int]) -> Iterator[tuple[str, nn.Parameter]]:
    names: Sequence[str] = [
        name for graph in context.draft.map.graphs for slot in graph.inputs for name in fqns_of(slot)
    ]
    taken = {id(parameter) for name, parameter in names_of_parameters(module) if name in set(names)}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and id(parameter) not in reached and id(parameter) not in taken:
            yield name, parameter
