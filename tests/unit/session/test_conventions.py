"""Which convention of a target is shown, and what becomes of the map of the other one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from aotlens.model.snapshot import OtherMap, TargetKey, TargetState
from aotlens.session.answers import ended, failed, under_way, with_map, without_partial
from aotlens.session.progress import Progress
from aotlens.session.renames import renamed
from aotlens.session.session import Session
from aotlens.session.settings import Settings, parse_settings
from aotlens.session.tracer.status import TracerStatus
from aotlens.text.documents import Documents
from aotlens.text.edits import Edit
from aotlens.text.uris import uri_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.failures import stated
from aotlens_tracer.wire.json_codec import to_json
from unit.session.stand_ins import READY, stand_in

MODEL = """\
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return x
"""
TRACER = """\
import select

held = []
requests = open(0, "rb", buffering=0)  # a buffer would hide the second of two lines from select

def answer(message):
    params = message["params"]
    status = "failed" if os.path.exists(FOLDER + "/fail-" + params["convention"]) else "traced"
    target = {"path": params["path"], "qualname": params["qualname"], "line": 3}
    result = {"target": target, "status": status, "convention": params["convention"], "files": [params["path"]]}
    if status == "failed":
        result["failure"] = FAILURE
    print(json.dumps({"id": message["id"], "result": result, "output": ""}), flush=True)

while True:
    if select.select([requests], [], [], 0.01)[0]:
        line = requests.readline()
        if not line:
            break
        message = json.loads(line)
        if message["method"] == "trace":
            params = message["params"]
            with open(FOLDER + "/requests", "a") as file:
                file.write(json.dumps([params["qualname"], params["convention"], params["dynamic"]]) + "\\n")
            held.append(message)
    for message in list(held):
        if not os.path.exists(FOLDER + "/hold-" + message["params"]["convention"]):
            held.remove(message)
            answer(message)
"""
"""Answers with an empty map, or with a failure. It waits as long as there is a file that holds the convention."""

KEY = TargetKey("/m.py", "Net")


def traced(convention: str, files: tuple[str, ...] = ("/m.py",)) -> DescriptorMap:
    return DescriptorMap(Target("/m.py", "Net", 3), "traced", convention, files=files)


def both() -> TargetState:
    """A target that shows the export graph, with a map of torch.compile's graphs."""
    versions = MappingProxyType({"/m.py": 1})
    return TargetState(KEY, "traced", traced("export"), versions, other=OtherMap(traced("compile"), versions))


def test_an_edit_makes_both_maps_stale_and_the_first_change_is_the_one_reported() -> None:
    state = replace(both(), stale=True, changed="settings").outdated()
    assert (state.stale, state.changed, state.other.stale, state.other.changed) == (True, "settings", True, "code")
    only = both().outdated("settings", "compile")
    assert (only.stale, only.other.stale) == (False, True)
    assert (only.swapped().stale, only.swapped().other.stale) == (True, False)


def test_swapping_twice_changes_nothing() -> None:
    state = replace(both(), failure=stated("capture", "error", "no", "/m.py"), status="failed", stale=True)
    swapped = state.swapped()
    assert (swapped.convention, swapped.status, swapped.failure, swapped.stale) == ("compile", "traced", None, False)
    assert swapped.map is state.other.map
    assert swapped.swapped() == state
    assert swapped.shown_in("export") == state
    assert state.shown_in("export") is state


def test_a_renamed_target_keeps_both_maps() -> None:
    state = renamed(both(), "Other")
    assert [map.target.qualname for map in state.maps] == ["Other", "Other"]
    assert state.stale
    assert state.other.stale


def test_an_answer_belongs_to_its_convention() -> None:
    state = TargetState(KEY, "traced", traced("export"))
    tracing = under_way(state, "compile", "capture")
    assert (tracing.status, tracing.stage, tracing.other.is_under_way) == ("traced", None, True)
    partial = replace(traced("compile"), status="partial")
    assert with_map(tracing, "compile", partial, {}) is tracing  # nothing is shown of it
    done = ended(with_map(tracing, "compile", traced("compile"), {"/m.py": 2}), "compile")
    assert done.map is state.map
    assert (done.other.map, done.other.versions, done.other.is_under_way) == (traced("compile"), {"/m.py": 2}, False)
    problem = stated("capture", "error", "no", "/m.py")
    broken = failed(done, "compile", problem, by_trace=True)
    assert (broken.status, broken.failure, broken.stale) == ("traced", None, False)
    assert (broken.other.failure, broken.other.stale) == (problem, True)
    shown = failed(done, "export", problem, by_trace=True)
    assert (shown.status, shown.failure, shown.stale, shown.other.stale) == ("failed", problem, True, False)


def test_a_partial_map_goes_with_its_trace() -> None:
    state = with_map(TargetState(KEY), "export", replace(traced("export"), status="partial"), {})
    assert state.map is not None
    assert without_partial(state, "compile") is state
    assert without_partial(state, "export").map is None


def test_the_convention_in_the_settings() -> None:
    section = {"trace": {"convention": "compile", "dynamic": True}}
    assert parse_settings(section) == (Settings(trace_convention="compile", trace_dynamic=True), [])
    wrong = {"trace": {"convention": "inductor", "dynamic": "yes"}}
    assert parse_settings(wrong) == (
        Settings(),
        [
            "aotlens.trace.convention: 'inductor' is not one of export, compile",
            "aotlens.trace.dynamic: 'yes' is not a boolean",
        ],
    )


@dataclass
class Silent:
    """A client that shows nothing."""

    logged: list[str] = field(default_factory=list)

    def states_changed(self, keys: Iterable[TargetKey]) -> None: ...

    def text_changed(self) -> None: ...

    def status_changed(self, status: TracerStatus) -> None: ...

    def log(self, level: str, message: str) -> None:
        self.logged.append(message)

    def progress(self, title: str, cancel: Callable[[], None]) -> Progress:
        return Unseen()


class Unseen:
    def report(self, message: str) -> None: ...

    def end(self) -> None: ...


class Fixture:
    """A session with one open model, whose tracer is a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "model.py"
        self.model.write_text(MODEL)
        failure = to_json(stated("capture", "error", "it fails", str(self.model)))
        script = TRACER.replace("FOLDER", repr(str(folder))).replace("FAILURE", repr(failure))
        self.settings = Settings(interpreter=str(stand_in(folder, READY + script)))
        self.key = TargetKey(str(self.model), "Net")
        self.client, self.documents = Silent(), Documents()

    def start(self) -> None:
        self.session = Session(self.client, self.documents, os.environ)
        self.session.change_folders([self.folder])
        self.session.configure(self.settings)
        self.session.trusted_folders.state(True)
        self.session.opened(self.documents.open(uri_of(str(self.model)), 1, MODEL))
        self.session.begin()

    def configure(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        self.session.configure(self.settings)

    @property
    def state(self) -> TargetState:
        return self.session.snapshot().states[self.key]

    @property
    def requests(self) -> list[tuple[str, bool | None]]:
        """The convention and `dynamic` of each request so far."""
        file = self.folder / "requests"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(convention, dynamic) for _, convention, dynamic in map(json.loads, lines)]

    def hold(self, convention: str) -> Path:
        path = self.folder / f"hold-{convention}"
        path.touch()
        return path

    async def until(self, holds: Callable[[TargetState], bool]) -> None:
        for _ in range(6000):
            if holds(self.state):
                return
            await asyncio.sleep(0.01)
        raise AssertionError((self.state, self.requests, self.client.logged))


def run(folder: Path, steps: Callable[[Fixture], Awaitable[None]]) -> None:
    async def main() -> None:
        fixture = Fixture(folder)
        fixture.start()
        try:
            await fixture.until(lambda state: state.status == "traced")
            await steps(fixture)
        finally:
            await fixture.session.close_tracers()
        assert [line for line in fixture.client.logged if "Error" in line] == []

    asyncio.run(main())


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script stands for an interpreter")


def test_the_setting_changes_what_is_shown_and_a_kept_map_is_shown_at_once(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        it.configure(trace_convention="compile", trace_dynamic=True)
        assert (it.state.convention, it.state.map, it.state.status) == ("compile", None, "waiting")
        await it.until(lambda state: state.status == "traced")
        assert [map.convention for map in it.state.maps] == ["compile", "export"]
        it.configure(trace_convention="export")
        assert [map.convention for map in it.state.maps] == ["export", "compile"]
        assert (it.state.status, it.state.stale) == ("traced", False)
        # Only torch.compile's graphs depend on its argument, and they are not shown now.
        it.configure(trace_dynamic=None)
        assert (it.state.stale, it.state.other.stale) == (False, True)
        it.configure(trace_convention="compile")
        assert (it.state.status, it.state.stale) == ("waiting", True)
        await it.until(lambda state: state.status == "traced" and not state.stale)
        assert it.requests == [("export", None), ("compile", True), ("compile", None)]

    run(tmp_path, steps)


def test_a_switched_target_keeps_its_convention(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        it.session.conventions.switch(it.key)
        await it.until(lambda state: state.status == "traced" and state.convention == "compile")
        it.session.conventions.switch(it.key, "compile")  # it is shown already
        it.session.conventions.switch(it.key)
        assert (it.state.convention, it.state.status) == ("export", "traced")
        it.configure(trace_convention="compile")
        assert (it.state.convention, it.state.chosen) == ("export", True)
        assert it.requests == [("export", None), ("compile", None)]

    run(tmp_path, steps)


def test_switching_back_ends_a_trace_and_shows_the_kept_map(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        it.hold("compile")
        it.session.conventions.switch(it.key)
        await it.until(lambda state: state.status == "tracing")
        it.session.conventions.switch(it.key)
        assert (it.state.status, it.state.convention) == ("traced", "export")
        await asyncio.sleep(0.1)
        assert (it.state.status, it.state.other) == ("traced", OtherMap())

    run(tmp_path, steps)


def test_the_other_convention_is_traced_unseen_and_gives_way(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        held = it.hold("compile")
        it.session.conventions.want_both([it.key])
        it.session.conventions.want_both([it.key])
        await it.until(lambda state: len(it.requests) == 2)
        assert (it.state.status, it.state.other.is_under_way) == ("traced", True)
        it.session.trace_now([it.key])
        await it.until(lambda state: len(it.requests) == 4 and state.status == "traced")
        assert [convention for convention, _ in it.requests] == ["export", "compile", "export", "compile"]
        held.unlink()
        await it.until(lambda state: not state.other.is_under_way)
        assert [map.convention for map in it.state.maps] == ["export", "compile"]
        it.session.conventions.want_both([it.key])  # it is kept, and not stale
        assert not it.state.other.is_under_way

    run(tmp_path, steps)


def test_a_trace_that_runs_unseen_is_shown_if_the_user_switches_to_it(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        held = it.hold("compile")
        it.session.trace_now([it.key], "compile")
        await it.until(lambda state: len(it.requests) == 2)
        it.session.conventions.switch(it.key)
        assert (it.state.status, it.state.convention) == ("tracing", "compile")
        held.unlink()
        await it.until(lambda state: state.status == "traced")
        assert [map.convention for map in it.state.maps] == ["compile", "export"]
        assert len(it.requests) == 2

    run(tmp_path, steps)


def test_edits_trace_again_what_is_shown_alone(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        it.session.conventions.want_both([it.key])
        await it.until(lambda state: len(state.maps) == 2)
        it.session.changed(it.documents.change(uri_of(str(it.model)), 2, [Edit(1, 1, 1, 1, "# edited\n")]))
        assert (it.state.stale, it.state.other.stale) == (True, True)
        it.session.saved(str(it.model))
        await it.until(lambda state: state.status == "traced" and not state.stale)
        assert it.state.other.stale
        assert [convention for convention, _ in it.requests] == ["export", "compile", "export"]

    run(tmp_path, steps)


def test_what_failed_unseen_is_tried_again_after_an_edit(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        (it.folder / "fail-compile").touch()
        it.session.conventions.want_both([it.key])
        await it.until(lambda state: state.other.failure is not None)
        assert (it.state.status, it.state.failure) == ("traced", None)
        it.session.conventions.want_both([it.key])
        assert not it.state.other.is_under_way
        it.session.changed(it.documents.change(uri_of(str(it.model)), 2, [Edit(1, 1, 1, 1, "# edited\n")]))
        it.session.conventions.want_both([it.key])
        assert not it.state.other.is_under_way  # the text may still change
        it.session.saved(str(it.model))
        await it.until(lambda state: state.status == "traced" and not state.stale)
        it.session.conventions.want_both([it.key])
        assert it.state.other.is_under_way

    run(tmp_path, steps)


def test_nothing_is_traced_unseen_if_the_user_traces_by_hand(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        it.configure(trace_run="manual")
        it.session.conventions.want_both([it.key])
        assert not it.state.other.is_under_way
        it.configure(trace_convention="compile")
        assert (it.state.convention, it.state.status, it.state.map) == ("compile", "untraced", None)
        it.configure(trace_convention="export")
        assert it.state.status == "traced"

    run(tmp_path, steps)
