"""A sample of the hostile kinds in make test; `make hostile` traces all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.support import Commands, commands
from hostile.kinds import KINDS
from hostile.pace import Pace, watched_pace
from hostile.table import through_command_line
from hostile.through_server import through_server

SAMPLE = (
    "abort of C++",
    "stops itself",
    "opens by number and drops it",
    "sys.stdout raises",
    "replaces json",
    "replaces os.path",
    "replaces isinstance",
    "replaces traceback",
    "removes itself from sys.modules",
    "is another object in sys.modules",
    "raises an exception whose class lies",
    "an attribute whose __repr__ hangs",
    "a list that contains itself",
)
IN_SERVER = ("os.abort in forward", "replaces json", "raises an exception whose class lies")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the kinds are written for POSIX")


@pytest.fixture(scope="module")
def pace() -> Iterator[Pace]:
    with watched_pace() as watched:
        yield watched


@pytest.fixture(scope="module")
def shared() -> Iterator[Commands]:
    with commands() as running:
        yield running


@pytest.mark.parametrize("name", SAMPLE)
def test_a_hostile_module_costs_one_trace(name: str, shared: Commands, pace: Pace, tmp_path: Path) -> None:
    ended, faults = through_command_line(KINDS[name], shared, tmp_path, pace)
    assert not faults, ended


def test_hostile_modules_in_a_server(pace: Pace, tmp_path: Path) -> None:
    rows = list(through_server({name: KINDS[name] for name in IN_SERVER}, tmp_path, pace))
    assert [name for name, _, faults in rows if faults] == [], rows


def test_there_are_many_kinds() -> None:
    assert len(KINDS) >= 100
