"""Blocks in HTML: escaped, with the words of the blocks; and what the magics of IPython say of wrong lines."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rich.console

from aotlens.explain.blocks import Cell, Code, Column, Facts, Note, Paragraph, Table, line, strong
from aotlens.explain.render.html import html
from aotlens.ipython.kernel_code import code_of_kernel, with_values
from aotlens.ipython.shown import ShownMaps
from aotlens_tracer.wire.protocol import ExampleSource
from unit.features.world import load_map


def test_nothing_in_a_text_is_markup() -> None:
    bad = '<script>&\x1b[31m"'
    table = Table(bad, bad, (Column(bad, "node"), Column(bad, "number")), ((Cell(bad), Cell(bad, "warn")),), (bad,))
    found = html([Facts((line(bad, Code(bad), strong(bad)),)), Paragraph(line(bad)), Note(line(bad)), table])
    assert "<script" not in found and "\x1b" not in found and "&lt;script&gt;&amp;" in found
    assert found.count("&lt;script&gt;") == 12
    assert '<td class="warn number"><strong>' in found


def test_tensors_and_plain_values_of_a_kernel_become_code(tmp_path: Path) -> None:
    path, notebook = code_of_kernel(["", "x = load()\n%time y", "model = Net()"], tmp_path)
    assert notebook.text == "x = load()\npass\nmodel = Net()\n"
    kind = type("Tensor", (), {"__module__": "torch"})
    tensor = kind()
    tensor.shape, tensor.dtype, tensor.device, tensor.requires_grad = (2, 3), "torch.int64", "cpu", False
    variables = {"x": tensor, "n": 5, "long": "x" * 999, "model": object(), "unused": 1}
    example = with_values(ExampleSource("model(x, n, long)", "option"), path, variables)
    torch = "__import__('torch')"
    expected = ["n = 5", f"x = {torch}.zeros((2, 3), dtype={torch}.int64, device='cpu')"]
    assert [statement.text for statement in example.prelude] == expected


def test_maps_are_one_text_in_a_kernel_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    assert repr(ShownMaps((load_map("decoder"),))).count("primals_1 ") >= 1


@pytest.mark.parametrize(
    "line",
    ["--compile Net", "Net --compile", "  Net   --compile ", "--full Net(1, 2) --compile", "Net --compile --full"],
)
def test_flags_stand_before_or_after_what_is_traced(line: str) -> None:
    pytest.importorskip("IPython.core.error")
    from aotlens.ipython.extension import _split

    flags, subject = _split(line)
    assert "--compile" in flags and subject in ("Net", "Net(1, 2)") and ("--full" in flags) == ("--full" in line)


@pytest.mark.parametrize(
    ("text", "cell", "said"),
    [
        ("Nt", None, "the cells of this kernel define no Nt"),
        ("model(x)", None, "the cells of this kernel define no Of"),
        ("3 +", None, "3 + is not Python"),
        ("", None, "nothing is named"),
        ("--what Net", None, "there is no --what"),
        ("1 + 1", None, "1 + 1 is neither a name nor a call"),
        ("", "y = 1", "the cell defines no class"),
    ],
)
def test_a_wrong_line_says_what_it_could_be(text: str, cell: str | None, said: str) -> None:
    error = pytest.importorskip("IPython.core.error")
    from aotlens.ipython.extension import load, unload

    magics: dict[str, Any] = {}
    shell = SimpleNamespace(
        run_cell=lambda cell: SimpleNamespace(success=True),
        history_manager=SimpleNamespace(input_hist_raw=["", "class Net: ..."]),
        user_ns={"model": type("Of", (), {})()},
        register_magic_function=lambda magic, magic_kind, magic_name: magics.update({magic_name: magic}),
        magics_manager=SimpleNamespace(magics={"line": magics, "cell": dict(magics)}),
    )
    load(shell)
    with pytest.raises(error.UsageError, match="^" + said.replace("+", r"\+")):
        magics["aotlens"](text, cell)
    unload(shell)
    assert not magics
