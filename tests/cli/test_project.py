"""Whole projects, traced without an editor: the same findings as in one, from any number of jobs, kept on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aotlens.project.findings import Found, findings_in
from aotlens.project.options import ProjectOptions
from aotlens.project.problems import Misuse
from aotlens.project.selection import select
from aotlens.project.tracing import CannotTrace, TracedProject, trace_project
from cli.checked import write_project


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def traced(folder: Path) -> TracedProject:
    return trace_project(select([str(folder)]), ProjectOptions(jobs=2))


def in_brief(found: Found) -> list[tuple[str, int, str, str]]:
    return [(Path(each.path).name, each.span.line, each.severity, each.code) for each in found.findings]


def test_the_findings_are_those_of_an_editor(traced: TracedProject) -> None:
    found = findings_in(traced)
    assert in_brief(found) == [
        ("broken.py", 12, "error", "trace-failed"),
        ("latin.py", 2, "error", "trace-failed"),
        ("layers.py", 10, "warning", "parameter-without-gradient"),
        ("model.py", 12, "warning", "unused-suppression"),
    ]
    gate = found.findings[2]
    assert gate.within == "Gate.__init__"
    assert gate.text == "self.unused = nn.Parameter(torch.ones(n))"
    # One sentence for both models, as if both files were open.
    assert gate.diagnostic.message == (
        "unused of Gate gets no gradient: forward never uses it\nalso gate.unused of Net"
    )
    assert [each.code for each in found.suppressed] == ["parameter-without-gradient"]
    assert found.suppressed[0].diagnostic.suppression is not None
    assert found.elsewhere == ()


def test_a_target_without_an_example_is_no_finding(traced: TracedProject) -> None:
    mixin, odd = findings_in(traced).untraced
    assert mixin.state.key.qualname == "Frozen"
    assert mixin.message.startswith("Frozen is a class, but not an nn.Module")
    assert odd.state.key.qualname == "Odd"
    assert odd.message.startswith("no example found")


def test_tests_are_passed_over(traced: TracedProject) -> None:
    assert [state.key.qualname for state in traced.targets] == ["Wrong", "Gate", "Frozen", "Net", "Odd"]


def test_one_target_is_traced_alone_and_findings_elsewhere_are_told(folder: Path) -> None:
    project = trace_project(select([f"{folder}/model.py::Net"]))
    found = findings_in(project)
    assert [state.key.qualname for state in project.targets] == ["Net"]
    assert found.findings == ()
    assert [(Path(each.path).name, each.span.line) for each in found.elsewhere] == [("layers.py", 10)]


def test_a_second_time_nothing_runs(folder: Path, traced: TracedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a tracer was started")

    monkeypatch.setattr("aotlens.session.tracer.warm.TracerClient", fail)
    paths = [f"{folder}/layers.py", f"{folder}/model.py"]
    again = trace_project(select(paths), ProjectOptions(jobs=1))
    assert [(key, state.map) for key, state in again.snapshot.states.items()] == [
        (key, state.map) for key, state in traced.snapshot.states.items() if key.path in paths
    ]


def test_a_name_that_is_no_target_is_named(folder: Path) -> None:
    with pytest.raises(Misuse, match=r"model.py has no target Nett: did you mean Net\?"):
        trace_project(select([f"{folder}/model.py::Nett"]))


def test_an_interpreter_without_torch_is_no_finding(folder: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    os.chmod(python, 0o755)
    with pytest.raises(CannotTrace):
        trace_project(select([str(folder)]), ProjectOptions(python=str(python), use_kept=False))
