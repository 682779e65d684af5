"""The scratch folder: whose it is, what a start removes, and that user code cannot keep it from being removed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from aotlens.session import scratch as of_server
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.process import scratch
from aotlens_tracer.process.child import WaitingChild, _new_folder
from aotlens_tracer.process.standby import Standby
from support import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders are locked the POSIX way")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_start_removes_the_folders_whose_owner_is_gone_and_nothing_else(temporary: Path) -> None:
    code = (
        "import os, sys, tempfile; from aotlens_tracer.process import scratch\n"
        "tempfile.tempdir = sys.argv[1]; folder = scratch.make().path\n"
        "os.mkdir(folder + '/t1'); print(folder); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "server")}
    killed = subprocess.run(
        [sys.executable, "-c", code, str(temporary)], capture_output=True, text=True, env=environment, check=False
    )
    dead = Path(killed.stdout.strip())
    own = scratch.make()
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
    left = {Path(own.path), not_ours, open_to_all, aim, link, lock_is_a_link, lock_is_a_pipe}
    assert set(temporary.iterdir()) == left and (aim / scratch.LOCK).exists()
    own.close()
    scratch.sweep()
    assert set(temporary.iterdir()) == left - {Path(own.path)}


def test_no_right_is_changed_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that lives on exchanges a folder for a link just after it could not be unlinked."""
    kept = tmp_path / "kept"
    kept.mkdir(0o755)
    (tmp_path / "scratch" / "folder").mkdir(parents=True)
    (tmp_path / "scratch").chmod(0o700)
    unlink = os.unlink

    def exchanging(path: str, *, dir_fd: int) -> None:
        try:
            unlink(path, dir_fd=dir_fd)
        except OSError:
            os.rename(path, "other", src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
            os.symlink(kept, path, dir_fd=dir_fd)
            raise

    monkeypatch.setattr(os, "unlink", exchanging)
    scratch.hold(str(tmp_path / "scratch")).remove()
    assert kept.stat().st_mode & 0o777 == 0o755


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
    folder.chmod(0o700)
    assert scratch.hold(str(folder)).remove()
    assert not folder.exists() and (kept / "file").exists()


def test_what_takes_long_is_removed_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scratch"
    for number in range(30):
        (folder / str(number) / "inner").mkdir(parents=True)
    monkeypatch.setattr(scratch, "_AT_ONCE", 0.0)
    leftovers = scratch.Leftovers()
    folder.chmod(0o700)
    leftovers.remove(scratch.hold(str(folder)))
    assert leftovers and folder.exists()
    while leftovers:
        leftovers.remove_more()
    assert not folder.exists()


def test_another_folder_in_the_place_of_the_scratch_folder_is_left_alone(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_server, "_folder", None)
    folder = Path(of_server.new_subfolder("t").path).parent
    folder.rename(temporary / "moved")
    folder.mkdir()
    (folder / "kept").write_text("kept")
    of_server.remove()
    assert (folder / "kept").read_text() == "kept"


def test_nothing_is_made_or_removed_in_what_came_in_the_place_of_a_scratch_folder(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_server, "_folder", None)
    first = of_server.new_subfolder("t")
    folder = Path(first.path).parent
    thesis = temporary / "thesis" / Path(first.path).name
    thesis.mkdir(parents=True)
    (thesis / "chapter").touch()
    folder.rename(temporary / "cleaned")
    folder.symlink_to(thesis.parent)
    second = of_server.new_subfolder("t")
    assert Path(second.path).parent != folder and second.is_there and not first.is_there
    assert first.remove() and (thesis / "chapter").exists()
    with pytest.raises(FileNotFoundError):
        first.write("file", b"")
    with pytest.raises(FileNotFoundError):
        first.unlink("chapter")
    of_server.remove()
    assert [each.name for each in thesis.iterdir()] == ["chapter"] and folder.is_symlink()


class Waiting(WaitingChild):
    """A child that waits, and is a program that does nothing."""

    def __init__(self, scratch_folder: scratch.Folder) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        super().__init__(self._process.pid, 0, 0, *_new_folder(scratch_folder))

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def poll(self) -> int | None:
        return self._process.poll()


def test_a_child_waits_in_its_own_folder_or_not_at_all(temporary: Path) -> None:
    """Its folder was made before the request: something else may have come in its place."""
    scratch_folder = scratch.make()
    child = Waiting(scratch_folder)
    folder = Path(child.folder.path)
    assert folder.parent == Path(scratch_folder.path)
    standby = Standby(lambda: child)
    standby.work()
    home = temporary / "home"
    home.mkdir()
    folder.parent.rename(temporary / "cleaned")
    folder.mkdir(parents=True)
    (folder / "tmp").symlink_to(home)
    assert standby.take({}) is None, "it was not asked"
    again, _ = _new_folder(scratch_folder)
    assert Path(again.path).parent == temporary and again.is_there
    assert (folder / "tmp").is_symlink(), "what came there is not ours to remove"


def test_a_temporary_directory_in_which_others_can_rename_is_not_used(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(of_server, "_folder", None)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    shared = temporary / "shared"
    shared.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(temporary / "home" / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    for mode in (0o1777, 0o755):
        shared.chmod(mode)
        assert scratch.location() == str(shared)
    shared.chmod(0o777)
    own = temporary / "home" / "cache" / "aotlens" / "tmp"
    assert Path(of_server.new_subfolder("t").path).parent.parent == own
    assert not list(shared.iterdir()) and f"{shared} is not used" in caplog.text
    of_server.remove()
    assert not list(own.iterdir())
    session = temporary / "session"
    session.mkdir(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    assert scratch.location() == str(session)
    session.chmod(0o777)
    own.chmod(0o777)
    with pytest.raises(PermissionError):
        scratch.location()


@pytest.mark.parametrize(("mode", "is_used"), [(0o777, False), (0o1777, True), (0o770, True)])
def test_a_temporary_directory_that_others_can_replace_is_not_used(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, mode: int, is_used: bool
) -> None:
    """What a group may write to is its group's."""
    above = temporary / "shared"
    own = above / "own"
    own.mkdir(parents=True)
    above.chmod(mode)
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(own))
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    if is_used:
        assert scratch.location() == str(own)
    else:
        with pytest.raises(PermissionError):
            scratch.location()


def test_no_link_is_followed_to_change_the_mode_of_a_folder_that_was_made(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others can rename, one may have put it there meanwhile."""
    public = temporary / "public"
    public.mkdir(mode=0o755)
    make = os.mkdir

    def replaced(path: Path, mode: int) -> None:
        make(path, mode)
        if path.name == "aotlens":
            path.rmdir()
            path.symlink_to(public)

    monkeypatch.setattr(os, "mkdir", replaced)
    with pytest.raises(OSError):
        scratch.make_private(temporary / "cache" / "aotlens")
    assert stat.S_IMODE(public.stat().st_mode) == 0o755


def test_no_tracer_starts_without_a_private_folder(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_server, "_folder", None)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    temporary.chmod(0o777)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(temporary))
    with pytest.raises(TracerUnusable, match="no private temporary folder can be made"):
        TracerProcess(sys.executable, str(temporary))


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_umask_changes_nothing(temporary: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = scratch.make()
        path = Path(folder.new("t").write("file", b"text"))
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (Path(folder.path), path.parent, path)]
    assert modes == [0o700, 0o700, 0o600]
    assert folder.remove()


def test_a_number_that_has_become_another_folders_is_left_alone(tmp_path: Path) -> None:
    folder = scratch.new_folder()
    victim = tmp_path / "of the user"
    (victim / "inner").mkdir(parents=True)
    (victim / "inner" / "file").write_text("kept", encoding="utf-8")
    number = folder.descriptors[0]
    os.close(number)
    taken = os.open(victim, os.O_RDONLY)
    if taken != number:
        os.dup2(taken, number)
        os.close(taken)
    try:
        assert folder.remove()
        assert (victim / "inner" / "file").read_text(encoding="utf-8") == "kept"
        assert os.fstat(number).st_ino == victim.stat().st_ino
    finally:
        os.close(number)
        os.rmdir(folder.path)


def test_one_thread_at_a_time_removes_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of its descriptor is free once the first one is done: the second one would empty what has it then."""
    folder, inside, most = scratch.new_folder(), [], []
    empty = scratch._empty

    def slow(top: int, deadline: float) -> None:
        inside.append(top)
        most.append(len(inside))
        time.sleep(0.2)
        empty(top, deadline)
        inside.remove(top)

    monkeypatch.setattr(scratch, "_empty", slow)
    threads = [threading.Thread(target=folder.remove) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] and not os.path.exists(folder.path)
