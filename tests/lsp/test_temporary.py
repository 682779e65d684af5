"""Files for clients that can open nothing else: private, one for each source, and removed."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aotlens.lsp.temporary import TemporaryFiles
from aotlens.session import scratch


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    scratch.remove()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    scratch.remove()


def test_the_folder_is_made_on_first_use_private_and_not_predictable(folder: Path) -> None:
    guess = folder / f"aotlens-{os.getpid()}"
    guess.mkdir()
    files = TemporaryFiles()
    assert list(folder.iterdir()) == [guess]
    path = Path(files.write("/model.py", "Net.joint.graph", "text"))
    (own,) = (one for one in folder.iterdir() if one != guess)
    assert path.is_relative_to(own) and stat.S_IMODE(own.stat().st_mode) == 0o700
    assert path.read_text(encoding="utf-8") == "text" and not list(guess.iterdir())


def test_names_of_two_sources_are_two_files(folder: Path) -> None:
    files = TemporaryFiles()
    one, other = files.write("/a/model.py", "Net.graph", "a"), files.write("/b/model.py", "Net.graph", "b")
    assert one != other and Path(one).name == Path(other).name == "Net.graph"
    assert files.write("/a/model.py", "Net.graph", "new") == one
    assert [Path(path).read_text(encoding="utf-8") for path in (one, other)] == ["new", "b"]


def test_the_folder_is_removed(folder: Path) -> None:
    files = TemporaryFiles()
    files.remove()
    files.write("/model.py", "Net.graph", "text")
    files.remove()
    (own,) = folder.iterdir()
    assert [one.name for one in own.iterdir()] == ["owner.lock"]
    scratch.remove()
    assert not list(folder.iterdir())


def test_a_folder_that_was_cleaned_away_is_made_again(folder: Path) -> None:
    files = TemporaryFiles()
    files.write("/model.py", "Net.graph", "text")
    for one in folder.iterdir():
        shutil.rmtree(one)
    assert Path(files.write("/model.py", "Net.graph", "text")).exists()


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="folders cannot be held")
@pytest.mark.parametrize("replaced", [".", "shown", "of the source"])
def test_nothing_is_written_through_a_link_in_the_place_of_a_folder(folder: Path, replaced: str) -> None:
    """After a cleaner has removed one, its name is known to all users."""
    precious = folder / "precious"
    precious.write_text("precious", encoding="utf-8")
    files = TemporaryFiles()
    path = Path(files.write("/model.py", "Net.map.md", "text"))
    gone = {".": path.parents[2], "shown": path.parents[1], "of the source": path.parents[0]}[replaced]
    shutil.rmtree(gone)
    path.parent.mkdir(parents=True)
    path.symlink_to(precious)
    new = Path(files.write("/model.py", "Net.map.md", "text"))
    assert precious.read_text(encoding="utf-8") == "precious" and new.read_text(encoding="utf-8") == "text"
    files.remove()
    assert path.is_symlink() and not new.exists()
