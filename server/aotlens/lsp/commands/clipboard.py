"""The command that copies descriptors."""

from __future__ import annotations

from aotlens.lsp.context import Context
from aotlens.lsp.targets import map_of
from aotlens.model.snapshot import TargetKey

_SHOWN = 10
"""A message shows this many descriptors."""


def copy_expression(context: Context, target: TargetKey, labels: list[str]) -> list[str]:
    """The descriptors, as Python that builds them, of the slots of a target that have these labels.

    A server has no clipboard. A client that cannot copy the answer either gets it as a message.
    """
    graphs = map_of(context, target).graphs
    slots = [slot for graph in graphs for slot in (*graph.inputs, *graph.outputs)]
    found = [slot.descriptor for slot in slots if slot.label in labels and slot.descriptor is not None]
    if found and not context.offers.clipboard:
        more = [f"… and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        context.say("\n".join(found[:_SHOWN] + more))
    return found
