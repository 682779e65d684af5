"""The latest attempt to trace a target: shown while it runs, and kept if it fails."""

import asyncio
from types import MappingProxyType
from typing import Any

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.attempts import Attempts, with_attempt
from aotlens.session.maps import MapReader
from aotlens.session.partial_maps import PartialMaps
from aotlens_tracer.wire.descriptor_map import DescriptorMap, ModuleInstance, Target
from aotlens_tracer.wire.json_codec import to_json
from aotlens_tracer.wire.values import FileValues, ModuleCall, Recorded, Seen, TensorValue, Values

TARGET = Target("/a.py", "Net", 1)
VALUES = Values(
    (FileValues("/a.py", (Recorded(4, 9, 4, 10, "target", (Seen(0, (0,)),)),)),),
    (TensorValue("float32", (2, 16), "cpu", True),),
    (ModuleCall(""),),
)
BUILT = {"target": to_json(TARGET), "modules": to_json((ModuleInstance("", "Net", "/a.py", 1),)), "graphs": [{}]}
RECORDED: dict[str, Any] = {**BUILT, "values": to_json(VALUES)}


def _shown(earlier: DescriptorMap | None, *parts: dict[str, Any], pause: float = 0.05) -> list[DescriptorMap]:
    shown: list[DescriptorMap] = []

    async def run() -> None:
        async with PartialMaps(MapReader(), "export", shown.append) as partial:
            attempts = Attempts(partial, earlier)
            for fields in parts:
                attempts.add(fields)
                await asyncio.sleep(pause)
            await asyncio.sleep(0.05)

    asyncio.run(run())
    return shown


def test_an_attempt_is_shown_as_it_grows_and_without_graphs() -> None:
    first, second = _shown(None, BUILT, RECORDED)
    assert first.modules and first.values is None
    assert second.values == VALUES and second.graphs == ()


def test_values_that_arrive_first_wait_for_what_is_built() -> None:
    (only,) = _shown(None, {"values": RECORDED["values"]}, RECORDED, pause=0)
    assert only.target == TARGET and only.values == VALUES


def test_an_attempt_that_says_nothing_new_is_not_built_again() -> None:
    more = {**RECORDED, "graphs": [{}, {}], "findings": []}
    assert len(_shown(None, BUILT, RECORDED, more)) == 2


def test_values_of_before_stay_until_there_are_new_ones() -> None:
    earlier = DescriptorMap(TARGET, "traced", "export", values=VALUES)
    (only,) = _shown(earlier, BUILT, RECORDED)
    assert only.values == VALUES


def test_recorded_values_are_read_once_for_all_maps_of_a_trace() -> None:
    reader = MapReader()
    fields = {**RECORDED, "graphs": [], "status": "partial", "convention": "export"}
    first, second = reader.map_from(fields), reader.map_from({**fields, "status": "traced"})
    assert first.values == VALUES and second.values is first.values
    assert reader.map_from({**fields, "values": None}).values is None


def test_a_trace_that_builds_nothing_leaves_the_attempt_before_it() -> None:
    known = DescriptorMap(TARGET, "failed", "export", values=VALUES)
    state = with_attempt(TargetState(TargetKey("/a.py", "Net")), known, {"/a.py": 3})
    after = with_attempt(state, DescriptorMap(TARGET, "failed", "export"), {"/a.py": 4})
    assert after.attempt is known and after.attempt_stale
    assert after.attempt_versions == {"/a.py": 3}


def test_an_edit_makes_an_attempt_stale() -> None:
    known = DescriptorMap(TARGET, "failed", "export", values=VALUES)
    state = TargetState(TargetKey("/a.py", "Net"), attempt=known, attempt_versions=MappingProxyType({"/a.py": 3}))
    assert state.outdated().attempt_stale
    assert state.of_attempt.map is known and state.of_attempt.versions == {"/a.py": 3}
