"""Which folders are this user's alone, on the whole way to them."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest

from aotlens_tracer.wire import private_folders
from aotlens_tracer.wire.private_folders import open_to_others

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes of folders say nothing there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's alone, three levels deep."""
    path = tmp_path / "a" / "b" / "c"
    path.mkdir(parents=True, mode=0o700)
    return path


def test_a_folder_below_the_temporary_directory_is_private(folder: Path) -> None:
    assert open_to_others(folder) is None


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_write_to_is_not_private(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    assert open_to_others(folder) == str(folder)


@pytest.mark.parametrize(("mode", "is_safe"), [(0o777, False), (0o707, False), (0o1777, True), (0o755, True)])
def test_a_folder_above_lets_others_replace_it_unless_it_is_sticky(folder: Path, mode: int, is_safe: bool) -> None:
    above = folder.parents[1]
    above.chmod(mode)
    assert open_to_others(folder) == (None if is_safe else str(above))


def test_a_group_may_write_above_if_it_is_the_users_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    above = folder.parents[1]
    above.chmod(0o770)
    monkeypatch.setattr(private_folders, "_is_group_of_this_user", lambda number: False)
    assert open_to_others(folder) == str(above)
    monkeypatch.setattr(private_folders, "_is_group_of_this_user", lambda number: number == above.stat().st_gid)
    assert open_to_others(folder) is None


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="the system has no access lists")
def test_an_access_list_lets_others_in_though_the_group_is_the_users_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = folder.parents[1]
    nobody = 0xFFFFFFFF
    entries = ((1, 7, nobody), (2, 7, 12345), (4, 0, nobody), (16, 7, nobody), (32, 0, nobody))
    access_list = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(above, "system.posix_acl_access", access_list)
    except OSError:
        pytest.skip("the file system has no access lists")
    monkeypatch.setattr(private_folders, "_is_group_of_this_user", lambda number: True)
    assert open_to_others(folder) == str(above)


@pytest.mark.parametrize("is_relative", [False, True])
def test_links_on_the_way_are_looked_at(folder: Path, tmp_path: Path, is_relative: bool) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    link = shared / "link"
    link.symlink_to(os.path.relpath(folder.parent, shared) if is_relative else folder.parent)
    (tmp_path / "first").symlink_to(link)
    shared.chmod(0o777)
    assert open_to_others(folder) is None
    assert open_to_others(tmp_path / "first" / "c") == str(shared)


@pytest.mark.parametrize("is_sticky", [False, True])
def test_a_link_of_another_user_on_the_way_is_his_to_lead_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_sticky: bool
) -> None:
    link = tmp_path / "run"
    link.symlink_to(folder.parent)
    if is_sticky:
        tmp_path.chmod(0o1777)
    lstat = os.lstat

    def looked(path: str) -> os.stat_result:
        found = lstat(path)
        return os.stat_result([*found[:4], 12345, *found[5:]]) if str(path) == str(link) else found

    assert open_to_others(link / "c") is None
    monkeypatch.setattr(os, "lstat", looked)
    assert open_to_others(link / "c") == str(link)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_private(folder: Path) -> None:
    above = folder.parents[1]
    os.chown(above, 12345, 12345)
    assert open_to_others(folder) == str(above)
    os.chown(above, 0, 0)
    os.chown(folder, 12345, 12345)
    assert open_to_others(folder) == str(folder)
