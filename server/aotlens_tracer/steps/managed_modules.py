"""Before the capture: modules that talk to other ranks in hooks, as they are between these hooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..failures import ForwardError
from ..torch_private import Gathered, gather, names_of_parameters, replicated_by_ddp
from ..wire.findings import Finding
from ..wire.managed_modules import Managed
from ..wire.places import Span
from .build_example import Built
from .context import Context


def gather_parameters(context: Context, built: Built) -> Built:
    """Gather the parameters that `fully_shard` keeps in parts, and report what is in no graph. Return the example.

    No capture takes the hooks that do it in each call. In the convention of torch.compile they stay, because it runs
    graphs between them. Raises ForwardError for what the hooks would raise at the beginning of a call.
    """
    root = built.example.module
    if root is None or context.cluster.world is None:
        return built
    try:
        with built.example.fake():
            found = gather(root, keep_hooks=context.params.convention == "compile")
    except Exception as error:  # the user's own mistake, such as a shared parameter in two groups
        raise ForwardError from error
    found += replicated_by_ddp(root)
    context.draft.add_findings(*_findings(context, found))
    by = {id(whole): each.function for each in found for own, whole in each.parameters if whole is not own}
    named = names_of_parameters(root)
    return replace(built, managed={name: by[id(parameter)] for name, parameter in named if id(parameter) in by})


def _findings(context: Context, found: Sequence[Gathered]) -> Iterator[Finding]:
    """Yield a finding for each function that manages parameters, at the first place where it was called."""
    target = context.draft.map.target
    for function in dict.fromkeys(each.function for each in found):
        made = [each for each in found if each.function == function]
        managed = [own for each in made for own, _ in each.parameters]
        # A sharded parameter was made by the call of the function, and so was the module that wraps others.
        marks = (each.module if each.module is not None else own for each in made for own, _ in each.parameters)
        known = (context.birthplaces.of_creation(mark) for mark in marks) if function in _MAKES else ()
        place = next((span for span in known if span is not None), None) or Span(target.path, target.line or 1)
        if managed:
            reason = Managed(function, len(managed), next(each.ranks for each in made if each.parameters))
            yield Finding("communication-outside-graph", place.path, place.line, place.column, reason=reason)


_MAKES = frozenset({"fully_shard", "DistributedDataParallel"})
"""The functions that make new parameters or a new module, at whose place they were called."""
