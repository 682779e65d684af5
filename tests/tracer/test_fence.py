"""The fence around traces: what it denies, what goes on working in it, and what its user reads."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aotlens_tracer.process.fence import around, call_filter, gaps, landlock

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus" / "fence"
DENIED = {errno.EACCES, errno.EPERM, errno.EXDEV, errno.ENOSYS}
"""EXDEV: Landlock's answer to a rename or link out of a folder. ENOSYS: libraries know another way."""
WITHOUT_EFFECT = {"chmod", "fchmod", "utime"}
"""What succeeds and does nothing."""
pytestmark = pytest.mark.skipif(bool(gaps()), reason="this system holds no whole fence")

_FENCED = """
import os, sys, tempfile
sys.path[:0] = [{server!r}, {corpus!r}]
from aotlens_tracer.process.fence import put_on, tighten
from aotlens_tracer.wire.fence import Fence
tempfile.tempdir = {scratch!r}
put_on(Fence(**{fence!r}), [{scratch!r}], [])
{more}
import attempts
attempts.main()
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("kept")
    return folder


def _tried(outside: Path, fence: dict[str, Any], more: str = "") -> dict[str, dict[str, int | str | None]]:
    scratch = outside.parent / "scratch"
    scratch.mkdir()
    code = _FENCED.format(server=str(ROOT / "server"), corpus=str(CORPUS), scratch=str(scratch), fence=fence, more=more)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams,
    ):
        service.bind(str(outside / "service"))
        service.listen()
        datagrams.bind(str(outside / "datagrams"))
        command = [sys.executable, "-c", code, str(outside)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, dict[str, int | str | None]] = json.loads(done.stdout)
    return answer


def _is_denied(end: int | str | None) -> bool:
    return end in DENIED or (isinstance(end, str) and ("unable to open database" in end or "non-zero exit" in end))


@pytest.mark.parametrize(
    ("fence", "more"),
    [
        pytest.param({}, "", id="given"),
        pytest.param({"enabled": False}, "tighten()", id="found, without a fence"),
        pytest.param({"network": True, "writable": ("/",)}, "tighten()", id="found, with all allowed"),
    ],
)
def test_no_way_leads_out_and_what_is_needed_works(outside: Path, fence: dict[str, Any], more: str) -> None:
    before = os.stat(outside / "file")
    tried = _tried(outside, fence, more)
    got_through = {name: end for name, end in tried["outside"].items() if not _is_denied(end)}
    assert got_through == dict.fromkeys(WITHOUT_EFFECT)
    assert {name: end for name, end in tried["inside"].items() if end is not None} == {}
    is_found = "tighten" in more
    assert {name: _is_denied(end) for name, end in tried["programs"].items()} == dict.fromkeys(
        tried["programs"], is_found
    )
    after = os.stat(outside / "file")
    assert sorted(path.name for path in outside.iterdir()) == ["datagrams", "file", "service"]
    assert (outside / "file").read_text() == "kept"
    assert (before.st_mode, before.st_mtime_ns, before.st_nlink) == (after.st_mode, after.st_mtime_ns, after.st_nlink)


def test_a_writable_folder_can_be_changed(outside: Path) -> None:
    tried = _tried(outside, {"writable": (str(outside),)})["outside"]
    assert [tried[name] for name in ("open", "folder", "copy", "mkfifo")] == [None] * 4
    assert tried["UDP"] == errno.EACCES


def test_the_network_is_for_those_who_allow_it(outside: Path) -> None:
    tried = _tried(outside, {"network": True})["outside"]
    assert (tried["TCP"], tried["UDP"]) == (errno.ECONNREFUSED, None)
    assert _is_denied(tried["local socket"]) and _is_denied(tried["open"])


def test_an_old_landlock_holds_what_it_can_and_says_the_rest() -> None:
    assert landlock.gaps(7) == ()
    assert landlock.gaps(3) == ("tcp", "devices", "abstract sockets", "signals")
    assert landlock.gaps(0) == ("writes", "truncation", "tcp", "devices", "abstract sockets", "signals")


@pytest.mark.parametrize("version", [1, 3, 5])
def test_an_old_landlock_still_denies_writes_and_signals_to_the_tracer(outside: Path, version: int) -> None:
    more = f"landlock.abi = lambda: {version}\nput_on(Fence(), [tempfile.tempdir], [])"
    more = f"from aotlens_tracer.process.fence import landlock\n{more}"
    tried = _tried(outside, {"enabled": False}, more)["outside"]
    assert all(_is_denied(tried[name]) for name in ("open", "append", "remove", "rename", "signal", "TCP", "UDP"))


def test_without_landlock_the_filter_remains(outside: Path) -> None:
    more = "from aotlens_tracer.process.fence import landlock\nlandlock.abi = lambda: 0\n"
    tried = _tried(outside, {"enabled": False}, f"{more}put_on(Fence(), [tempfile.tempdir], [])")["outside"]
    assert tried["open"] is None
    assert all(_is_denied(tried[name]) for name in ("UDP", "chown", "io_uring", "setxattr", "signal"))


def test_a_fence_that_could_not_be_put_on_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def restrict(*_: object, **__: object) -> None:
        tried.append(None)
        raise OSError

    monkeypatch.setattr(around, "_restrict", restrict)
    for _ in range(2):
        with pytest.raises(OSError):
            around.tighten()
    assert len(tried) == 2


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_is_short_enough_for_the_kernel(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_filter, "MACHINE", machine)
    program = call_filter._program(True, False, (1, 2))
    assert len(program) < 4096
    assert all(0 <= on_true < 256 and 0 <= on_false < 256 for _, on_true, on_false, _ in program)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The traces of all classes of two files, by name."""
    folder = tmp_path_factory.mktemp("fenced")
    answers: dict[str, dict[str, Any]] = {"folder": {"path": str(folder)}}
    for name in ("denied.py", "working.py"):
        (folder / name).write_text((CORPUS / name).read_text(encoding="utf-8"), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "aotlens", "trace", name, "--format", "json"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
            capture_output=True,
            text=True,
            timeout=300,
        )
        answers |= {trace["target"]["qualname"]: trace for trace in json.loads(done.stdout)["traces"]}
    assert sorted(path.name for path in folder.iterdir()) == ["denied.py", "working.py"]
    return answers


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Writes", "the fence around traces denies to change OUT/log.txt; aotlens.fence.writable (--writable OUT)"),
        ("Saves", "denies this; aotlens.fence.writable (--writable FOLDER) or aotlens.fence.enable (--no-fence)"),
        ("Downloads", "the fence around traces denies the network; aotlens.fence.network (--network) allows it"),
        ("Sends", "the fence around traces denies the network; aotlens.fence.network (--network) allows it"),
        ("ChangesOwner", "the fence around traces denies to change "),
        ("Signals", "probably denies this; aotlens.fence.enable (--no-fence) allows it"),
        ("Found", "this code was found, not given"),
    ],
)
def test_a_denial_is_said_at_the_line_of_the_code(traced: dict[str, Any], name: str, words: str) -> None:
    failure = traced[name]["failure"]
    lines = (CORPUS / "denied.py").read_text(encoding="utf-8").splitlines()
    assert "# <-" in lines[failure["line"] - 1]
    assert words.replace("OUT", traced["folder"]["path"]) in failure["message"].partition("\n")[0]


@pytest.mark.parametrize("name", ["Reads", "Files", "Git", "Workers", "Threads", "Compiles", "Group", "Imports"])
def test_what_models_do_goes_on_working(traced: dict[str, Any], name: str) -> None:
    assert traced[name]["status"] == "traced", traced[name]["failure"]
