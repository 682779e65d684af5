"""What other users have put beside and above a project, in folders that everybody may write to, is not obeyed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from aotlens.cli.project_run import trace_paths
from aotlens.model.lock import Lock
from aotlens.project.baseline import read_baseline, write_baseline
from aotlens.project.listener import Silent
from aotlens.project.lock_file import lock_text, read_lock, write_lock
from aotlens.project.options import ProjectOptions
from aotlens.project.problems import Misuse
from aotlens.project.selection import Excluded, select
from aotlens.project.settings import settings_for
from aotlens.project.shared_places import write_whole

OTHER = 12345
LOCK = Lock("2.13.0", "forward", ())
pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no owners of files")
needs_another_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make files of another user"
)


def write(path: Path, text: str = "", *, owner: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if owner is not None:
        os.chown(path, owner, owner)
    return path


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def sticky_folder(tmp_path: Path) -> Path:
    """A folder like `/tmp`."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


SETTINGS = '[tool.aotlens.check]\nexclude = ["**"]\n'


@needs_another_user
def test_no_settings_of_others_are_taken_beside_or_above_a_folder(open_folder: Path, sticky_folder: Path) -> None:
    project = sticky_folder / "project"
    write(project / "model.py")
    for place in (open_folder, sticky_folder):
        write(place / "pyproject.toml", SETTINGS, owner=OTHER)
    assert [settings_for([str(each)]).exclude for each in (open_folder, sticky_folder, project)] == [()] * 3
    passed = [[each.parent for each in settings_for([str(place)]).passed_over] for place in (open_folder, project)]
    assert passed == [[open_folder], [sticky_folder]]
    for place in (open_folder, sticky_folder):
        os.chown(place / "pyproject.toml", 0, 0)
    assert [settings_for([str(each)]).exclude for each in (open_folder, sticky_folder, project)] == [("**",)] * 3


@needs_another_user
def test_settings_that_are_a_link_of_others_are_not_taken(open_folder: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "pyproject.toml", SETTINGS)
    os.symlink(elsewhere, open_folder / "pyproject.toml")
    os.chown(open_folder / "pyproject.toml", OTHER, OTHER, follow_symlinks=False)
    assert settings_for([str(open_folder)]).exclude == ()


def test_settings_as_open_as_their_folder_are_taken_but_not_in_one_like_tmp(
    open_folder: Path, sticky_folder: Path
) -> None:
    """Such modes have all files of a container with `umask 0`."""
    for place in (open_folder, sticky_folder):
        write(place / "pyproject.toml", SETTINGS).chmod(0o666)
    assert settings_for([str(open_folder)]).exclude == ("**",)
    assert settings_for([str(sticky_folder)]).exclude == ()


@needs_another_user
def test_settings_of_the_owner_of_the_folder_are_taken(open_folder: Path) -> None:
    write(open_folder / "pyproject.toml", SETTINGS, owner=OTHER)
    os.chown(open_folder, OTHER, OTHER)
    assert settings_for([str(open_folder)]).exclude == ("**",)


@pytest.mark.parametrize("mode", [0o777, 0o1777])
@needs_another_user
def test_files_that_others_put_into_a_folder_are_left_out_and_named(open_folder: Path, mode: int) -> None:
    open_folder.chmod(mode)
    mine = [str(write(open_folder / name)) for name in ("mine.py", "own/mine.py")]
    named = write(open_folder / "planted.py", owner=OTHER)
    write(open_folder / "planted" / "inner.py", owner=OTHER)
    os.chown(open_folder / "planted", OTHER, OTHER)
    write(open_folder / "planted.txt", owner=OTHER)
    planted: list[str] = []
    assert [each.path for each in select([str(open_folder)], planted=planted.append)] == mine
    assert [os.path.basename(each) for each in planted] == ["planted", "planted.py"]
    assert [each.path for each in select([str(named)])] == [str(named)], "what is named itself is trusted"
    planted.clear()
    select([str(open_folder)], Excluded(["planted*"], open_folder), planted.append)
    assert planted == []


@needs_another_user
def test_a_warning_names_what_was_left_out(open_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        write(open_folder / f"planted{number}.py", owner=OTHER)
    write(open_folder / "pyproject.toml", SETTINGS, owner=OTHER)
    trace_paths([str(open_folder)], settings_for([str(open_folder)]), ProjectOptions(use_kept=False), Silent())
    said = capsys.readouterr().err
    assert "warning: left out, as another user has put it into a folder that everybody may write to: " in said
    assert f"warning: {open_folder / 'pyproject.toml'} is not obeyed: " in said
    assert "planted2.py, 2 more; " in said and "planted3.py" not in said


def test_a_baseline_that_the_settings_name_lies_in_the_project(tmp_path: Path) -> None:
    file = write(tmp_path / "pyproject.toml", '[tool.aotlens.check]\nbaseline = "ci/known.json"\n')
    assert settings_for([str(tmp_path)]).baseline == tmp_path / "ci" / "known.json"
    for outside in ("../known.json", "/etc/known.json", "ci/../../known.json"):
        write(file, f'[tool.aotlens.check]\nbaseline = "{outside}"\n')
        with pytest.raises(Misuse, match="is not in the folder of the project"):
            settings_for([str(tmp_path)])


@needs_another_user
def test_a_lock_or_baseline_of_others_is_refused(open_folder: Path) -> None:
    lock = write(open_folder / "aotlens.lock", lock_text(LOCK), owner=OTHER)
    baseline = write(open_folder / "known.json", '{"version": 1, "findings": []}', owner=OTHER)
    for use in (
        lambda: read_lock(lock),
        lambda: write_lock(lock, LOCK),
        lambda: read_baseline(baseline),
        lambda: write_baseline(baseline, []),
    ):
        with pytest.raises(Misuse, match="another user has put it"):
            use()
    for file in (lock, baseline):
        os.chown(file, 0, 0)
    assert read_lock(lock) == LOCK and not read_baseline(baseline)


@pytest.mark.parametrize("existing", [True, False])
@needs_another_user
def test_no_link_of_others_is_written_through(open_folder: Path, tmp_path: Path, existing: bool) -> None:
    secret, link = tmp_path / ".bashrc", open_folder / "aotlens.lock"
    if existing:
        write(secret, "alias")
    link.symlink_to(secret)
    os.chown(link, OTHER, OTHER, follow_symlinks=False)
    with pytest.raises(Misuse, match="another user has put it"):
        write_lock(link, LOCK)
    with pytest.raises(Misuse, match="another user has put it"):
        write_baseline(link, [])
    write_whole(link, b"new")  # it was put there after it was looked at
    assert link.read_bytes() == b"new" and not link.is_symlink()
    assert secret.exists() == existing and (not existing or secret.read_text() == "alias")
    assert [each.name for each in open_folder.iterdir()] == ["aotlens.lock"]


@pytest.mark.parametrize("existing", [True, False])
def test_nothing_is_written_over_a_link_out_of_the_project(tmp_path: Path, existing: bool) -> None:
    """A repository carries links: one could be to `~/.zshenv`, and the text of a finding code of a shell."""
    home, project = tmp_path / "home", tmp_path / "project"
    (project / "inside").mkdir(parents=True)
    home.mkdir()
    (project / "aotlens.lock").symlink_to("../home/.zshenv")
    (project / "ci").symlink_to(home)
    (tmp_path / "link").symlink_to(project)
    if existing:
        write(home / ".zshenv", "alias")
    files = [project / "aotlens.lock", project / "ci" / ".zshenv", project / "ci" / ".." / ".zshenv"]
    for file in (*files, tmp_path / "link" / "aotlens.lock"):
        for use in (partial(write_lock, file, LOCK), partial(write_baseline, file, [])):
            with pytest.raises(Misuse, match=r"a link in .* leads to .*, out of the project"):
                use(project=project)
    assert [each.name for each in home.iterdir()] == [".zshenv"] * existing
    (project / "inside" / "lock").symlink_to("../kept.lock")
    for file in (project / "inside" / "lock", tmp_path / "link" / "other.lock", home / "named.lock"):
        assert write_lock(file, LOCK, project)
    assert (project / "kept.lock").exists()


@needs_another_user
def test_a_file_that_is_replaced_keeps_its_mode_and_owner(open_folder: Path) -> None:
    os.chown(open_folder, OTHER, OTHER)
    file = write(open_folder / "aotlens.lock", "old", owner=OTHER)
    file.chmod(0o640)
    assert write_lock(file, LOCK)
    status = file.stat()
    assert (status.st_uid, status.st_mode & 0o777, file.read_text()) == (OTHER, 0o640, lock_text(LOCK))


def test_a_link_of_ones_own_is_followed_up_to_where_others_may_put_one(open_folder: Path, tmp_path: Path) -> None:
    target, link = write(tmp_path / "kept" / "target.lock", "old"), tmp_path / "aotlens.lock"
    link.symlink_to("kept/target.lock")
    write_whole(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    secret = write(tmp_path / "secret", "mine")
    (open_folder / "swapped").symlink_to(secret)
    link.unlink()
    link.symlink_to(open_folder / "swapped")
    write_whole(link, b"new")
    assert secret.read_text() == "mine" and (open_folder / "swapped").read_bytes() == b"new"
