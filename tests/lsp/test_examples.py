"""Files without a written example: the example that each class is traced with, and how the user keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsp.editor import VSCODE, Editor, editing
from lsp.projects import HEADER, eventually, write

BLOCK = """

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.spare = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return self.fc(x)
"""
NET = """

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width) for _ in range(2))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
"""
ALONE = """

class Alone(nn.Module):
    def __init__(self, width, depth=2):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x, context):
        return self.fc(x) + context.answer()
"""
LANGUAGE_MODEL = """

class GPT(nn.Module):
    def __init__(self, vocab=32, width=16):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.head = nn.Linear(width, vocab)

    def forward(self, ids, targets=None):
        logits = self.head(self.embed(ids))
        if targets is not None:
            loss = nn.functional.cross_entropy(logits.transpose(1, 2), targets)
        else:
            loss = None
        return logits, loss
"""
README = """\
```python
import torch
from model import Net

net = Net(4)
net(torch.randn(2, 4))
Net(6)(torch.randn(3, 6))
```
"""

EDITING = {**VSCODE, "workspace": {**VSCODE["workspace"], "applyEdit": True}}


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Editor]:
    """A file of two classes that nobody wrote an example for, beside a README that calls one."""
    write(tmp_path / "README.md", README)
    write(tmp_path / "pyproject.toml", '[project]\nname = "nets"\n')
    path = write(tmp_path / "model.py", HEADER, BLOCK, NET)
    with editing(path, capabilities=EDITING) as editor:
        editor.client.answers["workspace/applyEdit"] = {"applied": True}
        yield editor


def lenses(editor: Editor) -> dict[str, list[str]]:
    """The title of the lens of each class, and the lines of its tooltip."""
    found: dict[str, list[str]] = {}
    lines = editor.text.splitlines()
    for lens in editor.client.result("textDocument/codeLens", {"textDocument": {"uri": editor.uri}}):
        name = lines[lens["range"]["start"]["line"]].partition("class ")[2].partition("(")[0]
        command = editor.client.result("codeLens/resolve", lens)["command"]
        assert name not in found, "one lens for each class"
        found[name] = [command["title"], *command.get("tooltip", "").splitlines()]
    return found


def until(editor: Editor, *parts: tuple[str, str]) -> dict[str, list[str]]:
    """Wait until the lenses of classes say something."""

    def holds() -> dict[str, list[str]] | None:
        found = lenses(editor)
        said = all(any(part in title for title in found.get(name, ())) for name, part in parts)
        return found if said else None

    return eventually(holds, str(parts))


def actions(editor: Editor, marked: str) -> dict[str, Any]:
    """The code actions at a place, by title."""
    position = editor.at(marked)["position"]
    params = {"textDocument": {"uri": editor.uri}, "range": {"start": position, "end": position}}
    found = editor.client.result("textDocument/codeAction", {**params, "context": {"diagnostics": []}})
    return {action["title"]: action for action in found}


def applied(editor: Editor) -> list[dict[str, Any]]:
    """The edits that the client was asked for."""
    return [message["params"]["edit"] for message in editor.client.of("workspace/applyEdit")]


def test_opening_a_file_traces_all_of_it_and_says_with_what(model: Editor) -> None:
    found = until(model, ("Net", "call site README.md:6"), ("Block", "recorded in Net"), ("Block", "1 missing"))
    assert found["Net"][2] == "Net(width=4)(x: f32[2, 4]) · call site README.md:6 · train"
    assert found["Block"][2] == "Block(width=4)(x: f32[2, 4]) · recorded in Net: blocks.{0,1} · train"


def test_what_was_recorded_is_said_once(model: Editor) -> None:
    until(model, ("Net", "call site"), ("Block", "recorded in Net"))
    (diagnostic,) = model.until_diagnosed("parameter-without-gradient")
    assert "Net" in diagnostic["message"]
    assert "blocks.{0,1}.fc" in model.hover("self.f|c(x)")


def test_the_roots_come_first(model: Editor) -> None:
    eventually(lambda: len(model.logged(" traced; ")) == 2, "two traces")
    assert [line.split(" ")[0] for line in model.logged(" traced; ")] == ["Net", "Block"]


def test_an_example_that_was_found_is_pinned_above_its_class(model: Editor) -> None:
    until(model, ("Block", "recorded in Net"))
    (edit,) = actions(model, "class Bl|ock")["Pin this example above Block: Block(width=4)(torch.randn(2, 4))"]["edit"][
        "documentChanges"
    ][0]["edits"]
    assert edit["newText"] == "# aotlens: Block(width=4)(torch.randn(2, 4))\n"
    model.insert(edit["range"]["start"]["line"], edit["newText"])
    model.save()
    until(model, ("Block", "· pinned ·"))


def test_an_example_that_was_found_is_pinned_in_the_project(model: Editor) -> None:
    until(model, ("Net", "call site"))
    action = actions(model, "class N|et")["Pin the example of Net in pyproject.toml"]
    model.client.result("workspace/executeCommand", action["command"])
    assert model.popped_up() == []
    (edit,) = applied(model)
    ((uri, (change,)),) = edit["changes"].items()
    assert uri == (model.path.parent / "pyproject.toml").as_uri()
    assert change["newText"] == '\n[tool.aotlens.examples]\n"model.py::Net" = "Net(width=4)(torch.randn(2, 4))"\n'
    project = model.path.parent / "pyproject.toml"
    project.write_text(project.read_text() + change["newText"])
    model.changed_on_disk(project)
    until(model, ("Net", "· pinned ·"))


def test_the_next_example_is_tried(model: Editor) -> None:
    until(model, ("Net", "call site README.md:6"), ("Net", "saves "))
    model.until_traced()
    title = "Try the next example of Net"
    action = eventually(lambda: actions(model, "class N|et").get(title), title)
    model.client.result("workspace/executeCommand", action["command"])
    until(model, ("Net", "Net(width=6)(x: f32[3, 6]) · call site README.md:7"))
    model.until_traced()
    model.command("nextExample", "Net")
    until(model, ("Net", "inferred"))
    model.until_traced()
    model.command("nextExample", "Net")
    until(model, ("Net", "call site README.md:6"))


def test_a_line_that_did_not_run_is_traced_with_the_argument_that_lets_it_run(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, LANGUAGE_MODEL)
    with editing(path) as editor:
        until(editor, ("GPT", "saves "))
        editor.until_traced()
        assert "inferred, with targets for a loss" in editor.hover("class G|PT")
        assert editor.hover("lo|ss = None") == "not run: `targets` is not None in this call"
        action = actions(editor, "lo|ss = None")["Trace GPT without targets"]
        editor.client.result("workspace/executeCommand", action["command"])
        not_run = "not run: `targets` is None in this call"
        eventually(lambda: editor.hover("lo|ss = nn.functional") == not_run, "a call without targets")
        editor.until_traced()
        assert "inferred, without targets as you chose" in editor.hover("class G|PT")
        assert "Trace GPT with targets" in actions(editor, "lo|ss = nn.functional")


def test_a_recorded_example_is_edited_as_a_comment_and_a_call_site_where_it_is(model: Editor) -> None:
    until(model, ("Net", "call site README.md:6"), ("Block", "recorded in Net"))
    model.command("editExample", "Net")
    (shown,) = [message["params"] for message in model.client.of("window/showDocument")]
    assert (shown["uri"].rpartition("/")[2], shown["selection"]["start"]["line"]) == ("README.md", 5)
    model.command("editExample", "Block")
    (edit,) = applied(model)
    assert "# aotlens: Block(width=4)" in str(edit)


def test_where_there_is_no_example_it_says_so_and_has_one_to_fill_in(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, ALONE)
    with editing(path) as editor:
        until(editor, ("Alone", "no example"))
        (diagnostic,) = editor.until_diagnosed("example-failed")
        assert diagnostic["severity"] == 4
        title = "Pin an example for Alone, to be completed"
        assert "# aotlens: Alone(" in str(actions(editor, "class Al|one")[title]["edit"])


def test_an_error_of_the_users_own_is_told_where_it_is(tmp_path: Path) -> None:
    main = '\n\nif __name__ == "__main__":\n    Alone(4)(torch.ones(4), None)\n'
    path = write(tmp_path / "model.py", HEADER, ALONE, main)
    with editing(path) as editor:
        until(editor, ("Alone", "failed: `context.answer`: context is None"))
        (diagnostic,) = editor.until_diagnosed("trace-failed")
        assert "'NoneType' object has no attribute 'answer'" in diagnostic["message"]
        assert editor.text.splitlines()[diagnostic["range"]["start"]["line"]].endswith("context.answer()")


def test_without_trust_nothing_is_run(tmp_path: Path) -> None:
    write(tmp_path / "README.md", README)
    path = write(tmp_path / "model.py", HEADER, BLOCK, NET)
    with editing(path, trusted=False) as editor:
        found = until(editor, ("Net", "not trusted"), ("Block", "not trusted"))
        editor.command("nextExample", "Net")
        assert any("not trusted" in message for message in editor.popped_up())
        assert lenses(editor) == found
        assert editor.statuses() == []


def test_a_client_that_makes_no_edits_is_told_what_to_write(tmp_path: Path) -> None:
    write(tmp_path / "README.md", README)
    path = write(tmp_path / "model.py", HEADER, BLOCK, NET)
    with editing(path) as editor:
        until(editor, ("Net", "call site"))
        editor.command("pinExample", "Net")
        (message,) = editor.popped_up()
        assert message.endswith("# aotlens: Net(width=4)(torch.randn(2, 4))")
