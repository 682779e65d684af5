"""The table of why the graph's signature differs from that of the call."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Cell, Column, Table, without_empty
from aotlens.explain.paths import PathLabel, places
from aotlens.explain.signature import change_in_signs, difference_in_words
from aotlens.model.signature import Difference


def signature(found: Sequence[Difference], path_label: PathLabel) -> Table:
    """One row for each difference."""
    body = tuple(
        (
            Cell(change_in_signs(difference)),
            Cell(" ".join(difference_in_words(difference).split())),
            Cell(places(difference.places, path_label)),
        )
        for difference in found
    )
    columns = (Column("", "index"), Column("why", "prose"), Column("at", "place", 1))
    table = Table("Why the graph's signature differs from the call's", "", columns, body)
    return without_empty(table)
