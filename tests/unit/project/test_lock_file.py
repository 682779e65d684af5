"""The text of a lock: what it says of kept maps, and that it is read back as it was written."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aotlens.model.lock import Lock, LockedBreak, LockedSaved, LockedSlot, LockedTarget, locked
from aotlens.model.lock_text import BadLock, lock_text, parse_lock
from aotlens.project.lock_file import read_lock, write_lock
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.json_codec import from_json, to_json
from unit.features.world import load_map

MAPS = ("decoder", "zoo", "attend", "flow", "paused_compile", "script", "llama_compile", "scaled", "sharded", "sized")
HEAD = "lock 1\ntorch 2.13.0\nconvention export\n"


def lock_of(*names: str) -> Lock:
    targets = (locked(load_map(name), f"{name}.py") for name in names)
    return Lock("2.13.0", "export", tuple(sorted(targets, key=lambda each: each.path)))


def unordered(target: LockedTarget) -> LockedTarget:
    """The same without an order of what rows for several layers put together."""
    slots, saved = sorted(target.slots, key=lambda each: each.key), sorted(target.saved_by, key=repr)
    return replace(target, slots=tuple(slots), saved_by=tuple(saved))


def test_equal_layers_share_lines() -> None:
    text = lock_text(lock_of("decoder"))
    assert "input  parameter  blocks.{0..5}.attn.qkv.weight  f32[192, 64]  gradient\n" in text
    assert "input  parameter  blocks.{0..5}.gate  f32[64]  no-gradient\n" in text
    assert "input  parameter  embed.weight  f32[1000, 64]  gradient  tied-to head.weight\n" in text
    assert "input  buffer  steps  i64[]  mutated\n" in text
    assert "output  output  output['loss']  f32[]  tangent\n" in text
    assert "saved  937220 bytes  min-cut\n" in text
    assert "saved-by  blocks.{0..5}.attn  24576 bytes  mm\n" in text
    assert len(text.splitlines()) < 50


def test_a_lock_does_not_depend_on_what_python_tells_of_places() -> None:
    """Columns, the last line of an expression and its text are not the same on all versions of Python."""
    for name in MAPS:
        map = load_map(name)
        coarse = from_json(DescriptorMap, without_places(to_json(map)))
        assert coarse != map
        assert lock_text(Lock("2.13.0", "export", (locked(coarse, name),))) == lock_text(
            Lock("2.13.0", "export", (locked(map, name),))
        ), name


def without_places(value: Any) -> Any:
    """The JSON of a map with lines without columns, and without the text of what computes saved values."""
    if isinstance(value, list):
        return [without_places(each) for each in value]
    if not isinstance(value, dict):
        return value
    changed = {key: without_places(each) for key, each in value.items()}
    if {"path", "line", "column"} <= changed.keys():
        changed |= dict.fromkeys(("column", "end_line", "end_column") & changed.keys())
    if {"read_by", "label"} <= changed.keys():
        changed |= {"label": "?", "source": None, "frame": None}
    return changed


def test_the_saved_bytes_of_modules_are_all() -> None:
    for target in lock_of(*MAPS).targets:
        assert sum(each.bytes for each in target.saved_by) == target.saved


def test_sizes_have_no_names_of_local_variables() -> None:
    text = lock_text(lock_of("sized"))
    assert "input  argument  x  f32[x.size(0), x.size(1), 8]\n" in text
    assert "input  argument  bias.a  f32[bias.a.size(0), 8]\n" in text


def test_a_graph_break_is_a_line_and_no_second_set_of_inputs() -> None:
    text = lock_text(lock_of("paused_compile"))
    assert "break  Paused.forward  Call to `torch._dynamo.graph_break()`\n" in text
    assert text.count("\ninput  ") == 5
    assert text.count("\noutput  ") == 1


def test_what_is_written_is_read() -> None:
    lock = lock_of(*MAPS)
    read = parse_lock(lock_text(lock))
    assert list(map(unordered, read.targets)) == list(map(unordered, lock.targets))
    assert lock_text(read) == lock_text(lock)


def test_odd_names_are_read_as_they_are() -> None:
    odd = ("batch['{0..3}']", "two  spaces", '"quoted"', "ü", "a\nb", "", "-", "#", "x[0]", " x", "\u202e")
    slots = tuple(LockedSlot("input", "argument", name, "f32[]", (f"tied-to {name}",)) for name in odd)
    target = LockedTarget(
        "a b/{c}/m.py",
        "f",
        "f({1: [2]},  'x  y')",
        "train",
        slots,
        3,
        "eager",
        (LockedSaved("(top)", "... + ...", 1), LockedSaved("0.{1}", "", 2)),
        (("attention", 2),),
        (LockedBreak("", "a {reason}  with\nall"), LockedBreak("f", "-")),
    )
    lock = Lock("2.13.0", "export", (target,))
    text = lock_text(lock)
    assert text.isascii() or "ü" in text
    assert unordered(parse_lock(text).targets[0]) == unordered(target)


def test_the_file_has_the_line_ends_of_every_system(tmp_path: Path) -> None:
    file, lock = tmp_path / "aotlens.lock", lock_of("flow")
    assert write_lock(file, lock)
    assert file.read_bytes() == lock_text(lock).encode()
    assert b"\r" not in file.read_bytes()
    assert not write_lock(file, lock)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))  # as git checks it out on Windows
    assert unordered(read_lock(file).targets[0]) == unordered(lock.targets[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "m.lock is no lock of aotlens: it has no line lock"),
        ("lock 1\ntorch 2.13.0\n", "m.lock is no lock of aotlens: it has no line convention"),
        ("lock 2\n", "m.lock:1: it was written by a newer aotlens (lock 2; this one reads 1)"),
        ("lock one\n", "m.lock:1: lock one is no version of a lock"),
        (f"lock {'9' * 5000}\n", "m.lock:1: lock 99999"),
        (HEAD + "[m.py]\n", "m.lock:4: this is not [FILE::Qualname]"),
        (HEAD + "[m.py::A]\n[m.py::A]\n", "m.lock:5: m.py::A is here for the second time"),
        (HEAD + "[m.py::A]\n<<<<<<< HEAD\n", "m.lock:5: a conflict of a merge is not resolved: run aotlens lock"),
        (HEAD + "[m.py::A]\ninputs  x\n", "m.lock:5: there are no lines that begin with 'inputs'"),
        (HEAD + "[m.py::A]\ninput  argument\n", "m.lock:5: this is no line of input: input  argument"),
        (HEAD + "[m.py::A]\nsaved  3 MiB\n", "m.lock:5: this is no line of saved: saved  3 MiB"),
        (HEAD + '[m.py::A]\ninput  argument  "x  f32[]\n', "m.lock:5: this is no line of input"),
        (HEAD + "[m.py::A]\ninput  argument  x.{0..99999999}  f32[]\n", "m.lock:5: this is no line of input"),
        (HEAD + "[m.py::A]\ninput  argument  x.{0..99999,99999..0}  f32[]\n", "m.lock:5: this is no line of input"),
    ],
)
def test_a_broken_lock_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(BadLock) as raised:
        parse_lock(text, "m.lock")
    assert str(raised.value).startswith(message)


def test_a_lock_that_stands_for_too_many_names_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aotlens.model.lock_text._MOST", 100)
    row = "input  argument  x.{0..9}  f32[]\n"
    assert len(parse_lock(HEAD + "[m.py::A]\n" + row * 9, "m.lock").targets[0].slots) == 90
    with pytest.raises(BadLock, match=r"m\.lock:14: this is no line of input"):
        parse_lock(HEAD + "[m.py::A]\n" + row * 10, "m.lock")


def test_reading_takes_time_in_proportion_to_the_rows() -> None:
    """A lock that a merge, or a generator of models, has made long: each row once was a copy of all before it."""
    rows = 60_000
    text = f"{HEAD}\n[a.py::Net]\n" + "".join(f"input  argument  x{number}  f32[2]\n" for number in range(rows))
    text += "".join(f"\n[a.py::Net{number}]\nmode  train\n" for number in range(rows // 4))
    begin = time.process_time()
    lock = parse_lock(text)
    assert time.process_time() - begin < 6
    assert (len(lock.targets), len(lock.targets[0].slots)) == (1 + rows // 4, rows)
