"""The folder of kept maps: private, bounded, and never trusted to be whole."""

import json
import os
import stat
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aotlens.session.kept import store as stores
from aotlens.session.kept.folder import folder_of_maps
from aotlens.session.kept.store import Store, _pieces

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_JSON = st.recursive(_PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache" / "maps")


def _file(store: Store, name: str) -> Path:
    return store.folder / f"{name}.json.z"


def test_an_entry_is_read_as_it_was_written_and_only_its_owner_may_read_it(store: Store) -> None:
    entry = {"map": {"graphs": [{"rows": [[number, "é"] for number in range(1234)]}]}, "files": {}}
    store.write("one", entry)
    assert store.read("one") == entry
    assert _file(store, "one").stat().st_mode & 0o077 == 0
    assert store.folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in store.folder.iterdir()] == ["one.json.z"]


@settings(deadline=None)  # other work may slow this machine down
@given(_JSON, st.integers(0, 5))
def test_pieces_make_the_json_of_the_whole(value: Any, depth: int) -> None:
    assert json.loads("".join(_pieces(value, depth))) == value


def test_long_lists_are_written_in_pieces() -> None:
    rows = [{"a": [number]} for number in range(1750)]
    pieces = list(_pieces({"graphs": [{"operations": rows}]}))
    assert json.loads("".join(pieces)) == {"graphs": [{"operations": rows}]}
    assert max(piece.count('"a"') for piece in pieces) == 500


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-9],
        lambda data: b"",
        lambda data: b"{}",
        lambda data: zlib.compress(b"[1, 2]"),
        lambda data: zlib.compress(b'{"a": '),
        lambda data: zlib.compress(b"[" * 100_000),
    ],
)
def test_a_damaged_entry_is_dropped(store: Store, damage: Any) -> None:
    store.write("one", {"a": 1})
    _file(store, "one").write_bytes(damage(_file(store, "one").read_bytes()))
    assert store.read("one") is None
    assert not _file(store, "one").exists()


def test_an_entry_that_would_be_too_large_is_neither_written_nor_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("one", {"a": os.urandom(2000).hex()})
    monkeypatch.setattr(stores, "MOST_BYTES_OF_ONE", 1000)
    store.write("two", {"a": os.urandom(2000).hex()})
    assert store.read("one") is None and store.read("two") is None
    assert list(store.folder.iterdir()) == []


def test_a_text_that_unpacks_to_too_much_is_not_unpacked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("one", {"a": "x" * 100_000})
    monkeypatch.setattr(stores, "_MOST_BYTES_OF_TEXT", 1000)
    assert store.read("one") is None


def test_the_entries_that_were_unused_for_the_longest_time_go_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, name in enumerate(("used", "old", "new")):
        store.write(name, {"a": os.urandom(500).hex()})
        os.utime(_file(store, name), (1000 + age, 1000 + age))
    assert store.read("used") is not None
    monkeypatch.setattr(stores, "MOST_BYTES", 2000)
    store.write("last", {"a": os.urandom(500).hex()})
    assert {path.name.partition(".")[0] for path in store.folder.iterdir()} == {"used", "new", "last"}


def test_a_folder_that_others_can_write_to_is_not_used(store: Store) -> None:
    store.write("one", {"a": 1})
    store.folder.chmod(0o770)
    assert store.read("one") is None
    with pytest.raises(PermissionError, match="others can write to it"):
        store.write("two", {"a": 1})


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
@pytest.mark.parametrize("umask", [0, 0o777])
def test_folders_that_are_missing_are_made_for_their_user_alone(tmp_path: Path, umask: int) -> None:
    store = Store(tmp_path / "cache" / "aotlens" / "maps")
    before = os.umask(umask)
    try:
        store.write("a", {"number": 1})
        assert store.read("a") == {"number": 1}
    finally:
        os.umask(before)
    made = (store.folder, store.folder.parent, store.folder.parent.parent, _file(store, "a"))
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o700, 0o700, 0o700, 0o600]


def test_what_a_killed_server_was_writing_is_removed_in_time(store: Store) -> None:
    store.write("one", {"a": 1})
    stale, fresh = store.folder / "tmpstale", store.folder / "tmpfresh"
    for path in (stale, fresh):
        path.write_bytes(b"half an entry")
    os.utime(stale, (1000, 1000))
    store.write("two", {"a": 1})
    assert not stale.exists() and fresh.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no XDG_CACHE_HOME")
def test_the_folder_is_never_in_the_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", ".cache")
    assert folder_of_maps() == tmp_path / ".cache" / "aotlens" / "maps"
