"""The small parts of the session: delayed calls, the queue, open files, maps of unfinished traces."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from pathlib import Path
from typing import Any

from aotlens.lsp.log_texts import MOST_COPIES, LogTexts
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.background import Background, Delayed
from aotlens.session.maps import MapReader
from aotlens.session.open_files import OpenFiles
from aotlens.session.partial_maps import PartialMaps
from aotlens.session.queue import Queue, Ranking
from aotlens.session.settings import Settings
from aotlens.session.staleness import Staleness, needs_new_maps, needs_new_process
from aotlens.session.states import States
from aotlens.session.traced_texts import TracedTexts
from aotlens.session.workspace import Workspace
from aotlens.text.documents import Documents
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.json_codec import to_json
from aotlens_tracer.wire.problems import Stated


def test_delayed_calls_are_made_once_and_can_be_made_at_once() -> None:
    called: list[str] = []

    async def run() -> None:
        delayed = Delayed(0.02, called.append)
        delayed.start("a")
        delayed.start("a")
        delayed.call_now("a")
        assert called == ["a"]
        delayed.call_now("a")  # no call is pending
        delayed.start("b")
        assert "b" in delayed
        await asyncio.sleep(0.05)
        assert "b" not in delayed
        assert called == ["a", "b"]

    asyncio.run(run())


def test_a_restarted_delay_is_counted_anew() -> None:
    called: list[float] = []

    async def run() -> None:
        delayed = Delayed(0.2, lambda path: called.append(time.monotonic()))
        delayed.restart("a")
        await asyncio.sleep(0.01)
        restarted = time.monotonic()
        delayed.restart("a")
        await asyncio.sleep(0.5)
        (moment,) = called
        assert moment - restarted >= 0.19

    asyncio.run(run())


def test_an_error_in_the_background_is_reported() -> None:
    reported: list[str] = []

    async def fail() -> None:
        raise ValueError("it is lost otherwise")

    async def run() -> None:
        Background(reported.append).run(fail())
        await asyncio.sleep(0.01)

    asyncio.run(run())
    assert reported == ["ValueError: it is lost otherwise"]


def test_the_target_at_the_cursor_comes_first_then_its_file() -> None:
    states = States(lambda keys: None)
    first, second, elsewhere = TargetKey("/a.py", "First"), TargetKey("/a.py", "Second"), TargetKey("/b.py", "Other")
    states.update(TargetState(key) for key in (first, second, elsewhere))
    ranking = Ranking(states, lambda key: 0, {"/a.py", "/b.py"}.__contains__)
    ranking.set_definitions("/a.py", {"First": 1, "First.forward": 3, "Second": 10})
    ranking.set_definitions("/b.py", {"Other": 1})
    queue = Queue(ranking.rank)
    for key in (elsewhere, second, first):
        queue.add(key)
    ranking.focus("/a.py", 5)
    assert queue.first() == first
    ranking.focus("/a.py", 12)
    assert [queue.take(), queue.take(), queue.take(), queue.take()] == [second, first, elsewhere, None]


def test_a_target_that_nothing_builds_comes_before_its_parts() -> None:
    states = States(lambda keys: None)
    part, whole = TargetKey("/a.py", "Part"), TargetKey("/a.py", "Whole")
    states.update(TargetState(key) for key in (part, whole))
    ranking = Ranking(states, {part: 1, whole: 0}.__getitem__, lambda path: True)
    ranking.set_definitions("/a.py", {"Part": 1, "Whole": 10})
    ranking.focus("/b.py", 1)
    queue = Queue(ranking.rank)
    queue.add(part)
    queue.add(whole)
    assert queue.first() == whole


def test_states_are_replaced_and_a_snapshot_keeps_its_own() -> None:
    changed: list[object] = []
    states = States(lambda keys: changed.append(list(keys)))
    key = TargetKey("/a.py", "First")
    before = states.by_key
    states.update([TargetState(key, "waiting")])
    states.rest([key])
    states.rest([key], "cancelled")  # nothing is under way any more
    assert before == {}
    assert states.by_key[key].status == "untraced" == states.by_key[key].settled
    states.choose_context(key, key)
    states.rename_in_contexts(key, TargetKey("/a.py", "Second"))
    assert list(states.contexts) == [TargetKey("/a.py", "Second")]
    states.remove([key])
    assert states.get(key) is None
    assert changed == [[key]] * 4


def test_permissions_of_a_file_that_was_closed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text("")
    path.chmod(0o444)

    async def run() -> None:
        changes: list[int] = []
        files = OpenFiles(lambda: changes.append(1))
        files.open(str(path), 1, Settings())
        await files.look_at_permissions(str(path))
        assert files.read_only == {str(path)}
        assert changes == [1]
        files.close(str(path))
        await files.look_at_permissions(str(path))
        assert files.read_only == frozenset()
        assert changes == [1]

    asyncio.run(run())


def test_maps_of_unfinished_traces_are_built_beside_the_event_loop() -> None:
    may_go_on = threading.Event()
    threads: set[int] = set()

    class Slow(MapReader):
        def map_from(self, fields: dict[str, Any]) -> DescriptorMap:
            threads.add(threading.get_ident())
            may_go_on.wait(10)
            return super().map_from(fields)

    def fields(name: str) -> dict[str, object]:
        return {"target": to_json(Target("/a.py", name, 1))}

    async def run() -> None:
        shown: list[DescriptorMap] = []
        is_shown = asyncio.Event()

        def show(map: DescriptorMap) -> None:
            shown.append(map)
            if map.target.qualname == "last":
                is_shown.set()

        async with PartialMaps(Slow(), "export", show) as partial:
            for name in ("first", "skipped", "last"):
                partial.add(fields(name))
                await asyncio.sleep(0.01)
            may_go_on.set()
            await asyncio.wait_for(is_shown.wait(), 10)
            assert [map.target.qualname for map in shown] == ["first", "last"]
            assert {map.status for map in shown} == {"partial"}
            may_go_on.clear()
            partial.add(fields("late"))
            await asyncio.sleep(0.01)
        may_go_on.set()
        await asyncio.sleep(0.05)
        assert len(shown) == 2

    asyncio.run(run())
    assert threading.get_ident() not in threads


def test_which_settings_a_trace_depends_on() -> None:
    now = Settings()
    assert not needs_new_maps(now, Settings(trace_run="manual", log_level="debug"))
    assert needs_new_maps(now, Settings(trace_mode="eval"))
    assert not needs_new_process(now, Settings(trace_mode="eval"))
    assert needs_new_process(now, Settings(trace_environment={"A": "1"}))


def test_a_closed_file_that_could_not_be_imported_is_concerned_by_the_files_that_its_traceback_names() -> None:
    states = States(lambda keys: None)
    raised = Failure("import", "error", Stated("it failed"), traceback="ModuleNotFoundError: No module named 'helper'")
    crashed = Failure("import", "crash", Stated("it crashed"))
    missing, broken = TargetKey("/missing.py", "Net"), TargetKey("/broken.py", "Net")
    states.update([TargetState(missing, failure=raised), TargetState(broken, failure=crashed)])

    def concerned(path: str, *opened: str) -> set[TargetKey]:
        return {state.key for state in states.dependents(path, opened)}

    assert concerned("/other.py") == set()
    assert concerned("/helper.py") == concerned("/helper/__init__.py") == {missing}
    assert concerned("/broken.py") == {broken}
    assert concerned("/other.py", "/missing.py", "/broken.py") == {missing, broken}


def test_a_map_that_an_edit_cannot_make_good_again_is_not_kept_for_that() -> None:
    map = DescriptorMap(Target("/a.py", "Net"), "traced", "export")
    states = States(lambda keys: None)
    staleness = Staleness(Workspace(), Documents(), states, TracedTexts())
    key = TargetKey("/a.py", "Net")
    states.update([TargetState(key, map=map)])
    staleness.all_outdated()
    gone = weakref.ref(map)
    states.remove([key])
    del map
    gc.collect()
    assert gone() is None


def test_copies_of_logs_are_kept_for_the_last_ones() -> None:
    texts = LogTexts()
    for number in range(MOST_COPIES + 5):
        assert not texts.keep_copy(f"log:{number}", str(number))
    assert texts.copy("log:4") is None
    assert texts.copy("log:5") == "5"
    assert texts.keep_copy("log:5", "again")
