"""The arguments of every command are checked, with a message that says what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.lsp.commands.handlers import HANDLERS
from lsp.editor import Editor, editing

INVALID_PARAMS = -32602
MODEL = "from torch import nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor with a file that is not traced."""
    path = tmp_path_factory.mktemp("commands") / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    with editing(path, trusted=False) as editor:
        yield editor


def refusal(editor: Editor, command: str, *arguments: Any) -> str:
    """The message of the error that a command answers, which is that of invalid params."""
    error = editor.client.error("workspace/executeCommand", {"command": command, "arguments": list(arguments)})
    assert error["code"] == INVALID_PARAMS, error
    return str(error["message"])


@pytest.mark.parametrize("command", [name for name, command in HANDLERS.items() if command.parameters])
def test_missing_arguments(editor: Editor, command: str) -> None:
    assert refusal(editor, command).startswith(f"{command} takes (")
    error = editor.client.error("workspace/executeCommand", {"command": command})
    assert error["code"] == INVALID_PARAMS and "but got 0 arguments" in error["message"]


@pytest.mark.parametrize("command", list(HANDLERS))
def test_too_many_arguments(editor: Editor, command: str) -> None:
    given = [f"{editor.path}::Net"] * (len(HANDLERS[command].parameters) + 1)
    assert f"but got {len(given)} argument" in refusal(editor, command, *given)


@pytest.mark.parametrize("command", [name for name, command in HANDLERS.items() if command.parameters])
@pytest.mark.parametrize("target", [5, None, {}, "Net", "::Net", "model.py::"])
def test_targets_that_are_none(editor: Editor, command: str, target: Any) -> None:
    more = [f"{editor.path}::Net"] * (sum(not one.optional for one in HANDLERS[command].parameters) - 1)
    message = refusal(editor, command, target, *more)
    expected = "no open text" if HANDLERS[command].parameters[0].name == "log" else "not path::Qualname"
    assert message.startswith(f"{command}: ") and message.endswith(f"{target!r} is {expected}")


def test_targets_that_do_not_exist(editor: Editor) -> None:
    message = refusal(editor, "aotlens.traceNow", f"{editor.path}::Nothing")
    assert message == (
        "aotlens.traceNow: target has to be path::Qualname of a class, function or method: "
        f"there is no Nothing in {editor.path}"
    )
    refusal(editor, "aotlens.showMap", "/not/there.py::Net")
    refusal(editor, "aotlens.showMap", f"{editor.path}::../../Net")


def test_other_arguments(editor: Editor) -> None:
    target = f"{editor.path}::Net"
    message = refusal(editor, "aotlens.showGraph", target, "sideways")
    assert message.endswith("kind has to be a kind of graph: 'sideways' is none of joint, forward, backward")
    message = refusal(editor, "aotlens.explainDdpError", target, "out of memory: 3 GiB")
    assert message.endswith("it has no error of DDP's, and is no list of numbers or of names")
    assert refusal(editor, "aotlens.explainDdpError", target, "3 4") == "Net has no map yet"
    message = refusal(editor, "aotlens.copyExpression", target, [1])
    assert message.endswith("[1] is neither a label nor a list of labels")
    message = refusal(editor, "aotlens.chooseContext", target, "elsewhere")
    assert "context has to be path::Qualname of the target whose map answers" in message
    assert refusal(editor, "aotlens.showMap", target) == "Net has no map yet"


def test_a_target_in_a_file_that_is_not_open(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "closed.py"
    path.write_text(MODEL, encoding="utf-8")
    params = {"command": "aotlens.goToTarget", "arguments": [f"{path}::Net"]}
    assert editor.client.result("workspace/executeCommand", params) is None
    assert editor.popped_up() == ["Net is not in an open document"]


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        [],
        {"command": 5},
        {"command": {}},
        {"command": "no.such"},
        {"command": "a\ud800"},
        {"command": "aotlens.showLogs", "arguments": 5},
        {"command": "aotlens.showLogs", "arguments": {}},
        {"command": "aotlens.showLogs", "arguments": "abc"},
    ],
    ids=ascii,
)
def test_params_of_no_command(editor: Editor, params: Any) -> None:
    assert editor.client.error("workspace/executeCommand", params)["code"] == INVALID_PARAMS


ODD = [
    {},
    [[]],
    [{}],
    None,
    1.5,
    True,
    "",
    "\x00::Net",
    "\ud800::Net",
    "x" * 200_000,
    "9" * 5_000,
    1 << 80,
    "/dev/zero::X",
]


@pytest.mark.parametrize("command", [name for name, command in HANDLERS.items() if command.parameters])
def test_odd_arguments_are_refused_at_once(editor: Editor, command: str) -> None:
    """In each place, beside good ones: never an internal error, and never a long search in a text."""
    parameters = HANDLERS[command].parameters
    for place in range(len(parameters)):
        for odd in ODD:
            if parameters[place].name == "arguments" and str(odd).isidentifier():
                continue  # a long name is a name
            arguments: list[Any] = [f"{editor.path}::Net"] * len(parameters)
            arguments[place] = odd
            client = editor.client
            id = client.request("workspace/executeCommand", {"command": command, "arguments": arguments})
            reply = client.reply(id, timeout=5)
            assert reply["error"]["code"] == INVALID_PARAMS, (arguments, reply)
