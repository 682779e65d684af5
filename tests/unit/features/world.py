"""The fixtures as a snapshot: the sources as open documents, and the maps that were made of them.

The maps are those of the real tracer, kept as JSON: `make_maps.py` makes them anew.
"""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from aotlens.model.snapshot import OtherMap, Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.json_codec import from_json
from aotlens_tracer.wire.protocol import ExampleSource

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
DECODER = ROOT / "docs/examples/decoder.py"
PASSES = ROOT / "docs/examples/passes.py"
MODEL = HERE / "project/zoo/model.py"
PARTS = HERE / "project/zoo/parts.py"
USE = HERE / "project/zoo/use.py"
NOTES = HERE / "project/notes.txt"
NET = HERE / "project/compiled/net.py"
SCALED = HERE / "project/subclasses/scaled.py"
REPLACED = HERE / "project/subclasses/replaced.py"
SIZED = HERE / "project/dynamic/sized.py"
SHARDED = HERE / "project/subclasses/sharded.py"
TWO_TENSOR = Path("/lib/torch/testing/_internal/two_tensor.py")
TRAIN = HERE / "project/script/train.py"
SCRIPT_NET = HERE / "project/script/net.py"
FAILING = HERE / "project/failing/gated.py"
_TRACED = (DECODER, MODEL, PARTS, NET, SCALED, SHARDED, SIZED, REPLACED, TRAIN, SCRIPT_NET)


@functools.cache
def load_map(name: str) -> DescriptorMap:
    """A kept map, with the folders of this machine in it."""
    text = (HERE / "maps" / f"{name}.json").read_text(encoding="utf-8")
    text = text.replace("$ROOT", json.dumps(str(ROOT))[1:-1]).replace("$TORCH", "/lib/torch")
    return from_json(DescriptorMap, json.loads(text))


def document(path: Path, text: str | None = None) -> Document:
    """A file as an open document at version 1."""
    return Document(path.as_uri(), str(path), 1, path.read_text(encoding="utf-8") if text is None else text)


def state_of(name: str) -> TargetState:
    """A traced state with a kept map, traced from version 1 of all documents."""
    map = load_map(name)
    versions = {
        str(path): 1 for path in (DECODER, MODEL, PARTS, NET, SCALED, SHARDED, SIZED, REPLACED, TRAIN, SCRIPT_NET)
    }
    state = TargetState(TargetKey(map.target.path, map.target.qualname), "traced", map, MappingProxyType(versions))
    return replace(state, convention="compile") if map.convention == "compile" else state


def failing_state() -> TargetState:
    """A state whose only trace failed, from version 1 of all documents: it has no map, and what the attempt knows."""
    map = load_map("failing")
    versions = MappingProxyType({str(FAILING): 1})
    key = TargetKey(map.target.path, map.target.qualname)
    state = TargetState(key, "failed", failure=map.failure, failure_versions=versions)
    example = ExampleSource("Model()(torch.randint(100, (2, 16)))", "pinned", str(FAILING), 22, 12)
    return replace(state, attempt=map, attempt_versions=versions, examples=(example,))


def failing_world() -> Snapshot:
    """The source of the failing model as an open document, with its state."""
    state, source = failing_state(), document(FAILING)
    return Snapshot(MappingProxyType({source.path: source}), MappingProxyType({state.key: state}))


def in_both(name: str) -> TargetState:
    """The same with the map of torch.compile's graphs beside it."""
    state = state_of(name)
    return replace(state, other=OtherMap(load_map(f"{name}_compile"), state.versions))


def beside(text: str, *states: TargetState, path: Path = HERE / "project/script.py") -> tuple[Snapshot, Document]:
    """Some states with an open document of this text, and the document."""
    script = document(path, text)
    documents = {**world().documents, script.path: script}
    return Snapshot(MappingProxyType(documents), MappingProxyType({state.key: state for state in states})), script


def world(*names: str) -> Snapshot:
    """All fixtures as open documents, and the states of the maps of these names (of all where none is given)."""
    states = [state_of(name) for name in names or ("decoder", "zoo", "attend")]
    documents = {
        str(path): document(path)
        for path in (
            DECODER,
            MODEL,
            PARTS,
            USE,
            NOTES,
            PASSES,
            NET,
            SCALED,
            SHARDED,
            SIZED,
            REPLACED,
            TRAIN,
            SCRIPT_NET,
        )
    }
    return Snapshot(MappingProxyType(documents), MappingProxyType({state.key: state for state in states}))


def find(document: Document, marked: str) -> tuple[int, int]:
    """The line and column of `$0` in a piece of the document, which must be in it once."""
    before, mark, after = marked.partition("$0")
    assert mark, f"no $0 in {marked!r}"
    piece = before + after
    lines = [number for number, text in enumerate(document.lines, 1) if piece in text]
    assert len(lines) == 1, f"{piece!r} is on lines {lines} of {document.path}"
    text = document.line(lines[0])
    assert text.count(piece) == 1, f"{piece!r} is in {text!r} more than once"
    return lines[0], text.index(piece) + len(before) + 1
