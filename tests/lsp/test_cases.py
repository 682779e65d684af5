"""Every editor gets the same answers in its own form, on a small project and on installed packages."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from lsp.cases import HERE, PATIENCE, Case, Desk, at_desk, cases, check

EDITORS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in HERE.parent.glob("editors/*.json")}
PROJECT = HERE.parent.parent / "unit" / "features" / "project"
AHEAD = 3
SLOW = ["**/site-packages/**", "**/slow.py"]
WORKSPACES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "zoo": (
        {"trace": {"exclude": SLOW}, "inlayHints": {"shapes": True, "saved": True, "values": "all"}},
        [
            *("zoo/model.py", "zoo/parts.py", "zoo/use.py", "zoo/runes.py", "zoo/broken.py", "zoo/slow.py"),
            *("zoo/odd.py", "zoo/strings.py", "zoo/returns.py", "zoo/passes.py", "notes.txt", "graph.txt"),
        ],
    ),
    "installed": (
        {"trace": {"importPaths": ["stubs"]}, "inlayHints": {"shapes": True, "saved": True, "values": "off"}},
        [
            *("model.py", "$SITE/vit_pytorch/vit.py", "$SITE/vit_pytorch/simple_vit.py"),
            *("$SITE/pytorchcv/models/resnet.py", "$SITE/pytorchcv/models/common/conv.py"),
        ],
    ),
}


def _is_plain(name: str) -> tuple[bool, str]:
    """The editors that show most come first: what they see is what is written down."""
    capabilities = EDITORS[name]["capabilities"]
    formats = capabilities.get("textDocument", {}).get("hover", {}).get("contentFormat") or ["markdown"]
    window = capabilities.get("window") or {}
    shows_all = window.get("workDoneProgress") and (window.get("showDocument") or {}).get("support")
    return not (shows_all and "markdown" in formats), name


NAMES = sorted(EDITORS, key=_is_plain)
VARIANTS = [name for name in NAMES if "-" in name]
"""Other versions of an editor, and other set-ups of one."""
EVERY = [pytest.param(name, marks=[pytest.mark.proof] if name in VARIANTS[1:] else []) for name in NAMES]
pytestmark = pytest.mark.slow


class SetUp(threading.Thread):
    """One editor and its server, from their start to their end, in a thread of their own."""

    def __init__(self, workspace: str, editor: str, folder: Path) -> None:
        super().__init__(name=f"{editor} in {workspace}", daemon=True)
        self._workspace, self._editor, self._root = workspace, editor, folder / f"{workspace} {editor}"
        self._desk: Future[Desk] = Future()
        self._end: Future[None] = Future()
        self._left = threading.Event()
        self.start()

    def run(self) -> None:
        """Trace the workspace, then wait until nobody asks any more."""
        settings, sources = WORKSPACES[self._workspace]
        capabilities = EDITORS[self._editor]["capabilities"]
        try:
            if self._workspace == "zoo":
                shutil.copytree(PROJECT, self._root)
            shutil.copytree(HERE / "sources" / self._workspace, self._root, dirs_exist_ok=True)
            with at_desk(self._editor, capabilities, self._workspace, self._root, settings, sources) as desk:
                self._desk.set_result(desk)
                self._left.wait()
        except BaseException as error:
            (self._end if self._desk.done() else self._desk).set_exception(error)
        else:
            self._end.set_result(None)

    def desk(self) -> Desk:
        """The desk, when all is traced."""
        return self._desk.result(PATIENCE)

    def leave(self) -> None:
        """Tell the server to go, and see that it does."""
        self._left.set()
        if self._desk.exception(PATIENCE) is None:
            self._end.result(PATIENCE)


class Ahead:
    """Sets up the desks that are next while one is in use: importing torch and tracing take seconds."""

    def __init__(self, wanted: list[tuple[str, str]], folder: Path) -> None:
        self._wanted = wanted
        self._folder = folder
        self._set_up: dict[tuple[str, str], SetUp] = {}

    def desk(self, workspace: str, editor: str) -> Iterator[Desk]:
        """A desk, when it is set up."""
        position = self._wanted.index((workspace, editor))
        for wanted in self._wanted[position : position + AHEAD]:
            if wanted not in self._set_up:
                self._set_up[wanted] = SetUp(*wanted, self._folder)
        set_up = self._set_up[workspace, editor]
        try:
            yield set_up.desk()
        finally:
            set_up.leave()
            del self._set_up[workspace, editor]

    def close(self) -> None:
        """Leave the desks that nobody came to."""
        for set_up in self._set_up.values():
            set_up.leave()


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ahead]:
    """The desks of all tests that were chosen, in their order."""
    chosen = [
        (workspace, item.callspec.params[workspace])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
        for workspace in WORKSPACES
        if workspace in item.callspec.params
    ]
    ahead = Ahead(list(dict.fromkeys(chosen)), tmp_path_factory.mktemp("desks"))
    yield ahead
    ahead.close()


@pytest.fixture(scope="module", params=EVERY)
def zoo(request: pytest.FixtureRequest, ahead: Ahead) -> Iterator[Desk]:
    """The small project of several files."""
    yield from ahead.desk("zoo", request.param)


@pytest.fixture(scope="module", params=[name for name in NAMES if name not in VARIANTS])
def installed(request: pytest.FixtureRequest, ahead: Ahead) -> Iterator[Desk]:
    """Models of packages that nothing here was written for, whose own files are open."""
    yield from ahead.desk("installed", request.param)


@pytest.mark.parametrize("case", cases("zoo"), ids=str)
def test_zoo(zoo: Desk, case: Case) -> None:
    if case.file == "tracing_restart.md" and zoo.editor != NAMES[0]:
        pytest.skip("to restart takes long, and is the same for all editors")
    check(zoo, case)


def test_manners_in_zoo(zoo: Desk) -> None:
    assert zoo.undeclared() == []


@pytest.mark.parametrize("case", cases("installed"), ids=str)
def test_installed(installed: Desk, case: Case) -> None:
    check(installed, case)


def test_manners_in_installed(installed: Desk) -> None:
    assert installed.undeclared() == []
