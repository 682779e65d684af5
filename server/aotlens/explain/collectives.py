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
    # In place, as torch.distributed calls them:
    "allreduce": "all_reduce",
    "allgather": "all_gather",
    "_allgather_base": "all_gather",
    "allgather_into_tensor": "all_gather",
    "_reduce_scatter_base": "reduce_scatter",
    "alltoall": "all_to_all",
    "alltoall_base": "all_to_all",
}
"""The names by which people know these operations; others keep torch's."""
_PREPARED = ("_", "_coalesced", "_out")
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
            return f"{name_of(by)}()" if by is not None else "the code"
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


def _who_in_words(collective: Collective) -> Line:
    if collective.is_implicit:
        return line("implicit, for ", Code(short(collective.by)))
    return line("asked by ", Code(asked_by(collective)))


def communicates(runs: Sequence[Run], most: int) -> list[list[Line]]:
    """The facts about the runs of a line: one list for each group of ranks and each that asks, unasked ones first.

    **communicates** over tp (4 ranks), asked by RowwiseParallel · forward `reduce_scatter` of 2 × 64.0 KiB,
    `Partial("sum") → Shard(1)` · backward …
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((group_of(run.collective), _who(run.collective)), []).append(run)
    ranked = sorted(groups.items(), key=lambda item: (not item[1][0].collective.is_implicit, -total(item[1])))
    facts = [
        [line(strong("communicates"), f" over {group}, ", _who_in_words(members[0].collective)), *_moves(members)]
        for (group, _), members in ranked[:most]
    ]
    if left := [run for _, members in ranked[most:] for run in members]:
        facts.append([line(f"and {len(left)} more collectives, {bytes_in_words(total(left))}")])
    return facts


def _moves(runs: Sequence[Run]) -> list[Line]:
    """The runs in the order of the call, those alike as one."""
    groups: dict[tuple[str, str, int | None, str], int] = {}
    for run in runs:
        each = run.collective
        when = "backward, once more" if run.is_repeated else "backward" if run.is_backward else "forward"
        key = (when, name_of(each.kind), each.bytes, change(each))
        groups[key] = groups.get(key, 0) + 1
    found = []
    for (when, name, size, placements), count in groups.items():
        times = f"{count} × " if count > 1 else ""
        what = line(f"{when} ", Code(name), f" of {times}{bytes_in_words(size)}")
        found.append(line(what, ", ", Code(placements)) if placements else what)
    return found


def modules_in_words(runs: Sequence[Run]) -> list[Line]:
    """**communicates** 8 collectives, 320.0 KiB over tp (4 ranks): 4 `all_gather`, 4 `reduce_scatter`; [] for none."""
    if not runs:
        return []
    groups = list(dict.fromkeys(group_of(run.collective) for run in runs))
    over = f" over {groups[0]}" if len(groups) == 1 else ""
    facts = [line(strong("communicates"), f" {counted(runs)}{over}: ", _kinds(runs))]
    if implicit := [run for run in runs if run.collective.is_implicit]:
        facts.append(line(f"{len(implicit)} of them implicit"))
    return facts


def inside_in_words(runs: Sequence[Run]) -> Line:
    """`12 collectives, 48.0 KiB: 6 all_gather, 6 reduce_scatter`: what the calls of a line communicate."""
    return line(f"{counted(runs)}: ", _kinds(runs))


def counted(runs: Sequence[Run]) -> str:
    """`12 collectives, 48.0 KiB`."""
    return f"{len(runs)} collective{'' if len(runs) == 1 else 's'}, {bytes_in_words(total(runs))}"


def kinds(runs: Iterable[Run]) -> list[tuple[int, str]]:
    """The kinds of operations, each after its number, the most frequent first."""
    found: dict[str, int] = {}
    for run in runs:
        name = name_of(run.collective.kind)
        found[name] = found.get(name, 0) + 1
    return sorted(((number, name) for name, number in found.items()), key=lambda item: -item[0])


def _kinds(runs: Iterable[Run]) -> Line:
    return joined([line(f"{number} ", Code(name)) for number, name in kinds(runs)])
