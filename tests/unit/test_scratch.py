"""The scratch folder: whose it is, what a start removes, and that user code cannot keep it from being removed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from aotlens.session import scratch as of_server
from aotlens_tracer.process import scratch
from support import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders are locked the POSIX way")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_start_removes_the_folders_whose_owner_is_gone_and_nothing_else(temporary: Path) -> None:
    code = (
        "import os, sys, tempfile; from aotlens_tracer.process import scratch\n"
        "tempfile.tempdir = sys.argv[1]; folder, _ = scratch.make()\n"
        "os.mkdir(folder + '/t1'); print(folder); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "server")}
    killed = subprocess.run(
        [sys.executable, "-c", code, str(temporary)], capture_output=True, text=True, env=environment, check=False
    )
    dead = Path(killed.stdout.strip())
    own, locks = scratch.make()
    not_ours = temporary / "aotlens-notes"
    not_ours.mkdir(0o700)
    open_to_all = temporary / "aotlens-open"
    open_to_all.mkdir()
    (open_to_all / scratch.LOCK).touch()
    open_to_all.chmod(0o777)
    aim = temporary / "aim"
    aim.mkdir(0o700)
    (aim / scratch.LOCK).touch()
    link = temporary / "aotlens-link"
    link.symlink_to(aim)
    lock_is_a_link = temporary / "aotlens-lock"
    lock_is_a_link.mkdir(0o700)
    (lock_is_a_link / scratch.LOCK).symlink_to(aim / scratch.LOCK)
    lock_is_a_pipe = temporary / "aotlens-pipe"
    lock_is_a_pipe.mkdir(0o700)
    os.mkfifo(lock_is_a_pipe / scratch.LOCK)
    assert dead.is_dir() and dead.parent == temporary
    scratch.sweep()
    left = {Path(own), not_ours, open_to_all, aim, link, lock_is_a_link, lock_is_a_pipe}
    assert set(temporary.iterdir()) == left and (aim / scratch.LOCK).exists()
    for lock in locks:
        os.close(lock)
    scratch.sweep()
    assert set(temporary.iterdir()) == left - {Path(own)}


def test_a_folder_is_removed_whatever_user_code_put_into_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    folder = tmp_path / "scratch"
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "inner" / "file").touch()
    (folder / "closed" / "inner").chmod(0)
    (folder / "closed").chmod(0)
    (folder / "link").symlink_to(kept)
    os.mkfifo(folder / "pipe")
    deep = os.open(folder, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("deep", dir_fd=deep)
        deeper = os.open("deep", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    os.symlink(kept, "link", dir_fd=deep)
    os.close(deep)
    assert scratch.remove(str(folder))
    assert not folder.exists() and (kept / "file").exists()


def test_what_takes_long_is_removed_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scratch"
    for number in range(30):
        (folder / str(number) / "inner").mkdir(parents=True)
    monkeypatch.setattr(scratch, "_AT_ONCE", 0.0)
    leftovers = scratch.Leftovers()
    leftovers.remove(str(folder))
    assert leftovers and folder.exists()
    while leftovers:
        leftovers.remove_more()
    assert not folder.exists()


def test_another_folder_in_the_place_of_the_scratch_folder_is_left_alone(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_server, "_folder", None)
    monkeypatch.setattr(of_server, "_descriptors", ())
    folder = Path(of_server.new_subfolder("t")).parent
    folder.rename(temporary / "moved")
    folder.mkdir()
    (folder / "kept").write_text("kept")
    of_server.remove()
    assert (folder / "kept").read_text() == "kept"
