"""The baseline: findings are known again although code moves, and new ones are not taken for old ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aotlens.project.baseline import compare, read_baseline, write_baseline
from aotlens.project.findings import Located
from aotlens.project.problems import Misuse
from unit.project.findings import located


def new_after(folder: Path, before: list[Located], now: list[Located]) -> tuple[int, int, int]:
    """The numbers of new findings, of known ones, and of those that are gone."""
    file = folder / "baseline.json"
    write_baseline(file, before)
    paths = sorted({each.path for each in (*before, *now)})
    compared = compare(file, read_baseline(file), now, paths)
    assert sorted(map(id, (*compared.new, *compared.known))) == sorted(map(id, now))
    return len(compared.new), len(compared.known), compared.gone


def test_a_finding_is_known_again_on_another_line(tmp_path: Path) -> None:
    before = located(tmp_path / "model.py")
    assert new_after(tmp_path, [before], [located(tmp_path / "model.py", line=300, message="in other words")]) == (
        0,
        1,
        0,
    )


@pytest.mark.parametrize(
    "changed",
    [{"code": "recompiled"}, {"text": "print(y)"}, {"path": "other.py"}, {"text": "print(x)", "path": "b/model.py"}],
)
def test_another_finding_is_new(tmp_path: Path, changed: dict[str, str]) -> None:
    after = {"path": "model.py", **changed}
    now = located(tmp_path / after.pop("path"), **after)  # type: ignore[arg-type]
    assert new_after(tmp_path, [located(tmp_path / "model.py")], [now]) == (1, 0, 1)


def test_spaces_and_the_name_of_a_class_may_change(tmp_path: Path) -> None:
    before = [located(tmp_path / "model.py", text="f(a,  b)"), located(tmp_path / "model.py", within="Net.step")]
    now = [located(tmp_path / "model.py", text="f(a, b)"), located(tmp_path / "model.py", within="Model.step")]
    assert new_after(tmp_path, before, now) == (0, 2, 0)


def test_equal_findings_are_counted(tmp_path: Path) -> None:
    one = located(tmp_path / "model.py")
    two = [replace(one), replace(one, path=one.path)]
    assert new_after(tmp_path, two, [one]) == (0, 1, 1)
    assert new_after(tmp_path, [one], [replace(one), replace(one), replace(one)]) == (2, 1, 0)
    assert json.loads((tmp_path / "baseline.json").read_text(encoding="utf-8"))["findings"] == [
        {"path": "model.py", "code": "graph-break", "within": "Net.forward", "text": "print(x)"}
    ]


def test_the_same_line_in_two_definitions_is_two_findings(tmp_path: Path) -> None:
    here, there = located(tmp_path / "a.py", within="A.forward"), located(tmp_path / "a.py", within="B.forward")
    assert new_after(tmp_path, [here], [here, there]) == (1, 1, 0)
    assert new_after(tmp_path, [there], [here, there]) == (1, 1, 0)
    file = tmp_path / "baseline.json"
    compared = compare(file, read_baseline(file), [here, there], [here.path])
    assert compared.known == (there,)


def test_the_file_is_the_same_whatever_the_order(tmp_path: Path) -> None:
    findings = [located(tmp_path / name, text=text) for name in ("b.py", "a.py") for text in ("y", "x")]
    write_baseline(tmp_path / "one.json", findings)
    write_baseline(tmp_path / "two.json", findings[::-1])
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_nothing_is_known_about_files_that_were_not_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    for name in ("a.py", "b.py"):
        (tmp_path / name).touch()
    write_baseline(file, [located(tmp_path / name) for name in ("a.py", "b.py", "removed.py")])
    baseline = read_baseline(file)
    compared = compare(file, baseline, [], [str(tmp_path / "a.py")])
    assert compared.gone == 2  # that of the removed file too
    assert [entry.path for entry in compared.unseen] == ["b.py"]


def test_the_entries_of_the_other_targets_of_a_file_stay(tmp_path: Path) -> None:
    file, path = tmp_path / "baseline.json", tmp_path / "a.py"
    path.touch()
    one, other, equal = (located(path, within=f"{name}.forward") for name in ("One", "Other", "Equal"))
    more = located(path, within="Other.forward", text="print(y)")
    write_baseline(file, [one, other, more])
    before = file.read_bytes()
    compared = compare(file, read_baseline(file), [one, equal], [])
    assert (compared.new, compared.known, compared.gone) == ((equal,), (one,), 0)
    write_baseline(file, [one], compared.unseen)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no baseline of aotlens"),
        ("[]", "is no baseline of aotlens"),
        ('{"version": 2, "findings": []}', "another version of aotlens"),
        ('{"version": 1, "findings": [{"path": "a.py"}]}', "is no baseline of aotlens (KeyError: 'code')"),
        ('{"version": 1, "findings": 3}', "is no baseline of aotlens"),
        (
            '{"version": 1, "findings": [{"path": "a", "code": "b", "within": "", "text": "", "count": Infinity}]}',
            "is no baseline of aotlens (OverflowError: ",
        ),
        ("[" * 100_000, "is no baseline of aotlens"),
    ],
)
def test_a_file_that_is_no_baseline_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Misuse) as raised:
        read_baseline(file)
    assert message in str(raised.value) and str(file) in str(raised.value)


def test_a_path_that_no_file_can_have_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    entry = {"code": "b", "within": "", "text": ""}
    file.write_text(json.dumps({"version": 1, "findings": [{"path": path, **entry} for path in ("a" * 300, "\0")]}))
    assert compare(file, read_baseline(file), [], []).gone == 2


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="cannot be written"):
        write_baseline(tmp_path / "no/such/folder.json", [])
