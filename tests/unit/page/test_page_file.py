"""The file of a report: a whole page or the former file, and never another file or what a link leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aotlens.cli.options import UsageError
from aotlens.cli.report.page_file import check_page_file, write_page
from aotlens.page.document import MARK
from unit.page.pages import html


def refused(file: Path | str, *sources: Path) -> str:
    with pytest.raises(UsageError) as error:
        write_page(str(file), "new", sources)
    with pytest.raises(UsageError):
        check_page_file(str(file), sources)
    return str(error.value)


def test_a_page_is_written_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_page(str(file), html("attend"), [])
    assert file.read_text(encoding="utf-8") == html("attend")
    file.chmod(0o640)
    write_page(str(file), html("zoo"), [])
    assert file.read_text(encoding="utf-8") == html("zoo")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_an_empty_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.touch()
    write_page(str(file), "new", [])
    assert file.read_text() == "new"


def test_another_file_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "notes.html"
    file.write_text("<h1>my notes</h1>")
    assert refused(file) == f"{file} exists and is no report of aotlens: name another file, or delete it"
    assert file.read_text() == "<h1>my notes</h1>"


def test_a_target_is_not_replaced_whatever_is_in_it(tmp_path: Path) -> None:
    source, other = tmp_path / "model.py", tmp_path / "other.py"
    source.write_text(f"# {MARK}")
    os.link(source, other)
    for file in (source, other):
        assert "is the target itself" in refused(file, source)
    assert source.read_text() == f"# {MARK}"


@pytest.mark.parametrize("there", [True, False])
def test_no_link_is_followed(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "target.html", tmp_path / "report.html"
    if there:
        target.write_text(MARK)
    link.symlink_to(target)
    assert "is a link" in refused(link)
    assert target.exists() is there and link.is_symlink()


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path} is a folder: name a file in it"
    assert refused(tmp_path / "none/report.html") == f"there is no folder {tmp_path / 'none'}"
    assert refused("") == "-o needs the name of a file"
    assert "cannot be written" in refused(tmp_path / "\0.html")
    assert "cannot be written" in refused(tmp_path / f"{'a' * 300}.html")
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refused(tmp_path / "pipe")


def test_a_failed_write_leaves_the_former_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    write_page(str(file), html("attend"), [])

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        write_page(str(file), html("zoo"), [])
    assert file.read_text(encoding="utf-8") == html("attend")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
