"""The two training steps in eager, in the editor: the map is there before them, and stays whatever they do."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from lsp.editor import Editor, editing
from lsp.projects import HEADER, children, held, servers, tracers, write

CLASS = """

# aotlens: Model()(torch.ones(3, 2))
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.spare = nn.Parameter(torch.ones(2))

    def forward(self, x):
        if not torch.compiler.is_compiling():
            {}
        return self.fc(x)
"""


def until_in_eager(editor: Editor) -> None:
    """The steps have begun, and the map is shown."""
    stage = " · tracing: making two training steps in eager …"
    editor.until(lambda lenses: lenses[0].endswith(stage) and "saves " in lenses[0])


def test_the_map_and_its_findings_are_shown_while_the_steps_run(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, CLASS.format(held(hold)))
    with editing(path) as editor:
        until_in_eager(editor)
        (finding,) = editor.until_diagnosed("parameter-without-gradient")
        assert "spare gets no gradient" in finding["message"]
        assert "no gradient" in editor.hover("self.spa|re")
        hold.unlink()
        editor.until_traced()
        assert editor.until_diagnosed("parameter-without-gradient") == [finding]


def test_the_map_survives_steps_that_end_their_process(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, CLASS.format(held(hold)))
    with editing(path) as editor:
        until_in_eager(editor)
        for child in (child for server in servers() for tracer in tracers(server) for child in children(tracer)):
            os.kill(child, signal.SIGKILL)
        editor.until_traced()
        assert "*not compared with eager: the process was ended by SIGKILL" in editor.hover("class Mo|del")
        editor.until_diagnosed("parameter-without-gradient")


def test_the_steps_are_a_setting(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, CLASS.format(held(hold)))
    with editing(path, trace={"eager": False}) as editor:
        editor.until_traced()
        assert "eager 0.00 s" in editor.logged("Model (model.py) traced")[-1]
