"""What is not as a lock has it, as findings: where they stand, what they say, and which settings hold for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aotlens.cli.check.json_format import check_json
from aotlens.cli.check.junit import junit_xml
from aotlens.model.lock import Lock, LockedTarget
from aotlens.model.lock_differences import differences_of
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.project.baseline import write_baseline
from aotlens.project.checked import Choice, check
from aotlens.project.lock_file import relative_to_lock, write_lock
from aotlens.project.lock_findings import CODE, AgainstLock, against_lock
from aotlens.project.locking import lock_of
from aotlens.project.problems import Misuse
from aotlens.project.selection import Selected
from aotlens.project.tracing import TracedProject
from aotlens.text.documents import Document
from aotlens_tracer.wire.failures import stated
from unit.features.world import DECODER, document, load_map, state_of

FILE = DECODER.parent / "aotlens.lock"
ALL = Choice(select=frozenset({CODE}))


def project(text: str | None = None, *, found: bool = True, state: TargetState | None = None) -> TracedProject:
    """The decoder, traced; with another text, the lines stay the same."""
    source, state = document(DECODER, text), state or state_of("decoder")
    return TracedProject(
        (Selected(str(DECODER), is_found=found),), Snapshot({source.path: source}, {state.key: state}), {}
    )


def today() -> Lock:
    return lock_of(project(), FILE, "export").lock


def locked(folder: Path, *targets: LockedTarget, torch: str | None = None) -> AgainstLock:
    """A lock beside the decoder with these targets, as it is read from a file."""
    write_lock(folder / "aotlens.lock", Lock(torch or today().torch, "export", targets))
    return replace(against_lock(folder / "aotlens.lock", "export"), file=FILE)


def told(found: object) -> list[tuple[str, int, str]]:
    return [(Path(each.path).name, each.span.line, each.diagnostic.message) for each in found]  # type: ignore[attr-defined]


def test_a_target_as_it_is_locked_is_no_finding(tmp_path: Path) -> None:
    assert check(project(), ALL, locked(tmp_path, *today().targets)).findings == ()


def test_a_target_that_differs_is_one_finding_at_its_first_change(tmp_path: Path) -> None:
    (target,) = today().targets
    gate = next(slot for slot in target.slots if slot.name == "blocks.0.gate")
    slots = tuple(replace(slot, facts=("gradient",)) if slot == gate else slot for slot in target.slots)
    before = replace(target, slots=slots, saved=(target.saved or 0) - 1024, example="Decoder(9)()")
    checked = check(project(), ALL, locked(tmp_path, before, torch="2.12.0"))
    (finding,) = checked.findings
    line = next(n for n, line in enumerate(document(DECODER).lines, 1) if "self.gate =" in line)
    assert (finding.span.line, finding.severity, checked.fails("error")) == (line, "error", True)
    first, *notes = finding.diagnostic.message.splitlines()
    assert first == f"{target.qualname} is not as in aotlens.lock: −1 trained parameter, +1.0 KiB saved"
    assert [note.partition(":")[0] for note in notes] == [
        "another example was traced",
        "torch 2.13.0 traced, before 2.12.0",
    ]
    assert ("parameter blocks.0.gate: no gradient any more", line) in [
        (message, place.line) for message, place in finding.diagnostic.related
    ]


def test_a_target_without_a_lock_is_told_at_its_line(tmp_path: Path) -> None:
    (target,) = today().targets
    name = target.qualname
    line = next(n for n, line in enumerate(document(DECODER).lines, 1) if line.startswith(f"class {name}("))
    assert told(check(project(), ALL, locked(tmp_path)).findings) == [
        ("decoder.py", line, f"{name} is not in aotlens.lock")
    ]


def test_a_locked_target_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = (LockedTarget("decoder.py", "Former", "Former()()"), LockedTarget("gone {0}.py", "Net", "Net()()"))
    checked = check(project(), ALL, locked(tmp_path, *gone, *today().targets))
    row = 1 + next(
        n
        for n, line in enumerate((tmp_path / "aotlens.lock").read_text(encoding="utf-8").splitlines())
        if "gone" in line
    )
    assert told(checked.findings) == [
        ("decoder.py", 1, "Former is in aotlens.lock, and is no target any more"),
        ("aotlens.lock", row, "gone {0}.py::Net is in aotlens.lock, and is no target any more"),
    ]
    assert [Path(each["path"]).name for each in check_json(checked)["findings"]] == ["decoder.py", "aotlens.lock"]
    assert junit_xml(checked, "error").count("<failure") == 2


def test_a_target_whose_example_is_lost_is_no_target_that_is_gone(tmp_path: Path) -> None:
    failure = stated("example", "error", "no example found", str(DECODER), 1)
    state = replace(TargetState(state_of("decoder").key, "failed"), failure=failure)
    ((_, _, message),) = told(check(project(state=state), ALL, locked(tmp_path, *today().targets)).findings)
    assert message.endswith("it cannot be traced: example fails")


def test_a_target_without_an_answer_is_as_it_was(tmp_path: Path) -> None:
    failure = stated("forward", "timeout", "it took too long", str(DECODER), 1)
    state = replace(TargetState(state_of("decoder").key, "failed"), failure=failure)
    assert check(project(state=state), ALL, locked(tmp_path, *today().targets)).findings == ()


def test_a_comment_suppresses_it_and_is_unused_only_if_a_lock_was_looked_at(tmp_path: Path) -> None:
    (target,) = today().targets
    lines = document(DECODER).text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith(f"class {target.qualname}("))
    lines[at] = lines[at].rstrip("\n") + f"  # aotlens: ignore[{CODE}]\n"
    commented = project("".join(lines))
    every = Choice(select=frozenset({CODE, "unused-suppression"}))
    suppressed = check(commented, every, locked(tmp_path))
    assert (len(suppressed.suppressed), suppressed.findings) == (1, ())
    assert check(commented, every).findings == ()
    (unused,) = check(commented, every, locked(tmp_path, *today().targets)).findings
    assert unused.diagnostic.message == f"this comment suppresses nothing: there is no {CODE} here"


def test_it_can_be_ignored_and_kept_in_a_baseline(tmp_path: Path) -> None:
    against = locked(tmp_path)
    assert check(project(), Choice(ignore=frozenset({CODE}), select=frozenset({CODE})), against).findings == ()
    file = tmp_path / "baseline.json"
    write_baseline(file, check(project(), ALL, against).findings)
    checked = check(project(), replace(ALL, baseline=file), against)
    assert (checked.findings, len(checked.known)) == ((), 1)


def test_another_convention_is_refused(tmp_path: Path) -> None:
    write_lock(tmp_path / "aotlens.lock", replace(today(), convention="compile"))
    with pytest.raises(Misuse, match="give --convention compile"):
        check(project(), ALL, against_lock(tmp_path / "aotlens.lock", "export"))


def test_links_to_the_folder_of_a_project_change_nothing(tmp_path: Path) -> None:
    """A repository may be opened by another path than git has for it."""
    link = tmp_path / "link"
    link.symlink_to(DECODER.parent)
    path = link / "decoder.py"
    assert relative_to_lock(FILE, str(path)) == relative_to_lock(link / "aotlens.lock", str(DECODER)) == "decoder.py"
    map = load_map("decoder")
    key = TargetKey(str(path), map.target.qualname)
    source = Document(path.as_uri(), str(path), 1, DECODER.read_text(encoding="utf-8"), "python")
    seen = Snapshot({source.path: source}, {key: replace(state_of("decoder"), key=key)})
    (one,) = differences_of([], today(), seen, DECODER.parent)
    assert [each.place.path if each.place is not None else None for each in one.changes] == [str(path)]
