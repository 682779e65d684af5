"""Edits of a model that change nothing make no difference to its lock, and others are told in exact words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aotlens.explain.lock_changes import change_in_words, summary_of
from aotlens.model.lock import Lock, LockedTarget
from aotlens.model.lock_differences import Difference, differences_of
from aotlens.project.locking import lock_of
from aotlens.project.options import ProjectOptions
from aotlens.project.selection import Selected
from aotlens.project.tracing import TracedProject, trace_project
from cli.lock_edits import CHANGED, MODEL, SAME, Edit

SAMPLE = ("a method for a part", "a layer more", "a graph break")
EDITS: Mapping[str, Edit] = {"": (), **SAME, **{name: edit for name, (edit, _, _) in CHANGED.items()}}


def edited(edit: Edit) -> str:
    text = MODEL
    for old, new in edit:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Traced:
    """The model with some edits, each a file of its own, traced by one tracer."""

    project: TracedProject
    targets: Mapping[str, LockedTarget]
    folder: Path

    def difference(self, name: str) -> list[Difference]:
        """The difference that an edit makes."""
        target = self.targets[name]
        old = replace(self.targets[""], path=target.path)
        return differences_of([old], Lock("2.13.0", "export", (target,)), self.project.snapshot, self.folder)


def traced(folder: Path, names: Iterable[str]) -> Traced:
    paths = {name: folder / f"m{number}.py" for number, name in enumerate(("", *names))}
    for name, path in paths.items():
        path.write_text(edited(EDITS[name]), encoding="utf-8")
    selected = [Selected(str(path), "Net") for path in paths.values()]
    project = trace_project(selected, ProjectOptions(jobs=1, use_kept=False))
    targets = {each.path: each for each in lock_of(project, folder / "lock", "export").lock.targets}
    return Traced(project, {name: targets[path.name] for name, path in paths.items()}, folder)


def assert_as_told(found: Traced, name: str) -> None:
    if name in SAME:
        assert found.targets[name].failure is None
        assert found.difference(name) == [], name
        return
    _, summary, changes = CHANGED[name]
    (one,) = found.difference(name)
    told = tuple(f"{each.place.line if each.place else None}: {change_in_words(each.change)}" for each in one.changes)
    assert (summary_of(one.target), told) == (summary, changes), name


def test_a_sample_of_edits(tmp_path: Path) -> None:
    found = traced(tmp_path, SAMPLE)
    for name in SAMPLE:
        assert_as_told(found, name)


@pytest.mark.proof
def test_all_edits(tmp_path: Path) -> None:
    found = traced(tmp_path, [name for name in EDITS if name])
    for name in (*SAME, *CHANGED):
        assert_as_told(found, name)
