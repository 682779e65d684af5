"""The files and models of the workspace that an open log is about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from aotlens.model.snapshot import TargetKey
from aotlens.session.background import Background
from aotlens.session.log_files import LogFiles
from aotlens.session.log_models import MOST_TARGETS, LogModels
from aotlens.session.scheduler import Scheduler
from aotlens.session.settings import Settings
from aotlens.session.states import States
from aotlens.session.workspace import Workspace
from aotlens.text.documents import Documents

NET = """\
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        return x


class Config:
    x = 1
"""


class Queue:
    """A scheduler that only remembers what it is given."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.other: list[str] = []

    def add(self, keys: Iterable[TargetKey]) -> None:
        self.shown += [key.qualname for key in keys]

    def add_other(self, keys: Iterable[TargetKey]) -> None:
        self.other += [key.qualname for key in keys]


def traced(folder: Path, lines: list[tuple[str, int]], convention: Any = "compile", **workspace: Any) -> Queue:
    """The targets that are queued for the lines of a log."""
    path = folder / "net.py"
    path.write_text(workspace.pop("source", NET), encoding="utf-8")
    known, queue = Workspace(), Queue()
    known.trusted, known.folders = workspace.pop("trusted", True), (folder,)
    known.settings = replace(Settings(), **workspace)
    models = LogModels(known, Documents(), States(lambda keys: None), cast(Scheduler, queue), Background(print))

    async def run() -> None:
        waiting = asyncio.ensure_future(models.trace(lines, convention))
        await asyncio.sleep(0)
        assert queue.shown == queue.other == [], "the settings are not known yet"
        known.configured.set()
        await waiting
        await models.trace(lines, convention)

    asyncio.run(run())
    return queue


def test_the_class_around_a_line_is_traced_in_the_convention_of_the_log(tmp_path: Path) -> None:
    lines = [(str(tmp_path / "net.py"), 6), (str(tmp_path / "net.py"), 10), (str(tmp_path / "gone.py"), 1)]
    assert set(traced(tmp_path, lines).other) == {"Net"}
    assert set(traced(tmp_path, lines, "export").shown) == {"Net"}


@pytest.mark.parametrize("workspace", [{"trusted": False}, {"trace_run": "manual"}, {"trace_exclude": ("**/net.py",)}])
def test_nothing_is_traced_against_the_users_will(tmp_path: Path, workspace: dict[str, Any]) -> None:
    queue = traced(tmp_path, [(str(tmp_path / "net.py"), 6)], **workspace)
    assert queue.shown == queue.other == []


def test_nothing_outside_of_the_workspace_is_traced(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.py"
    outside.write_text(NET, encoding="utf-8")
    (tmp_path / "work").mkdir()
    assert traced(tmp_path / "work", [(str(outside), 6)]).other == []
    around = f"{tmp_path}/work/../{outside.relative_to(tmp_path)}"
    assert traced(tmp_path / "work", [(around, 6)]).other == []


def test_a_log_of_many_classes_traces_the_first(tmp_path: Path) -> None:
    net = NET[NET.index("class Net") : NET.index("class Config")]
    text = "from torch import nn\n" + "".join(net.replace("Net", f"Net{number}") for number in range(9))
    found = [number for number, line in enumerate(text.split("\n"), 1) if "return" in line]
    queue = traced(tmp_path, [(str(tmp_path / "net.py"), line) for line in found], source=text)
    assert len(set(queue.other)) == MOST_TARGETS


def test_paths_of_another_machine_are_found_in_the_workspace(tmp_path: Path) -> None:
    for name in ("app/net.py", "lib/net.py", "lib/loss.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(NET, encoding="utf-8")
    workspace = Workspace()
    workspace.folders = (tmp_path,)
    files = LogFiles(workspace, Documents())
    here = str(tmp_path / "lib/loss.py")
    found = asyncio.run(files.find([here, "/home/user/app/net.py", "/home/user/net.py", "/home/user/nothing.py"]))
    assert found == {
        here: (here,),
        "/home/user/app/net.py": (str(tmp_path / "app/net.py"),),
        "/home/user/net.py": (str(tmp_path / "app/net.py"), str(tmp_path / "lib/net.py")),
    }
