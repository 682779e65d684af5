"""The first line of hovers in code that ran: without a graph, after edits, for what did not run, in other files."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features.hover.hover import hover
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.values import (
    FileValues,
    FoldedLayers,
    FunctionRun,
    ModuleCall,
    Recorded,
    Seen,
    Skipped,
    TensorValue,
    Values,
)
from unit.features.world import DECODER, PARTS, document, find, state_of, world


def attempted(name: str, **changes: object) -> TargetState:
    """A target whose graph is not known yet, only what its call computed."""
    state = state_of(name)
    attempt = replace(state.map, graphs=(), status="partial")
    waiting = replace(state, status="tracing", map=None, attempt=attempt, attempt_versions=state.versions)
    return replace(waiting, **changes)


def snapshot_of(state: TargetState, *changed: Document) -> Snapshot:
    documents = {**world().documents, **{each.path: each for each in changed}}
    return Snapshot(MappingProxyType(documents), MappingProxyType({state.key: state}))


def shown(snapshot: Snapshot, marked: str, path: str = str(DECODER)) -> str:
    found = hover(snapshot, snapshot.documents[path], *find(snapshot.documents[path], marked))
    return markdown(found.blocks) if found is not None else ""


def first(snapshot: Snapshot, marked: str, path: str = str(DECODER)) -> str:
    return shown(snapshot, marked, path).partition("\n")[0]


def test_shapes_are_shown_before_there_is_a_graph() -> None:
    snapshot = snapshot_of(attempted("decoder"))
    assert first(snapshot, "x$0 = self.embed(ids)") == "`x`: `f32[2, 16, 64]` (batch, length, width)"
    assert first(snapshot, "self, i$0ds, labels").startswith("`ids`: `i64[2, 16]` (batch, length)")
    assert first(snapshot, "self.em$0bed(ids)").startswith("`self.embed(ids)`: `i64[2, 16]` → `f32[2, 16, 64]`")


def test_the_instances_and_the_model_of_a_class_within_are_named() -> None:
    snapshot = snapshot_of(attempted("decoder"))
    assert (
        first(snapshot, "batch, len$0gth, width = x.sh") == "`length`: `int 16` · in `blocks.{0..5}.attn` of `Decoder`"
    )


def test_code_of_another_file_answers_too() -> None:
    snapshot = snapshot_of(attempted("zoo"))
    text = first(snapshot, "hid$0den = torch.relu", str(PARTS))
    assert text == "`hidden`: `f32[2, 3, 16]` (2, 3, 2 \\* width) · in `experts.{0..2}` of `Zoo`"


def test_a_value_is_stale_after_an_edit_elsewhere_and_gone_if_its_expression_is_edited() -> None:
    source = document(DECODER)
    line = next(n for n in range(1, source.line_count) if "x = self.embed(ids)" in source.line(n))
    edited = source.changed(2, [Edit(line, 1, line, 1, "        print(1)\n")])
    stale = attempted("decoder", attempt_stale=True)
    text = shown(snapshot_of(stale, edited), "x$0 = self.embed(ids)")
    assert text.startswith("`x`: `f32[2, 16, 64]`")
    assert text.endswith("*Stale: the code has changed since this was traced.*")
    column = source.line(line).index("embed") + 1
    changed = source.changed(2, [Edit(line, column, line, column + 5, "other")])
    assert "`f32[2, 16, 64]`" not in shown(snapshot_of(stale, changed), "self.ot$0her(ids)")


def test_a_stale_map_below_a_fresh_first_line_says_so() -> None:
    state = replace(state_of("decoder"), stale=True)
    fresh = replace(state, attempt=replace(state.map, graphs=()), attempt_versions=state.versions)
    text = shown(snapshot_of(fresh), "    x = self.embed(ids)$0")
    assert text.startswith("`x`: `f32[2, 16, 64]`")
    assert text.endswith("*Stale but for the first line: the code has changed since this was traced.*")


def test_a_line_that_did_not_run_says_so() -> None:
    state = attempted("decoder")
    assert state.attempt is not None and state.attempt.values is not None
    values = state.attempt.values
    (file,) = (file for file in values.files if file.path == str(DECODER))
    source = document(DECODER)
    line = next(n for n in range(1, source.line_count) if "x = self.embed(ids)" in source.line(n))
    fewer = replace(
        file,
        recorded=tuple(each for each in file.recorded if each.line != line),
        skipped=(Skipped(line, line),),
    )
    changed = replace(state.attempt, values=replace(values, files=(fewer,)))
    snapshot = snapshot_of(replace(state, attempt=changed))
    for marked in ("x$0 = self.embed(ids)", "    x = self.embed(ids)$0"):
        assert first(snapshot, marked) == "not run in the traced call of `Decoder`"


@pytest.mark.parametrize("marked", ["def for$0ward(self, ids", "class Dec$0oder"])
def test_a_function_and_a_class_show_what_they_got_and_gave(marked: str) -> None:
    text = first(snapshot_of(attempted("decoder")), marked)
    assert text == ("`forward(ids: i64[2, 16], labels: i64[2, 16])` → `{'logits': f32[2, 16, 1000], 'loss': f32[]}`")


def test_layers_that_were_left_out_are_said() -> None:
    state = attempted("decoder")
    assert state.attempt is not None
    folded = replace(state.attempt, folded=(FoldedLayers("blocks", 2, 6),))
    text = shown(snapshot_of(replace(state, attempt=folded)), "batch, len$0gth, width = x.sh")
    assert text.endswith("*Provisional: 2 of 6 layers traced, the others are like them. The exact map follows.*")


def test_a_statement_shows_no_value_of_another_one_on_its_line() -> None:
    text = "class Net(nn.Module):\n    def forward(self, x):\n        h = self.a(x); k = self.b(h)\n        return k\n"
    recorded = (Recorded(3, 9, 3, 10, "target", (Seen(0, (0,)),)),)  # the call fails at self.b(h)
    values = Values(
        (FileValues("/net.py", recorded, (FunctionRun("Net.forward", 2, 4, (0,)),)),),
        (TensorValue("float32", (2, 6), "cpu", True),),
        (ModuleCall(""),),
    )
    map = DescriptorMap(Target("/net.py", "Net", 1), "failed", "export", values=values)
    key, source = TargetKey("/net.py", "Net"), Document("file:///net.py", "/net.py", 1, text)
    state = TargetState(key, "failed", attempt=map, attempt_versions=MappingProxyType({"/net.py": 1}))
    snapshot = Snapshot(MappingProxyType({"/net.py": source}), MappingProxyType({key: state}))
    assert first(snapshot, "h =$0 self.a", "/net.py") == "`h`: `f32[2, 6]`"
    assert "f32[2, 6]" not in first(snapshot, "k =$0 self.b", "/net.py")
