"""Nothing jumps: one lens for each class whatever happens, and values at the ends of the lines around the cursor."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsp.editor import VSCODE, Editor, editing
from lsp.projects import HEADER, eventually, write

CODE = """

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        h = self.up(x)
        if h.ndim == 2:
            h = h * 2
        return self.down(h)


class Stack(nn.Sequential):
    pass


# aotlens: Net()(torch.randn(2, 16, 8))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = Stack(Block(8), Block(8))

    def forward(self, x):
        y = self.blocks(x)
        return self.pooled(y)

    def pooled(self, y):
        z = y.mean(1)
        return z
"""
CAPABILITIES = copy.deepcopy(VSCODE)
CAPABILITIES["workspace"]["inlayHint"] = {"refreshSupport": True}


def lens_lines(editor: Editor) -> list[str]:
    """The text of the line below each lens."""
    lenses = editor.client.result("textDocument/codeLens", {"textDocument": {"uri": editor.uri}})
    return [editor.text.splitlines()[lens["range"]["start"]["line"]] for lens in lenses]


def hints(editor: Editor) -> dict[str, str]:
    """The labels of the hints, by the code on their line."""
    lines = editor.text.splitlines()
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": len(lines), "character": 0}}
    params = {"textDocument": {"uri": editor.uri}, "range": everything}
    found = editor.client.result("textDocument/inlayHint", params) or []
    for hint in found:
        assert hint["position"]["character"] == len(lines[hint["position"]["line"]])
    return {lines[hint["position"]["line"]].strip(): hint["label"] for hint in found}


def refreshes(editor: Editor) -> int:
    """The number of times that the client was told to request the hints again."""
    return len(editor.client.of("workspace/inlayHint/refresh"))


def move(editor: Editor, marked: str) -> int:
    """Put the cursor there, wait until it has rested, and give the number of refreshes that this made."""
    before = refreshes(editor)
    editor.client.notify("aotlens/didChangeCursor", editor.at(marked))
    time.sleep(0.3)
    hints(editor)  # one round trip more
    return refreshes(editor) - before


def test_each_class_has_one_lens_from_the_first_paint_on_whatever_happens(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, CODE)
    with editing(path) as editor:
        first = lens_lines(editor)
        assert first == ["class Block(nn.Module):", "class Stack(nn.Sequential):", "class Net(nn.Module):"]
        titles: list[list[str]] = []

        def until(part: str) -> None:
            def holds() -> bool:
                assert lens_lines(editor) == first
                titles.append(editor.lenses())
                return part in titles[-1][2] and not any(word in titles[-1][2] for word in ("waiting", "tracing"))

            eventually(holds, part)

        until("saves ")
        editor.replace("return self.down(h)", "return self.down(h")
        for character in ("(", '"""', "    def ", "'"):
            editor.insert(editor.text[: editor.text.index("        return self.down")].count("\n"), character)
            assert lens_lines(editor) == first
            editor.replace(f"{character}        return self.down", "        return self.down")
        until("stale")
        editor.replace("return self.down(h", "return self.down(x)")
        editor.save()
        until("failed")
        editor.replace("return self.down(x)", "return self.down(h)")
        editor.save()
        until("saves ")
        for title in (title for each in titles for title in each):
            assert 0 < len(title) <= 160 and "\n" not in title


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """The model in an editor that notifies where the cursor is."""
    path = write(tmp_path_factory.mktemp("work") / "model.py", HEADER, CODE)
    with editing(path, capabilities=CAPABILITIES, options={"cursor": True}) as editor:
        editor.until_traced()
        before = -1
        while before != refreshes(editor):  # the last stages of the traces are on their way
            before = refreshes(editor)
            time.sleep(1)
            hints(editor)
        yield editor


def test_values_are_shown_in_the_function_around_the_cursor_alone(net: Editor) -> None:
    assert hints(net) == {}, "the cursor was nowhere yet"
    assert move(net, "h = self.u|p(x)") == 1
    assert hints(net) == {
        "def forward(self, x):": "x: f32[2, 16, 8]",
        "h = self.up(x)": "f32[2, 16, 4 * width]",
        "h = h * 2": "not run: h.ndim == 2 is False",
        "return self.down(h)": "f32[2, 16, width]",
    }
    assert move(net, "z = y.me|an(1)") == 1
    assert hints(net) == {
        "def pooled(self, y):": "y: f32[2, 16, width]",
        "z = y.mean(1)": "f32[2, width]",
        "return z": "f32[2, width]",
    }


def test_nothing_is_refreshed_while_the_same_lines_are_shown(net: Editor) -> None:
    move(net, "class Bl|ock")
    shown = hints(net)
    assert "h = self.up(x)" in shown, "in the rest of a class, the values of forward"
    assert move(net, "self.u|p = nn.Linear") == move(net, "h = self.u|p(x)") == move(net, "return self.down|(h)") == 0
    assert hints(net) == shown
    net.ask("hover", "z = y.me|an(1)")
    net.ask("documentHighlight", "z = y.me|an(1)")
    assert hints(net) == shown, "the client says where the cursor is, so the mouse does not count"


def test_which_values_are_shown_is_a_setting(net: Editor) -> None:
    move(net, "h = self.u|p(x)")
    net.configure(inlayHints={"values": "off"})
    assert hints(net) == {}
    net.configure(inlayHints={"values": "all"})
    assert {"z = y.mean(1)", "h = self.up(x)", "y = self.blocks(x)"} <= set(hints(net))
    net.configure()


def test_without_notice_of_the_cursor_the_last_request_or_edit_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, CODE)
    with editing(path, capabilities=CAPABILITIES, trace={"run": "manual"}) as editor:
        editor.command("traceNow", "Net")
        editor.until_traced()
        assert hints(editor) == {}
        before = refreshes(editor)
        editor.ask("documentHighlight", "h = self.u|p(x)")
        eventually(lambda: refreshes(editor) > before, "a refresh")
        assert "h = self.up(x)" in hints(editor)
        editor.replace("z = y.mean(1)", "z = y.mean(1) * 2")
        found: dict[str, Any] = hints(editor)
        assert found["return z"] == "f32[2, width] (stale)" and "h = self.up(x)" not in found
