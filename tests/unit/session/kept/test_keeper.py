"""When maps are kept and shown: only in a trusted workspace, and only if the user wants it."""

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import pytest

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.kept import folder
from aotlens.session.kept.keeper import KeptMaps
from aotlens.session.settings import Settings
from aotlens.session.states import States
from aotlens.session.tracer.interpreter import Interpreter
from aotlens.session.workspace import Workspace
from aotlens.text.documents import Documents
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.json_codec import to_json
from aotlens_tracer.wire.protocol import TraceParams


class _Client:
    def log(self, level: str, message: str) -> None:
        assert level == "info", message


class _Tracer:
    def __init__(self, python: Path) -> None:
        self.interpreter = Interpreter(str(python), "a test")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder, "folder_of_maps", lambda: tmp_path / "maps")
    (tmp_path / "python").touch()
    path = tmp_path / "model.py"
    path.write_text("class Net: ...\n")
    return path


async def _kept(model: Path, settings: Settings | None = None, trusted: bool = True) -> tuple[KeptMaps, States, Any]:
    workspace, states = Workspace(), States(lambda keys: None)
    workspace.settings, workspace.trusted = settings or Settings(), trusted
    workspace.folders = (model.parent,)
    workspace.configured.set()
    tracer = cast(Any, _Tracer(model.parent / "python"))

    async def tracer_for(path: str) -> Any:
        return tracer

    params = TraceParams(str(model), "Net", ())
    kept = KeptMaps(cast(Any, _Client()), workspace, Documents(), states, lambda state: params, tracer_for)
    states.update([TargetState(TargetKey(str(model), "Net"))])
    await asyncio.sleep(0.05)  # a file that changes as the trace starts is not kept
    map = DescriptorMap(Target(str(model), "Net", 1), "traced", "export", files=(str(model),))
    await kept.keep(params, tracer, to_json(map), time.time_ns())
    await kept.flush()
    return kept, states, TargetKey(str(model), "Net")


def test_a_kept_map_is_shown_as_stale(model: Path) -> None:
    async def run() -> None:
        kept, states, key = await _kept(model)
        await kept.restore(str(model))
        state = states.by_key[key]
        assert state.map is not None and state.stale and state.changed == "session" and state.status == "traced"
        assert state.attempt is not None and state.attempt_stale

    asyncio.run(run())


def test_a_map_that_cannot_be_read_is_dropped(model: Path) -> None:
    async def run() -> None:
        kept, states, key = await _kept(model)
        (entry,) = (model.parent / "maps").iterdir()
        name = entry.name.partition(".")[0]
        store = kept._open()
        whole = store.read(name)
        assert whole is not None
        store.write(name, {**whole, "map": {**whole["map"], "graphs": [1]}})
        await kept.restore(str(model))
        assert states.by_key[key].map is None
        assert not entry.exists()

    asyncio.run(run())


@pytest.mark.parametrize("setting", ["keepMaps", "trust"])
def test_nothing_is_kept_or_shown_against_the_wish_of_the_user(model: Path, setting: str) -> None:
    async def run() -> None:
        unwanted = Settings(keep_maps=setting != "keepMaps")
        await _kept(model, unwanted, trusted=setting != "trust")
        assert not (model.parent / "maps").exists()
        await _kept(model)
        workspace_of_another, states, key = await _kept(model, unwanted, trusted=setting != "trust")
        await workspace_of_another.restore(str(model))
        assert states.by_key[key].map is None

    asyncio.run(run())
