"""Writes lists of names and numbers in brief and unambiguously: `blocks.{0..5}.attn`, `primals_{2,14,26,…,374}`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from aotlens.model.folding import fold, ranges

_LISTED = 4
"""The most numbers that are listed one by one."""
_MOST = 3
"""So many things are listed by name."""
_INTEGER = re.compile(r"0|[1-9][0-9]*")


def folded(names: Iterable[str]) -> str:
    """Names in brief: `blocks.{0..5}.attn, head`; beyond three groups, the number of the other names."""
    groups, rest = in_groups(names)
    return ", ".join(groups) + (f" and {rest} more" if rest else "")


def in_groups(names: Iterable[str]) -> tuple[list[str], int]:
    """The first three groups of similar names (`blocks.{0..5}.attn`), and the number of the other names."""
    groups = fold(list(names), key=lambda name: 0, label=lambda name: name, suffixes=True)
    return [group.label for group in groups[:3]], sum(group.count for group in groups[3:])


def all_names(names: Iterable[str]) -> list[str]:
    """All of the dotted names, in brief: `head.weight`, `body.conv{1..3}.{weight,bias}`."""
    leaves: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        parent, _, leaf = name.rpartition(".")
        leaves.setdefault(parent, []).append(leaf)
    if len(leaves) == 1 and [*map(len, leaves.values())] == [1]:
        return [name]
    shown = []
    for row in fold(leaves, key=lambda parent: tuple(leaves[parent]), label=lambda parent: parent, suffixes=True):
        last = leaves[row.first]
        if not row.first:
            shown += [leaf.label for leaf in fold(last, key=lambda _: 0, label=str)]
            continue
        numbers = all(_INTEGER.fullmatch(leaf) for leaf in last)
        parts = ranges(map(int, last)) if numbers else ",".join(last)
        shown.append(f"{row.label}.{parts}" if len(last) == 1 else f"{row.label}.{{{parts}}}")
    return shown


def listed(texts: Sequence[str]) -> str:
    """Texts as a list: `a`, `a and b`, `a, b, c and 2 more`."""
    shown = list(texts) if len(texts) <= _MOST else [*texts[:_MOST], f"{len(texts) - _MOST} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def names_in_brief(names: Sequence[str | None]) -> str:
    """The node names of one table row that stands for several slots, in the order of these.

    `primals_{2..5}`, `primals_{3,10,17}`, `primals_{2,14,26,…,374}`. Names without such an order are shown as the first
    one and an ellipsis. `—` if the only name is None.
    """
    distinct = list(dict.fromkeys(names))
    if distinct == [None]:
        return "—"
    if len(distinct) == 1:
        return distinct[0] or "—"
    split_names = [re.fullmatch(r"(.*?)(0|[1-9][0-9]*)", name or "") for name in distinct]
    if len(distinct) > 2 and all(split_names):
        prefixes = {match[1] for match in split_names if match}
        numbers = in_brief([int(match[2]) for match in split_names if match])
        if len(prefixes) == 1 and numbers is not None:
            return f"{prefixes.pop()}{{{','.join(numbers)}}}"
    if len(distinct) == 2 and None not in distinct:
        return ", ".join(str(name) for name in distinct)
    return f"{distinct[0] or '—'} …"


def numbers_in_brief(numbers: Sequence[int]) -> str:
    """Indices of a folded row, in its order: `3..34`, `3, 15, 27, …, 375`, or the first one and an ellipsis."""
    distinct = list(dict.fromkeys(numbers))
    if not distinct:
        return "—"
    shown = in_brief(distinct)
    return ", ".join(shown) if shown is not None else f"{distinct[0]} …"


def in_brief(numbers: Sequence[int]) -> list[str] | None:
    """Distinct numbers, unambiguously; None if they are too many and not evenly spaced.

    A run is `2..5`. A few numbers are listed. Evenly spaced numbers are the first three and the last one, because
    `2..374` or `2,14..374` would seem to include everything in between.
    """
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    if len(numbers) > 2 and steps == {1}:
        return [f"{numbers[0]}..{numbers[-1]}"]
    if len(numbers) <= _LISTED:
        return [str(number) for number in numbers]
    if len(steps) == 1 and min(steps) > 0:
        return [*map(str, numbers[:3]), "…", str(numbers[-1])]
    return None
