"""All that `aotlens check` and `aotlens lock` say can be made of what they keep of a traced target in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aotlens.cli.check.command import CheckOptions, checked_paths
from aotlens.model.snapshot import TargetState
from aotlens.project.findings import findings_in
from aotlens.project.listener import Silent
from aotlens.project.locking import lock_of
from aotlens.project.options import ProjectOptions
from aotlens.project.retained import Retain, for_findings, for_locks
from aotlens.project.selection import select
from aotlens.project.tracing import TracedProject, trace_project
from cli.checked import write_project


def left(project: TracedProject, retain: Retain) -> TracedProject:
    states = {key: retain(state) for key, state in project.snapshot.states.items()}
    return replace(project, snapshot=replace(project.snapshot, states=states))


def test_what_is_kept_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(write_project(tmp_path / "project"))
    seen: list[TargetState] = []

    def watched(state: TargetState) -> TargetState:
        seen.append(state)
        return state

    project = trace_project(select(["."]), ProjectOptions(jobs=1), retain=watched)
    assert {state.key for state in seen} >= set(project.snapshot.states)

    maps = [state.map for state in project.targets if state.map is not None]
    assert any(map.values is not None for map in maps)
    assert any(graph.operations for map in maps for graph in map.graphs)
    whole = findings_in(project)
    assert whole.findings
    file = tmp_path / "project/aotlens.lock"
    for retain in (for_locks, for_findings):
        small = left(project, retain)
        assert all(state.attempt is None and (state.map is None or state.map.values is None) for state in small.targets)
        found = findings_in(small)
        assert (found.findings, found.suppressed, found.elsewhere) == (
            whole.findings,
            whole.suppressed,
            whole.elsewhere,
        )
        assert [each.message for each in found.untraced] == [each.message for each in whole.untraced]
    assert lock_of(left(project, for_locks), file, "export").lock == lock_of(project, file, "export").lock
    checked = checked_paths(["layers.py"], CheckOptions(tracing=ProjectOptions(jobs=1)), Silent())  # of the kept maps
    (light,) = (state.map for state in checked.project.targets)
    assert light is not None
    assert light.values is None
    assert [graph.operations for graph in light.graphs] == [()]
