"""The lens of what has changed since the lock: only where something has, on the line of another, without a trace."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features import lens
from aotlens.features.lock_difference import in_blocks
from aotlens.model.lock import Lock, LockedTarget, locked
from aotlens.model.lock_text import lock_text
from aotlens.model.snapshot import OpenLock, Snapshot, TargetKey, TargetState
from aotlens.session.background import Background
from aotlens.session.locks import Locks
from aotlens.session.workspace import Workspace
from aotlens.text.documents import Documents
from aotlens_tracer.wire.failures import stated
from unit.features.world import DECODER, document, load_map, state_of

KEY = TargetKey(str(DECODER), load_map("decoder").target.qualname)
STATES = itertools.count()
FILE = str(DECODER.parent / "aotlens.lock")


def before() -> LockedTarget:
    """The decoder as it was locked: with a gradient for a gate, and fewer bytes."""
    target = locked(load_map("decoder"), "decoder.py")
    slots = tuple(replace(slot, facts=("gradient",)) if slot.name == "blocks.0.gate" else slot for slot in target.slots)
    return replace(target, slots=slots, saved=(target.saved or 0) - 1024)


def snapshot(lock: Lock | None, state: TargetState | None = None) -> Snapshot:
    state = state or state_of("decoder")
    locks = {str(DECODER): OpenLock(FILE, lock, next(STATES))} if lock is not None else {}
    return Snapshot({str(DECODER): document(DECODER)}, {state.key: state}, locks=MappingProxyType(locks))


def lenses(found: Snapshot) -> list[lens.LensPlace]:
    return [each for each in lens.places(found, found.documents[str(DECODER)]) if each.kind == lens.LOCK]


def lock_of(*targets: LockedTarget, convention: str = "export", torch: str = "2.13.0") -> Lock:
    return Lock(torch, convention, targets)


def test_a_change_has_a_lens_on_the_line_of_another() -> None:
    found = snapshot(lock_of(before()))
    (one,) = lenses(found)
    others = [each for each in lens.places(found, found.documents[str(DECODER)]) if each.key == KEY]
    assert [each.line for each in others] == [one.line, one.line]
    said = lens.text(found, one.key, one.kind)
    assert said.title == "−1 trained parameter, +1.0 KiB saved since aotlens.lock"
    assert (said.command, said.arguments, said.tooltip) == (
        "aotlens.showDifference",
        (str(KEY),),
        ("Click: show what has changed",),
    )


def test_a_click_shows_each_change_with_its_place() -> None:
    shown = in_blocks(snapshot(lock_of(replace(before(), example="Decoder(1)()"), torch="2.12.0")), KEY)
    assert shown is not None
    text = markdown(shown)
    line = next(n for n, line in enumerate(document(DECODER).lines, 1) if "self.gate =" in line)
    assert "parameter blocks.0.gate: no gradient any more" in text.replace("\\", "") and f"decoder.py:{line}" in text
    assert "another example was traced" in text and "torch 2.13.0 traced, before 2.12.0" in text


def test_nothing_is_in_the_way_where_nothing_has_changed() -> None:
    same = locked(load_map("decoder"), "decoder.py")
    failed = stated("forward", "error", "it fails", str(DECODER), 1)
    for found in (
        snapshot(None),
        snapshot(lock_of()),
        snapshot(lock_of(same)),
        snapshot(lock_of(LockedTarget("decoder.py", KEY.qualname, failure="forward"))),
        snapshot(lock_of(before(), convention="compile")),
        snapshot(lock_of(before()), TargetState(KEY)),
        snapshot(lock_of(before()), replace(state_of("decoder"), failure=failed)),
    ):
        assert lenses(found) == []
        assert in_blocks(found, KEY) is None
    assert lens.text(snapshot(lock_of(same)), KEY, lens.LOCK).title == "as locked"


class Told:
    """A client that writes down what it is told."""

    def __init__(self, told: list[Any]) -> None:
        self.told = told

    def states_changed(self, keys: Iterable[TargetKey]) -> None:
        self.told.append("changed")

    def log(self, level: str, message: str) -> None:
        self.told.append(message)


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, Locks, Workspace, list[Any]]:
    workspace, told = Workspace(), []
    workspace.folders, workspace.trusted = (tmp_path,), True
    (tmp_path / "pkg").mkdir()
    path = tmp_path / "pkg/model.py"
    path.write_text("", encoding="utf-8")
    client = Told(told)
    return path, Locks(workspace, Documents(), Background(told.append), client), workspace, told  # type: ignore[arg-type]


def test_the_lock_is_that_beside_the_project_file(project: tuple[Path, Locks, Workspace, list[Any]]) -> None:
    path, locks, workspace, told = project
    top = path.parent.parent

    def look() -> str | None:
        asyncio.run(locks.look(str(path)))
        found = locks.by_path.get(str(path))
        return found.lock.torch if found is not None else None

    assert look() is None and told == []
    (top / "aotlens.lock").write_text(lock_text(Lock("1", "export")), encoding="utf-8")
    assert look() == "1" and told == ["changed"]
    assert look() == "1" and told == ["changed"]
    (path.parent / "pyproject.toml").write_text("", encoding="utf-8")
    assert look() is None
    (path.parent / "aotlens.lock").write_text(lock_text(Lock("22", "export")), encoding="utf-8")
    assert look() == "22"
    (path.parent / "aotlens.lock").write_text("lock 99\n", encoding="utf-8")
    assert look() is None and "newer aotlens" in str(told)
    (path.parent / "aotlens.lock").write_text(lock_text(Lock("333", "export")), encoding="utf-8")
    assert look() == "333"
    workspace.trusted = False
    assert look() is None
    workspace.trusted = True
    assert look() == "333"
    locks.closed(str(path))
    assert locks.by_path == {}
