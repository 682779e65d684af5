"""The index of a map is built where the map is read, beside the event loop, and not by the first hover."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest

from aotlens.features.hover.hover import hover
from aotlens.model.index import MapIndex, index_of
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.session.maps import MapReader
from aotlens_tracer.wire.json_codec import to_json
from unit.features import world


def built(index: MapIndex) -> set[str]:
    """What is built of an index, and of its parts: those of its attributes that have parts themselves."""

    def parts_of(value: Any) -> set[str]:
        return {name for name, each in vars(type(value)).items() if isinstance(each, cached_property)}

    found = parts_of(index) & vars(index).keys()
    for name, value in vars(index).items():
        found |= {f"{name}.{part}" for part in parts_of(value) & getattr(value, "__dict__", {}).keys()}
    return found | {key[0] for key in index._kept if isinstance(key, tuple) and key[0] in ("labels", "gradients")}


@pytest.mark.parametrize("name", ["decoder", "zoo", "net_compile"])
def test_hovers_find_the_index_built(name: str) -> None:
    fields = to_json(world.load_map(name))
    map = MapReader().map_from(fields)
    before = built(index_of(map))
    assert {"descriptors", "names.births", "lines.reads", "labels", "gradients"} <= before
    key = TargetKey(map.target.path, map.target.qualname)
    state = TargetState(key, "traced", map, world.state_of("decoder").versions)
    snapshot = Snapshot(world.world().documents, {key: state})
    document = snapshot.documents[key.path]
    answers = [hover(snapshot, document, line, 17) for line in range(1, document.line_count + 1)]
    assert any(answers)
    assert built(index_of(map)) == before
