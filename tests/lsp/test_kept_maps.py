"""Maps of the last session: shown when a file is opened again, until a trace has confirmed them."""

from pathlib import Path

import pytest

from lsp.editor import editing
from lsp.projects import HEADER, held, module, write

KEPT = "stale: from the last session"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AOTLENS_TEST_CACHE", str(folder))
    return folder


def entries(cache: Path) -> list[Path]:
    """The files of the kept maps."""
    return list((cache / "aotlens" / "maps").iterdir())


def test_a_map_is_shown_as_from_the_last_session_until_a_trace_confirms_it(tmp_path: Path, cache: Path) -> None:
    hold = tmp_path / "hold"
    path = write(tmp_path / "model.py", HEADER, module("Net", held(hold)))
    with editing(path) as editor:
        before = editor.until_traced()
    (entry,) = entries(cache)
    assert entry.stat().st_mode & 0o077 == 0 and entry.parent.stat().st_mode & 0o077 == 0

    write(hold)  # the trace that would confirm it cannot end
    with editing(path) as editor:
        shown = editor.until(lambda lenses: before[0] in lenses[0] or KEPT in lenses[0])
        assert "from the last session" in editor.hover("self.|fc(x)")
        hold.unlink()
        assert editor.until_traced()[0] == before[0] != shown[0]
        assert "from the last session" not in editor.hover("self.|fc(x)")


def test_a_map_is_not_shown_if_an_imported_file_has_changed(tmp_path: Path, cache: Path) -> None:
    hold, helper = tmp_path / "hold", write(tmp_path / "helper.py", "SIZE = 2\n")
    path = write(tmp_path / "model.py", HEADER, "import helper\n\n", module("Net", held(hold), size="helper.SIZE"))
    with editing(path) as editor:
        editor.until_traced()
    assert len(entries(cache)) == 1

    write(hold)
    helper.write_text("SIZE = 3\n")
    with editing(path) as editor:
        editor.until(lambda lenses: "building the example" in lenses[0])
        assert "last session" not in editor.hover("self.|fc(x)")
        assert not editor.logged("last session")
