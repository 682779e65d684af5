"""A model and texts about it: names of graph nodes are explained in the numbering that the text means, or in both."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from aotlens.features.hover.hover import Hover
from aotlens.lsp.requests.hover import command_links
from aotlens.model.snapshot import TargetKey
from aotlens_tracer.wire.places import Span
from lsp.editor import PATIENCE, VSCODE, Editor, editing

SOURCE = Path(__file__).parent.parent / "unit/features/project/compiled/llama.py"
LOGGED = "[0/0] primals|_3 is on the wrong device"
NOTES = "The scale is primals_3.\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """The small Llama alone, with a comment that holds a line of torch.compile's log."""
    path = tmp_path_factory.mktemp("work") / "llama.py"
    path.write_text(SOURCE.read_text(encoding="utf-8").partition("# aotlens: Paused")[0], encoding="utf-8")
    path.with_name("notes.md").write_text(NOTES, encoding="utf-8")
    with editing(path, capabilities=VSCODE) as editor:
        editor.until_traced()
        yield editor


def until(ask: Callable[[], str], part: str) -> str:
    end = time.monotonic() + PATIENCE
    while part not in (said := ask()):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    return said


def lens(model: Editor) -> str:
    """The lens of Llama, which comes after that of Layer."""
    return model.lenses()[1]


def switches(model: Editor) -> set[str]:
    """The code actions above Llama that show its other graphs."""
    at = model.at("class Lla|ma")["position"]
    params = {"textDocument": {"uri": model.uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
    titles = {action["title"] for action in model.client.result("textDocument/codeAction", params)}
    return {title for title in titles if title.startswith(("Show torch.compile", "Show the export"))}


def test_the_argument_is_called_the_argument_in_a_comment_with_a_line_of_the_log(model: Editor) -> None:
    """Nobody asks for the trace of torch.compile's graphs: the name in the comment does."""
    said = until(lambda: model.hover(LOGGED), "argument")
    assert said.startswith("**`primals_3`** · torch.compile's numbering, graph 0/0\n\n**argument** `scale` of `Llama`")
    assert "qkv" not in said
    assert " · 12 inputs · " in lens(model) and "torch.compile" not in lens(model)  # what is shown is the export graph
    (link,) = model.ask("definition", LOGGED)
    assert model.text.split("\n")[link["targetRange"]["start"]["line"]] == "    def forward(self, ids, scale):"


def test_a_note_that_does_not_say_which_is_answered_for_both(model: Editor) -> None:
    notes = model.another(model.path.with_name("notes.md"))
    said = until(lambda: notes.hover("primals|_3"), "torch.compile's numbering, graph 0/0")
    assert "torch.export's numbering\n\n**parameter** `layers.0.qkv.weight` of `Llama`" in said
    assert "graph 0/0\n\n**argument** `scale` of `Llama`" in said
    notes.close()


def test_the_kept_map_is_shown_at_once_and_stays_the_chosen_one(model: Editor) -> None:
    traces = len(model.logged("Llama (llama.py) traced"))
    assert switches(model) == {"Show torch.compile's graphs of Llama"}
    model.command("switchConvention", "Llama")
    assert switches(model) == {"Show the export graph of Llama"}
    assert lens(model).startswith("torch.compile: ") and " · 12 inputs · " in lens(model)
    assert "`primals_3`" in model.hover("def forward(self, ids, sc|ale)")
    model.configure(trace={"convention": "export"})
    assert lens(model).startswith("torch.compile: ") and " · 12 inputs · " in lens(model)
    model.command("switchConvention", "Llama")
    assert " · 12 inputs · " in lens(model) and "torch.compile" not in lens(model)
    assert "`primals_11`" in model.hover("def forward(self, ids, sc|ale)")
    assert len(model.logged("Llama (llama.py) traced")) == traces


def test_a_hover_offers_to_trace_what_is_not_known() -> None:
    key = TargetKey("/m.py", "Net")
    links = command_links(Hover((), Span("/m.py", 1), key, (), ((key, "compile"),)))
    assert [unquote(link) for link in re.findall(r"\((command:[^)]*)\)", links)] == [
        'command:aotlens.showMap?["/m.py::Net"]',
        'command:aotlens.traceNow?["/m.py::Net", "compile"]',
    ]
    assert "[Trace torch.compile's graphs](" in links
