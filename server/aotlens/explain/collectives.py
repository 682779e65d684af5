"""Collective operations in words: what they move, over which ranks, and who asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aotlens.model.collectives import Run, total
from aotlens_tracer.wire.collectives import Collective, Redistribution
from aotlens_tracer.wire.subclasses import Transfer

from .blocks import Code, Line, joined, line, strong
from .brief import listed
from .shapes import bytes_in_words
from .sharding import placement_in_brief

_NAMES = {
    "all_gather_into_tensor": "all_gather",
    "reduce_scatter_tensor": "reduce_scatter",
    "all_to_all_single": "all_to_all",
}
"""The names by which people know these operations; others keep torch's."""
_PREPARED = ("_coalesced", "_out", "_")
"""Ends of torch's names for what is the same operation: on several tensors, into a tensor, in place."""


def name_of(kind: str) -> str:
    """`all_gather` for `all_gather_into_tensor`; in brief, without what tells variants of an operation apart."""
    for end in _PREPARED:
        kind = kind.removesuffix(end)
    return _NAMES.get(kind, kind)


def over(dimension: str | None, ranks: int | None) -> str:
    """`tp (8 ranks)`: the mesh dimension of a group, as far as it is known, and its number of ranks."""
    size = f"{ranks} ranks" if ranks is not None else "an unknown group"
    if dimension is None:
        return size
    return f"{dimension_in_words(dimension)} ({size})"


def dimension_in_words(dimension: str) -> str:
    """`tp`; `mesh dimension 1` for one without a name."""
    return f"mesh dimension {dimension}" if dimension.isdigit() else dimension


def transfers_in_words(transfers: Sequence[Transfer]) -> str:
    """`an all_reduce of 256 B over dp (2 ranks)`: collectives, each with the bytes that one rank gives into it."""
    return listed([_transfer_in_words(each) for each in transfers])


def _transfer_in_words(transfer: Transfer) -> str:
    name = name_of(transfer.kind)
    size = f" of {bytes_in_words(transfer.bytes)}" if transfer.bytes is not None else ""
    return f"{'an' if name[:1] in 'aeio' else 'a'} {name}{size} over {over(transfer.dimension, transfer.ranks)}"


def group_of(collective: Collective) -> str:
    """The group of a collective in words."""
    return over(collective.dimension, collective.ranks)


def asked_by(collective: Collective) -> str:
    """Who asked for a collective: `RowwiseParallel`, `redistribute()`, `nobody: for mm`."""
    by = collective.by
    match collective.cause:
        case "plan":
            return by or "the plan"
        case "call":
            return f"{by}()" if by is not None else "the code"
        case "operand":
            return f"nobody: for {short(by)}" if by is not None else "nobody"
        case "operation":
            return f"nobody: {short(by)} needs it" if by is not None else "nobody"
    return "unknown"


def short(operation: str | None) -> str:
    """`mm` for `aten.mm.default`."""
    parts = (operation or "").split(".")
    return parts[1] if len(parts) > 2 else operation or ""


def change(each: Collective | Redistribution) -> str:
    """`Partial("sum") → Replicate()`: the placements that change; empty if nothing is redistributed.

    Each has the name of its mesh dimension, unless the only one that changes is that over which is communicated.
    """
    before, after = each.before, each.after
    if before is None or after is None:
        return ""
    pairs = zip(before.placements, after.placements, strict=False)
    changed = [number for number, (old, new) in enumerate(pairs) if old != new]
    names = before.mesh.names
    parts = []
    for number in changed:
        old, new = (placement_in_brief(sharding.placements[number]) for sharding in (before, after))
        name = names[number] if names is not None else str(number)
        on = "" if len(changed) == 1 and name == each.dimension else f" on {dimension_in_words(name)}"
        parts.append(f"{old} → {new}{on}")
    return ", ".join(parts)


def node_in_words(collective: Collective) -> str:
    """`1.0 KiB over tp, 8 ranks, asked by RowwiseParallel`: the note at an operation of a graph."""
    return f"{bytes_in_words(collective.bytes)} over {group_of(collective)}, {_who(collective)}"


def _who(collective: Collective) -> str:
    """`asked by RowwiseParallel`, `implicit, for mm`."""
    return f"implicit, for {short(collective.by)}" if collective.is_implicit else f"asked by {asked_by(collective)}"


def communicates(runs: Sequence[Run], most: int) -> list[list[Line]]:
    """The facts about the runs of a line: those alike as one, the largest first.

    **forward `all_reduce`** of 3 × 1.0 KiB over `tp`, 8 ranks · asked by RowwiseParallel · Partial(sum) → Replicate()
    """
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        each = run.collective
        key = (
            run.is_backward,
            run.is_repeated,
            each.kind,
            each.bytes,
            group_of(each),
            asked_by(each),
            each.before,
            each.after,
        )
        groups.setdefault(key, []).append(run)
    ranked = sorted(groups.values(), key=lambda group: -total(group))
    facts = [_alike(group) for group in ranked[:most]]
    if left := [run for group in ranked[most:] for run in group]:
        facts.append([line(f"and {len(left)} more collectives, {bytes_in_words(total(left))}")])
    return facts


def _alike(runs: Sequence[Run]) -> list[Line]:
    first = runs[0].collective
    times = f"{len(runs)} × " if len(runs) > 1 else ""
    when = "backward, once more" if runs[0].is_repeated else "backward" if runs[0].is_backward else "forward"
    facts = [
        line(
            strong("communicates"),
            f" {when} ",
            Code(name_of(first.kind)),
            f" of {times}{bytes_in_words(first.bytes)} over {group_of(first)}",
        )
    ]
    facts.append(line(_who(first)))
    if placements := change(first):
        facts.append(line(Code(placements)))
    return facts


def inside_in_words(runs: Sequence[Run]) -> Line:
    """`12 collectives, 48.0 KiB: 6 all_gather, 6 reduce_scatter`: what the calls of a line communicate."""
    return line(f"{counted(runs)}: ", joined([line(text) for text in kinds(runs)]))


def counted(runs: Sequence[Run]) -> str:
    """`12 collectives, 48.0 KiB`."""
    return f"{len(runs)} collective{'' if len(runs) == 1 else 's'}, {bytes_in_words(total(runs))}"


def kinds(runs: Iterable[Run]) -> list[str]:
    """The kinds of operations with their number, the most frequent first."""
    found: dict[str, int] = {}
    for run in runs:
        name = name_of(run.collective.kind)
        found[name] = found.get(name, 0) + 1
    return [f"{number} {name}" for name, number in sorted(found.items(), key=lambda item: -item[1])]
