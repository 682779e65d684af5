"""Several definitions of one name: the one that Python keeps, and the words for the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features import lens
from aotlens.features.hover.hover import hover
from aotlens.model.duplicates import replacement
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.session.renames import renamed, successor
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import Target
from unit.features.world import document, load_map

CLASS = "class Block(nn.Module):\n    def forward(self, x):\n        return x\n\n\n"
PATH = Path("/project/model.py")


def world(text: str, traced_line: int | None = None, name: str = "Block") -> Snapshot:
    """A file with a target, which was traced where it is defined on a line."""
    source = document(PATH, text)
    key = TargetKey(source.path, name)
    state = TargetState(key)
    if traced_line is not None:
        map = replace(load_map("decoder"), target=Target(source.path, name, traced_line))
        state = replace(state, status="traced", map=map, versions=MappingProxyType({source.path: 1}))
    return Snapshot(MappingProxyType({source.path: source}), MappingProxyType({key: state}))


def kept(snapshot: Snapshot, line: int) -> int | None:
    (source,) = snapshot.documents.values()
    found = replacement(snapshot, source, "Block", line)
    return found.line if found is not None else None


def test_the_last_one_counts_until_it_is_known_which_was_traced() -> None:
    text = CLASS * 3
    assert [kept(world(text), line) for line in (1, 6, 11)] == [11, 11, None]
    assert [kept(world(text, 6), line) for line in (1, 6, 11)] == [6, None, 6]
    assert kept(world(CLASS), 1) is None


def test_of_branches_nobody_knows() -> None:
    branch = "".join(f"    {line}\n" for line in CLASS.splitlines())
    text = f"if flag:\n{branch}else:\n{branch}"
    assert [kept(world(text), line) for line in (2, 8)] == [None, None]
    assert [kept(world(text, 2), line) for line in (2, 8)] == [None, 2]
    assert kept(world(f"{CLASS}if flag:\n{branch}"), 1) is None


def test_the_one_that_is_replaced_has_one_lens_and_no_answers_of_the_other() -> None:
    snapshot = world(CLASS * 2, 6)
    (source,) = snapshot.documents.values()
    found = lens.places(snapshot, source)
    assert [(place.line, place.kind) for place in found] == [
        (1, "replaced"),
        (6, "target"),
    ]
    said = lens.text(snapshot, found[0].key, found[0].kind)
    assert (said.title, said.command) == ("replaced by the definition in line 6", "aotlens.goToTarget")
    shown = hover(snapshot, source, 1, 8)
    assert shown is not None and markdown(shown.blocks) == "*`Block` is replaced by the definition in line 6.*"


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        (Edit(1, 7, 1, 12, "Other"), "Other"),
        (Edit(1, 1, 1, 1, "\n\n"), "Block"),
        (Edit(1, 7, 1, 12, ""), None),
        (Edit(1, 1, 4, 1, ""), None),
    ],
)
def test_a_renamed_class_is_known_by_where_it_stands(edit: Edit, name: str | None) -> None:
    (state,) = world(CLASS, 1).states.values()
    after = document(PATH, CLASS).changed(2, [edit])
    names = [one.qualname for one in after.definitions]
    assert successor(state, after, names) == name
    if name is not None:
        moved = renamed(state, name)
        assert moved.key.qualname == name and moved.map is not None and moved.map.target.qualname == name
        assert moved.stale and moved.changed == "code"
