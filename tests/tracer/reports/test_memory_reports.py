"""Public reports about memory that stays allocated in eager: what holds it, and what frees it."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Report


def memory(trace: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = trace["graphs"][0]["eager_memory"]
    return found


@pytest.mark.parametrize(
    ("file", "name", "held"),
    [
        ("case25_saved_and_backward_mutation", "Attn", 27_680),
        ("case26_views_config", "LastToken", 51_200),
        ("memory_more", "LastLogits", 4 * 30 * 100 * 4 + 4 * 100 * 4 + 4),
        ("memory_more", "OneChunk", 4 * 64 * 4 + 4 * 16 * 4),
        ("memory_more", "DetachedPart", 8 * 16 * 4),
        ("memory_more", "Expanded", 16 * 4),
    ],
)
def test_storages_are_held_as_a_whole(report: Report, file: str, name: str, held: int) -> None:
    assert memory(report(file, name))["held"] == held


@pytest.mark.parametrize(
    ("file", "name", "view", "line"),
    [
        ("case26_views_config", "LastToken", "h[:, -1]", 17),
        ("memory_more", "LastLogits", "logits[:, -1]", 16),
        ("memory_more", "OneChunk", "up(x).chunk(4, -1)", 27),
        ("memory_more", "DetachedPart", "h[0]", 41),
    ],
)
def test_the_view_that_holds_the_memory_is_named(report: Report, file: str, name: str, view: str, line: int) -> None:
    (storage,) = memory(report(file, name))["partly"]
    views = [(each["label"], each["source"]["line"]) for each in storage["views"]]
    assert views == [(view, line)] and storage["needed"] < storage["bytes"]


def test_a_row_that_is_repeated_is_held_once(report: Report) -> None:
    assert memory(report("memory_more", "Expanded"))["partly"] == []
