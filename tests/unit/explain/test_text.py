"""The tables in a terminal: readable at every width, nothing lost, nothing cut."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from aotlens.explain.render.markdown_report import render_markdown
from aotlens.explain.render.overview import render_overview
from aotlens.explain.render.terminal_report import render_text
from aotlens.explain.report import findings
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding, Graph, GraphBreak
from aotlens_tracer.wire.findings import NeverUsed, Subject
from unit.explain import maps

MAPS = {build.__name__: build for build in (maps.deep, maps.aliases, maps.subclasses, maps.failed, maps.untraced)}


def label(path: str) -> str:
    return path.removeprefix("/home/ada/project/")


def render(described: DescriptorMap, width: int = 140, full: bool = False, **console: object) -> str:
    file = io.StringIO()
    render_text(described, Console(file=file, width=width, **console), full=full, path_label=label)  # type: ignore[arg-type]
    return file.getvalue()


def section(text: str, title: str) -> str:
    """One table of the output, from its title to the next empty line."""
    return next(block for block in text.split("\n\n") if block.startswith(title))


def test_a_small_table_to_the_letter() -> None:
    assert section(render(maps.subclasses(), 100), "Inputs") == (
        "Inputs  10: 8 parameter pieces, 1 tangent, 1 argument size\n"
        "node               role             name                             type        gradient\n"
        "─────────────────────────────────────────────────────────────────────────────────────────\n"
        "primals_{1,3,5,7}  parameter piece  net.{0..3}.weight._local_tensor  f32[2, 8]   #1..4\n"
        "                   of f32[8, 8], Replicate() on dp, Shard(0) on tp, 64 B of 256 B per rank\n"
        "primals_{2,4,6,8}  parameter piece  net.{0..3}.weight.device_mesh    DeviceMesh  —\n"
        "tangents_1         tangent          tangent(output)                  f32[2, 8]   —\n"
        "primals_10         argument size    x.size(1)                        —           —"
    )


@pytest.mark.parametrize("width", [40, 80, 100, 140])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", sorted(MAPS))
def test_no_line_is_wider_than_the_console(name: str, width: int, full: bool) -> None:
    text = render(MAPS[name](), width, full)
    lines = text.splitlines()
    # A target's path is never wrapped into a table, but it may be long.
    assert max(cell_len(line) for line in lines) <= width
    assert not any(line != line.rstrip() for line in lines)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_names_are_never_cut(width: int) -> None:
    """Put together again, the wrapped lines of the name column are the names."""
    text = section(render(maps.deep(), width), "Inputs")
    lines = text.splitlines()
    header = next(number for number, line in enumerate(lines) if line.startswith("node "))
    start, end = lines[header].index("name"), lines[header].index("type")
    pieces = [line[start:end].strip() for line in lines[header + 2 :]]
    assert "layers.{0..31}.attn.norm.weightlayers.{0..31}.attn.qkv.weight" in "".join(pieces)
    assert "layers.{0..4,6..31}.mlp.fc2.weightlayers.5.mlp.fc2.weight" in "".join(pieces)


def test_what_is_left_out_is_said() -> None:
    assert "Left out" not in render(maps.deep(), 140)
    narrow = render(maps.deep(), 80)
    assert "model.py:31" not in section(narrow, "Inputs")
    assert "made at (inputs)" in narrow[narrow.index("Left out at 80 columns") :]


def test_a_deep_model_folds_and_unfolds() -> None:
    folded, full = render(maps.deep()), render(maps.deep(), full=True)
    assert len(folded.splitlines()) < 50 < 193 + 193 < len(full.splitlines())
    assert "layers.{0..31}.attn.qkv.weight" in folded and "layers.17.attn.qkv.weight" not in folded
    for layer in range(32):
        assert f" layers.{layer}.attn.qkv.weight " in full
        assert f"grad(layers.{layer}.attn.qkv.weight)" in full
    # The layer that differs keeps a row of its own.
    assert "layers.{0..4,6..31}.mlp.fc2.weight" in folded
    assert re.search(r"primals_37 +parameter +layers\.5\.mlp\.fc2\.weight .* none\n", folded)


def test_two_thousand_rows_fold_to_a_page() -> None:
    assert len(render(maps.deep(334), 100).splitlines()) < 70


def test_saved_values_are_summed_without_aliases_and_sorted() -> None:
    table = section(render(maps.deep()), "Saved for backward")
    assert table.startswith("Saved for backward  65 values, 160.0 MiB\n")
    rows = table.splitlines()[3:]
    assert re.match(r" *128\.0 MiB +×32 +F\.gelu", rows[0]) and re.match(r" *32\.0 MiB +×32", rows[1])
    assert "32 more saved values are aliases" in table and "primals" not in table
    assert "alias of primals_8" in section(render(maps.deep(), full=True), "Saved for backward")


def test_empty_gradient_slots_are_counted_not_listed() -> None:
    table = section(render(maps.deep()), "Outputs")
    assert "There are 3 more slots, empty: their inputs need no gradient." in table
    assert section(render(maps.deep(), full=True), "Outputs").count("no gradient") == 3


def test_unpartitioned_and_forward_only_graphs_say_so() -> None:
    described = maps.deep(1)
    graph = replace(described.graphs[0], saved=None, joint=False)
    text = render(replace(described, graphs=(graph,)))
    assert "Saved for backward" not in text
    assert "forward only" in text.splitlines()[1] and "no tangents and no gradients" in text


def test_pairings_aliases_and_vanished_arguments() -> None:
    text = render(maps.aliases(), 140)
    inputs, outputs = section(text, "Inputs"), section(text, "Outputs")
    assert "changed in place, new value is output 1; in place of a, b" in inputs
    assert "tied to embed.weight; not used" in inputs and "frozen" in inputs
    assert re.search(r"^1 +as_strided_scatter +mutated input .* primals_1$", outputs, re.M)
    assert "base of output 2" in outputs
    why = section(text, "Why the graph's signature differs from the call's")
    assert re.search(r"^−1 input +`a` and `b` share memory that is written to", why, re.M)
    assert re.search(r"^−1 input +`c` is the same tensor as `x|y`", why, re.M)
    assert re.search(r"^\+1 output +`base\(a\)` is changed in place", why, re.M)
    assert "Why" not in render(maps.deep())


def test_the_legend_explains_the_unusual_once_and_nothing_else() -> None:
    legend = section(render(maps.aliases(), 140), "Legend")
    titles = [line.split("  ")[1] for line in legend.splitlines()[1:] if re.match(r"  \S", line)]
    assert titles == ["effect token", "view base", "mutated input", "intermediate base", "saved unchecked"]
    assert "Legend" not in render(maps.deep())


def test_a_failure_shows_where_why_and_what_to_do() -> None:
    text = render(maps.failed(), 100)
    assert text.splitlines()[0] == "model.py::Block  model.py:12  failed"
    assert "error[forward]: RuntimeError: a and b must have same reduction dim, but got [32, 32] X [64, 256].\n" in text
    assert "  See [docs] for more.\n  --> model.py:22:16\n" in text
    assert "    model.py:30 in Model.forward\n        return self.block(x)\n    model.py:22 in Block.forward\n" in text
    assert text.rstrip().endswith("hint: the example's x is f32[2, 16, 32]; self.fc1 expects 64 features")
    assert "Traceback" not in text
    assert "error[target, timeout]: no answer" in render(maps.untraced())


def test_findings_and_graph_breaks_keep_their_brackets() -> None:
    """Text that looks like markup of the console library is text."""
    text = render(maps.aliases())
    assert "model.py:15  Unsupported: call to `print`\n    hint: Move it out of [forward]." in text
    assert (
        "warning[parameter-without-gradient]  layers.5.mlp.fc2.weight gets no gradient: cut off by `x.detach()`"
        in render(maps.deep())
    )


def test_findings_about_each_layer_are_one() -> None:
    each = tuple(
        Finding(
            "parameter-without-gradient", maps.MODEL, 9, 23, (Subject("parameter", f"layers.{i}.{name}"),), NeverUsed()
        )
        for i in range(4)
        for name in ("w", "b")
    )
    described = replace(maps.subclasses(), findings=each)
    table = section(render(described), "Findings  1")
    assert [line.rpartition("]  ")[2] for line in table.splitlines()[1:]] == [
        "layers.{0..3}.{w,b} get no gradient: forward never uses them (×8)"
    ]
    assert len(section(render(described, full=True), "Findings  8").splitlines()) == 9


def unused(name: str) -> Finding:
    return Finding("parameter-without-gradient", maps.MODEL, 9, 23, (Subject("parameter", name),), NeverUsed())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["e", "f"], "e, f get no gradient: forward never uses them"),
        (["q.weight", "q.bias"], "q.{weight,bias} get no gradient: forward never uses them"),
        (["l.0.w", "l.1.w", "l.2.w"], "l.{0..2}.w get no gradient: forward never uses them (×3)"),
    ],
)
def test_a_number_does_not_repeat_a_list_of_names(names: list[str], expected: str) -> None:
    assert [text for _, text in findings(replace(maps.subclasses(), findings=tuple(map(unused, names))))] == [expected]


def test_a_tied_parameter_is_one() -> None:
    names = ("l.0.w", "l.1.w", "l.2.w", "l.3.w")
    described = replace(maps.subclasses(), findings=tuple(map(unused, names)))
    graph = described.graphs[0]
    tied = [
        replace(graph.inputs[0], label=name, tied_to=(other,))
        for name, other in (("l.0.w", "l.1.w"), ("l.1.w", "l.0.w"))
    ]
    ((_, text),) = findings(replace(described, graphs=(replace(graph, inputs=tuple(tied)),)))
    assert text.endswith("(×3)")


def test_a_refusal_of_aotautograd_is_no_graph_break() -> None:
    described = maps.aliases()
    graph_break, *_ = described.graph_breaks
    both = replace(described, graph_breaks=(graph_break, GraphBreak("no views", by="aotautograd")))
    text = render(both)
    assert section(text, "Graph breaks  1").splitlines()[1].endswith("Unsupported: call to `print`")
    assert section(text, "Refused by AOTAutograd  1").splitlines()[1:] == [
        "  AOTAutograd refuses the graph that Dynamo made (no views)"
    ]
    assert "## Refused by AOTAutograd\n\n- AOTAutograd refuses" in render_markdown(both)
    assert "Graph breaks" not in render(replace(both, graph_breaks=both.graph_breaks[1:]))


def test_missing_gradients_are_counted_apart() -> None:
    assert section(render(maps.deep()), "Outputs").startswith(
        "Outputs  194: 1 output, 192 gradients, 1 missing gradient\n"
    )


def test_several_graphs_are_numbered() -> None:
    described = maps.subclasses()
    two = render(replace(described, graphs=described.graphs * 2))
    assert "\nGraph 1\n" in two and "\nGraph 2\n" in two
    assert "Graph 1" not in render(described)


def test_a_graph_with_nothing_in_it() -> None:
    described = replace(maps.subclasses(), graphs=(Graph("direct", (), ()),))
    assert "Inputs  0" in render(described) and "Outputs  0" in render(described)


def test_no_colour_when_asked_or_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in render(maps.aliases())
    coloured = render(maps.aliases(), force_terminal=True, color_system="standard")
    assert "\x1b[36m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = render(maps.aliases(), force_terminal=True, color_system="standard")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)


def test_a_terminal_that_knows_only_ascii() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    render_text(replace(maps.deep(2), findings=()), Console(file=file, width=100), path_label=label)
    file.flush()
    assert b"layers.{0,1}.attn.qkv.weight" in file.buffer.getvalue()  # type: ignore[attr-defined]


def test_messages_of_the_user_cannot_drive_the_terminal() -> None:
    finding = Finding("missing-package", subjects=(Subject("package", "\x1b[2Jgone [bold]not bold[/bold]"),))
    text = render(replace(maps.subclasses(), findings=(finding,)), force_terminal=True, color_system="standard")
    assert "\x1b[2J" not in text and "[bold]not bold[/bold]" in text


def overview(*described: DescriptorMap) -> list[str]:
    file = io.StringIO()
    render_overview(described, Console(file=file, width=140), explain=False, path_label=label)
    return file.getvalue().splitlines()


def test_several_classes_have_the_number_of_their_findings() -> None:
    plain = maps.subclasses()
    found = tuple(
        Finding("parameter-without-gradient", "/m.py", line, 1, (Subject("parameter", f"l{line}"),), NeverUsed())
        for line in (3, 4)
    )
    change = Finding("input-mutation", "/m.py", 5, 1, (Subject("argument", "x"),))
    noted = replace(plain, target=replace(plain.target, qualname="Noted"), findings=(*found, change))
    lines = overview(replace(plain, findings=()), noted, maps.failed())
    assert lines[2].endswith("→ f32[2, 8]")
    assert lines[3].endswith("→ f32[2, 8]  2 warnings, 1 information")
    assert lines[-1].startswith("One in full, with its findings: ") and lines[-1].endswith("::Noted")


def test_several_classes_without_findings_name_the_first() -> None:
    plain = replace(maps.subclasses(), findings=())
    assert overview(plain, plain)[-1].startswith(f"One in full: aotlens trace {label(plain.target.path)}::")
