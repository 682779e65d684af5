"""No target waits for a trace that nobody waits for: of a file that was closed, or of a text that is no more."""

from __future__ import annotations

from pathlib import Path

from lsp.editor import editing
from lsp.projects import HEADER, held, module, write


def test_a_trace_that_nobody_waits_for_holds_nobody_up(tmp_path: Path) -> None:
    """Its code does not end while the file `hold` exists, which is never removed."""
    hold = write(tmp_path / "hold")
    spinning = write(tmp_path / "spinning.py", HEADER, module("Spinning", held(hold)))
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with editing(spinning) as editor:
        editor.until(lambda lenses: "tracing: building the example" in lenses[0])
        other = editor.another(path)
        other.until(lambda lenses: "waiting to be traced" in lenses)
        editor.close()
        other.until_traced()
        editor.open()
        editor.until(lambda lenses: "tracing: building the example" in lenses[0])
        editor.replace(held(hold), "self.width = 2")
        editor.save()
        editor.until_traced()
