"""The settings of an editor: valid ones are used, invalid ones reported."""

from __future__ import annotations

from typing import Any

import pytest

from aotlens.session.globs import matches
from aotlens.session.settings import Settings, parse_settings
from aotlens_tracer.wire.example_options import World


def test_the_partitioner_and_its_memory_budget() -> None:
    assert parse_settings({"trace": {"partitioner": "eager"}}) == (Settings(trace_partitioner="eager"), [])
    assert parse_settings({"trace": {"memoryBudget": 0}}) == (Settings(trace_memory_budget=0.0), [])


@pytest.mark.parametrize(
    ("trace", "problem"),
    [
        ({"partitioner": "inductor"}, "aotlens.trace.partitioner: 'inductor' is not one of eager, default, min-cut"),
        ({"memoryBudget": 2}, "aotlens.trace.memoryBudget: 2 is not a number from 0 to 1"),
        ({"memoryBudget": True}, "aotlens.trace.memoryBudget: True is not a number from 0 to 1"),
        (
            {"partitioner": "default", "memoryBudget": 0.5},
            "aotlens.trace.memoryBudget: only the min-cut partitioner has a memory budget, not default",
        ),
    ],
)
def test_what_is_no_choice_is_named(trace: dict[str, Any], problem: str) -> None:
    settings, problems = parse_settings({"trace": trace})
    assert problems == [problem]
    assert settings.trace_memory_budget is None


def test_the_cluster_is_three_settings() -> None:
    given = {"trace": {"mesh": "dp=2,tp=4", "worldSize": None, "rank": 3}}
    assert parse_settings(given) == (Settings(trace_world=World(8, 3, (("dp", 2), ("tp", 4)))), [])
    assert parse_settings({"trace": {"worldSize": 4}}) == (Settings(trace_world=World(4)), [])
    assert parse_settings({"trace": {"rank": 3}}) == (Settings(), [])
    settings, problems = parse_settings({"trace": {"mesh": "2x4"}})
    assert settings.trace_world is None
    assert problems == ["aotlens.trace.mesh: each dimension of a mesh has a name and a size, as in dp=2: 2x4"]


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("**/tests/**", ["/a/tests/x.py", "/tests/b/c.py", "tests/"], ["/a/mytests/x.py", "/a/tests"]),
        ("**/test_*.py", ["/a/test_x.py", "test_.py"], ["/a/test_x/y.py", "/a/xtest_x.py"]),
        ("/a/*.py", ["/a/x.py", "/a/.py"], ["/a/b/x.py", "/a/x.pyi"]),
        ("/a/?.py", ["/a/x.py"], ["/a//.py", "/a/.py", "/a/xy.py"]),
        ("**", ["", "/a/b"], []),
        ("/a**c", ["/ac", "/a/b/c"], ["/ab"]),
        ("*a*b", ["ab", "xaxbb", "aab"], ["a/b", "ba"]),
        ("a.c[d]", ["a.c[d]"], ["abc[d]", "a.cd"]),
    ],
)
def test_globs(pattern: str, matched: list[str], others: list[str]) -> None:
    settings, _ = parse_settings({"trace": {"exclude": [pattern]}})
    assert [matches(pattern, path) for path in (*matched, *others)] == [True] * len(matched) + [False] * len(others)
    assert all(settings.excludes(path) for path in matched if path and not path.endswith("/"))


def test_no_glob_takes_long() -> None:
    pattern = "**/" * 20 + "**" * 20 + "*a" * 20 + "z"
    assert not matches(pattern, "/work/" + "a/" * 50 + "a" * 50 + ".py")
