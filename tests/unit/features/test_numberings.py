"""Names of graph nodes in texts: each is explained in the numbering of torch.export and of torch.compile."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from aotlens.explain.render.markdown import markdown as in_markdown
from aotlens.features.definition import definition
from aotlens.features.hover.hover import hover
from aotlens.features.numbered_names import to_trace_too
from aotlens.features.references import references
from aotlens.model.index import index_of
from aotlens.model.snapshot import OtherMap, Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.failures import stated
from unit.features.world import HERE, document, find, load_map

LLAMA = HERE / "project/compiled/llama.py"
VERSIONS = MappingProxyType({str(LLAMA): 1})
LOG = "W1127 12:00:00.000000 11 torch/_inductor/graph.py:12] [{id}] {text}\n"


def traced(name: str, *, both: bool = True) -> TargetState:
    """A target that shows the export graph; with `both`, it has a map of torch.compile's graphs too."""
    map = load_map(name)
    state = TargetState(TargetKey(map.target.path, map.target.qualname), "traced", map, VERSIONS)
    return replace(state, other=OtherMap(load_map(f"{name}_compile"), VERSIONS)) if both else state


def world(*states: TargetState, **more: bool) -> Snapshot:
    source = document(LLAMA)
    by_key = MappingProxyType({state.key: state for state in states})
    return Snapshot(MappingProxyType({source.path: source}), by_key, **more)


def text(content: str, name: str = "notes.md") -> Document:
    return Document(f"file:///{name}", f"/{name}", 1, content)


def said(snapshot: Snapshot, source: Document, marked: str) -> str:
    found = hover(snapshot, source, *find(source, marked))
    assert found is not None
    return in_markdown(found.blocks)


def test_no_input_of_a_small_llama_has_the_same_number_in_both_conventions() -> None:
    numbers = [
        {entry.slot.label: entry.slot.node for entry in index_of(load_map(name)).entries}
        for name in ("llama", "llama_compile")
    ]
    same = {label for label, node in numbers[0].items() if numbers[1].get(label) == node}
    assert len(numbers[0]) == 12
    assert same == {"tangent(output)"}


def test_in_a_comment_with_a_line_of_torch_compile_the_argument_is_called_the_argument() -> None:
    shown = said(world(traced("llama")), document(LLAMA), "[0/0] prim$0als_3 is on")
    assert shown.startswith(
        "**`primals_3`** · torch.compile's numbering, graph 0/0\n\n**argument** `scale` of `Llama` · `f32[]`"
    )
    assert "qkv" not in shown


def test_a_name_in_any_text_is_explained_in_both_numberings() -> None:
    for source, marked in ((text("primals_3 is wrong\n"), "prim$0als_3"), (document(LLAMA), "read prim$0als_2")):
        shown = said(world(traced("llama")), source, marked)
        first, second = shown.index("torch.export's numbering"), shown.index("torch.compile's numbering, graph 0/0")
        assert first < second
    shown = said(world(traced("llama")), text("primals_3 is wrong\n"), "prim$0als_3")
    assert "**parameter** `layers.0.qkv.weight`" in shown
    assert "**argument** `scale`" in shown


def test_a_name_that_means_the_same_is_explained_once() -> None:
    shown = said(world(traced("llama")), text("tangents_1\n"), "tang$0ents_1")
    assert shown.startswith("**`tangents_1`** · in both numberings, torch.export's and torch.compile's\n")
    assert shown.count("**tangent**") == 1
    shown = said(world(traced("llama")), text("primals_1 getitem_1\n"), "get$0item_1")
    assert shown.startswith("**`getitem_1`** · in both numberings")
    assert "computed at `llama.py:17`" in shown


def test_each_graph_of_torch_compile_has_its_own_meaning() -> None:
    shown = said(world(traced("paused")), text("primals_3\n"), "prim$0als_3")
    assert "**parameter** `down.weight` of `Paused`" in shown
    rows = [line for line in shown.splitlines() if line.startswith("| graph ")]
    assert rows[1:] == [
        "| graph 0/0\\_1: Paused.forward, line 47 | argument | `x` | `f32[4, 8]` |",
        "| graph 1/0: Paused.forward after the break in line 48, line 49 | local | `h` | `f32[4, 16]` |",
    ]


@pytest.mark.parametrize(("compile_id", "role"), [("0/0", "**argument** `x`"), ("1/0", "**local** `h`")])
def test_a_compile_id_says_which_graph_is_meant(compile_id: str, role: str) -> None:
    log = LOG.format(id="2/0", text="compiling") + "\n" + LOG.format(id=compile_id, text="primals_3 is wrong")
    shown = said(world(traced("paused")), text(log), "prim$0als_3")
    assert shown.startswith(f"**`primals_3`** · torch.compile's numbering, graph {compile_id}")
    assert role in shown
    assert "export" not in shown


def test_a_compile_id_counts_up_to_an_empty_line() -> None:
    log = LOG.format(id="0/0", text="compiling") + "ValueError: primals_3\n\nLater: primals_2\n"
    assert "export" not in said(world(traced("llama")), text(log), "prim$0als_3")
    assert "export" in said(world(traced("llama")), text(log), "prim$0als_2")


GRAPH = """\
The graph that it printed:

class joint_helper(torch.nn.Module):
    def forward(
        self,
        primals_1: "f32[{first}]",  # {descriptor}
        primals_2: "f32[16]",
        primals_3: "f32[{third}]",
        primals_4: "f32[{fourth}]",
        {rest}tangents_1: "f32[{tangent}]",
    ):
        t: "f32[8, 16]" = torch.ops.aten.t.default(primals_1);  primals_1 = None
        return (t,)
"""


def test_a_printed_graph_is_recognized_by_its_inputs() -> None:
    sizes = {"first": "16, 8", "third": "8, 16", "fourth": "8", "tangent": "4, 8"}
    export = GRAPH.format(
        descriptor="ParamAOTInput(target='up.weight')", rest='primals_5: "f32[4, 8]",\n        ', **sizes
    )
    shown = said(world(traced("paused")), text(export), "        prim$0als_3: ")
    assert shown.startswith("**`primals_3`** · torch.export's numbering\n")
    assert "torch.compile" not in shown


def test_a_printed_graph_of_another_model_is_not_explained_with_this_one() -> None:
    sizes = {"first": "16, 9", "third": "8, 16, 2", "fourth": "8", "tangent": "4, 8"}
    other = GRAPH.format(descriptor="PlainAOTInput(idx=0)", rest="", **sizes)
    shown = said(world(traced("paused")), text(other), "        prim$0als_3: ")
    assert shown == "*The graph in this text is none of those of `Paused`, as it was traced.*"
    assert definition(world(traced("paused")), text(other), *find(text(other), "        prim$0als_3: ")) == ()


def test_a_missing_map_is_said_and_asked_for() -> None:
    state = traced("llama", both=False)
    source = text("primals_3\n")
    found = hover(world(state), source, 1, 3)
    assert found is not None
    assert in_markdown(found.blocks).endswith(
        "*torch.compile's numbering of `Llama`: not known yet, its trace is under way.*"
    )
    assert (found.wants, found.untraced) == (state.key, ((state.key, "compile"),))
    assert "not known, because it was not traced." in said(world(state, manual=True), source, "prim$0als_3")
    failed = replace(state, other=OtherMap(failure=stated("capture", "error", "no such operation", "/m.py")))
    assert "because its trace failed: no such operation" in said(world(failed), source, "prim$0als_3")
    # The text is about torch.compile: what export calls primals_3 is no answer.
    log = text(LOG.format(id="0/0", text="primals_3 is wrong"))
    assert said(world(state), log, "prim$0als_3") == (
        "*torch.compile's numbering of `Llama`: not known yet, its trace is under way.*"
    )


def test_a_stale_map_of_the_other_convention_is_asked_for_again() -> None:
    state = traced("llama")
    state = replace(state, other=state.other.outdated("settings"))
    source = text("primals_3\n")
    found = hover(world(state), source, 1, 3)
    assert found is not None
    shown = in_markdown(found.blocks)
    assert (found.wants, found.untraced) == (state.key, ())
    assert shown.count("*Stale: the settings have changed since this was traced.*") == 1
    assert shown.index("torch.compile's numbering") < shown.index("*Stale")


def test_several_models_have_a_row_for_each_numbering() -> None:
    shown = said(world(traced("llama"), traced("paused", both=False)), text("primals_2\n"), "prim$0als_2")
    assert "| `Llama` | torch.export's numbering | parameter | `layers.0.norm` | `f32[16]` |" in shown
    assert "| `Llama` | torch.compile's numbering, graph 0/0 | parameter | `embed.weight` | `f32[32, 16]` |" in shown
    assert shown.endswith("*torch.compile's numbering is not known of `Paused`.*")


def test_descriptors_follow_the_same_rule() -> None:
    snapshot = world(traced("llama"))
    shown = said(snapshot, text("PlainAOTInput(idx=1)\n"), "Plain$0AOTInput(idx=1)")
    assert "input `primals_11` of `Llama` · `scale` · `f32[]` · torch.export's numbering" in shown
    assert "`embed.weight` · `f32[32, 16]` · made at `llama.py:25` · torch.compile's numbering" in shown
    shown = said(snapshot, text("ParamAOTInput(target='embed.weight')\n"), "Param$0AOTInput(")
    assert "torch.compile" not in shown
    shown = said(snapshot, text(LOG.format(id="0/0", text="PlainAOTInput(idx=1)")), "Plain$0AOTInput(idx=1)")
    assert "torch.export" not in shown


def test_definition_and_references_lead_to_both_or_to_the_one_that_is_meant() -> None:
    snapshot = world(traced("llama"))
    source = text("primals_4\n\n" + LOG.format(id="0/0", text="see primals_4"))
    # layers.0.out.weight is export's fourth input, and the buffer cos that of torch.compile.
    assert {link.target.line for link in definition(snapshot, source, 1, 3)} == {13, 28}
    line, column = find(source, "see prim$0als_4")
    assert {link.target.line for link in definition(snapshot, source, line, column)} == {28}
    reads = {span.line for span in references(snapshot, text("primals_4\n"), 1, 3, include_declaration=False)}
    assert reads == {18}


def test_a_target_whose_shown_map_is_still_traced_answers_with_the_other_one() -> None:
    state = traced("llama").swapped()
    waiting = replace(state, map=None, status="tracing")
    shown = said(world(waiting), text("primals_3\n"), "prim$0als_3")
    assert "**parameter** `layers.0.qkv.weight`" in shown
    assert "torch.compile's numbering of `Llama`: not known yet" in shown


def test_the_hover_of_a_parameter_or_argument_names_it_in_both_numberings() -> None:
    for state, first, second in ((traced("llama"), 11, 3), (traced("llama").swapped(), 3, 11)):
        shown = said(world(state), document(LLAMA), "def forward(self, ids, sc$0ale)")
        other = "export" if state.convention == "compile" else "compile"
        assert f"input `primals_{first}` · in torch.{other}'s numbering input `primals_{second}` ·" in shown
    shown = said(world(traced("llama")), document(LLAMA), "self.no$0rm = nn.Parameter")
    assert "inputs `primals_2, primals_5` · in torch.compile's numbering inputs `primals_5, primals_8` ·" in shown
    assert "numbering" not in said(world(traced("llama", both=False)), document(LLAMA), "ids, sc$0ale)")


def test_an_input_of_a_graph_without_a_backward_part_is_counted_from_zero() -> None:
    shown = said(world(traced("llama")), text("arg2_1\n"), "arg$02_1")
    assert "**parameter** `layers.0.qkv.weight`" in shown
    assert "**argument** `scale`" in shown
    assert shown.endswith("the traced graph calls the input `primals_3`.*")
    assert hover(world(traced("llama")), text("arg99_1 arg11_1\n"), 1, 3) is None
    assert hover(world(traced("llama")), text("arg99_1 arg11_1\n"), 1, 11) is None  # the tangent is no argument


def test_a_docstring_and_a_string_are_texts_of_their_own() -> None:
    log = LOG.format(id="0/0", text="see primals_3").rstrip()
    code = f'''def f():
    """It failed:

    {log}
    """
    return "primals_3 in a string"
'''
    source = text(code, "notes.py")
    assert "export" not in said(world(traced("llama")), source, "see prim$0als_3")
    assert "export" in said(world(traced("llama")), source, 'return "prim$0als_3')


def test_names_in_an_open_document_have_their_model_traced_in_both_conventions() -> None:
    llama, paused = traced("llama", both=False), traced("paused", both=False)
    assert to_trace_too(world(llama), text("primals_3\n")) == [llama.key]
    assert to_trace_too(world(llama, paused), text("primals_3\n")) == []  # it is not known which one is meant
    waiting = TargetState(paused.key, "waiting")
    assert to_trace_too(world(llama, waiting), text("primals_3\n")) == []  # it may not be the only one
    assert to_trace_too(world(llama, waiting), document(LLAMA)) == [llama.key]
    assert to_trace_too(world(traced("llama")), text("primals_3\n")) == []
    assert to_trace_too(world(llama), text("nothing of a graph\n")) == []
    assert to_trace_too(world(llama, paused), document(LLAMA)) == [llama.key]
