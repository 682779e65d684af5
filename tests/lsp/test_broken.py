"""Break it, see it: an edit breaks a class that was traced, and the error is at the culprit line after one trace."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lsp.editor import Editor, editing

CORPUS = Path(__file__).parent.parent / "corpus" / "edits"
PACKAGE = "simple_vit"
TARGETS = {
    "guessed": ("Gated", "Attention", "Digits"),
    "recorded": ("Block", "Tagger"),
    "pinned": ("Pair",),
    "script": ("Net", "train@loss"),
    PACKAGE: ("FeedForward", "Attention", "Transformer", "SimpleViT"),
}
"""The targets of each file. The last file is one of an installed package."""


@dataclass(frozen=True)
class Edit:
    """`old` becomes `new` in a file; the error is at the line that has `culprit` then (None: there is no error)."""

    file: str
    target: str
    old: str
    new: str
    culprit: str | None


BREAKS = (
    Edit("guessed", "Gated", "self.down = nn.Linear(hidden, dim)", "self.down = nn.Linear(dim, hidden)", "self.down("),
    Edit("guessed", "Gated", "self.up = nn.Linear(dim, hidden)", "self.up = nn.Linear(dim, dim)", "* self.up(x)"),
    Edit("guessed", "Gated", "super().__init__()\n        self.up", "self.n = 1\n        self.up", "self.up = nn"),
    Edit("guessed", "Attention", "c // self.heads).transpose", "c).transpose", "part.view("),
    Edit("guessed", "Attention", "self.qkv(x).chunk(3", "self.qkv(x).chunk(2", ".chunk(2"),
    Edit("guessed", "Attention", "b, t, c = x.shape", "b, t = x.shape", "b, t = x.shape"),
    Edit("guessed", "Digits", "F.relu(self.norm(", "F.relu(self.nrom(", "self.nrom("),
    Edit("guessed", "Digits", "h.mean(dim=(2, 3))", "h.mean(dim=(1, 2))", "return self.head(h)"),
    Edit("guessed", "Digits", "self.head(h)", "self.head(image)", "self.head(image)"),
    Edit("guessed", "Digits", "nn.Linear(8, 10)", "nn.Linear(8)", "nn.Linear(8)"),
    Edit("recorded", "Block", "nn.Linear(width, width)", "nn.Linear(2 * width, width)", "x + self.fc(h)"),
    Edit("recorded", "Block", "h = self.norm(x)", "h = self.norm(x).double()", "x + self.fc(h)"),
    Edit("recorded", "Block", "nn.LayerNorm(width)", "nn.LayerNorm(widht)", "nn.LayerNorm(widht)"),
    Edit("recorded", "Tagger", "nn.Linear(width, tags)", "nn.Linear(tags, width)", "return self.head(h)"),
    Edit("pinned", "Pair", "(both * self.scale)", "(both @ self.right)", "(both @ self.right)"),
    Edit("pinned", "Pair", "self.right(b)", "self.right(b.int())", "self.right(b.int())"),
    Edit("script", "train@loss", "cross_entropy(logits, y)", "cross_entropy(logits.mT, y)", "cross_entropy(logits.mT"),
    Edit("script", "train@loss", "logits = model(x)", "logits = model(x, y)", "logits = model(x, y)"),
    Edit(PACKAGE, "Attention", "qkv = self.to_qkv(x)", "qkv = self.to_qkv(x)[0]", "lambda t: rearrange("),
    Edit(PACKAGE, "FeedForward", "nn.Linear(dim, hidden_dim)", "nn.Linear(dim, dim)", "return self.net(x)"),
)
ON_PURPOSE = (
    Edit("guessed", "Digits", "nn.Conv2d(3, 8", "nn.Conv2d(1, 8", None),
    Edit("guessed", "Digits", "forward(self, image)", "forward(self, image, scale=1.0)", None),
)
"""Edits after which the class asks for other arguments: there is no error."""


class Project:
    """The files of the corpus in one editor, all of them traced."""

    def __init__(self, editors: dict[str, Editor]) -> None:
        self._editors = editors
        self._broken: Edit | None = None
        for name, targets in TARGETS.items():
            for target in targets:
                self._until_traced(name, target, 0)

    def make(self, edit: Edit) -> list[dict[str, Any]]:
        """Undo the edit before and make this one. Returns the errors of the file once the target was traced."""
        editor = self._editors[edit.file]
        if self._broken is not None:
            changed = self._editors[self._broken.file]
            changed.until(_is_idle)
            changed.replace(self._broken.new, self._broken.old)
            if changed is not editor:  # else the text is saved, and traced, with the new edit
                changed.save()
        editor.until(_is_idle)
        before = self._traces(edit.file, edit.target)
        editor.replace(edit.old, edit.new)
        editor.save()
        self._broken = edit
        self._until_traced(edit.file, edit.target, before)
        lines = {self.culprit(edit)} if edit.culprit is not None else set()
        with contextlib.suppress(AssertionError):  # the others of the file are traced again, too
            editor.client.wait(lambda: {_line(one) for one in self._errors(editor)} == lines or None, 30)
        assert edit.culprit is None or self._traces(edit.file, edit.target) == before + 1
        return self._errors(editor)

    def culprit(self, edit: Edit) -> int:
        """The line, from 0, of the culprit."""
        lines = self._editors[edit.file].text.splitlines()
        (line,) = [number for number, text in enumerate(lines) if edit.culprit is not None and edit.culprit in text]
        return line

    def _errors(self, editor: Editor) -> list[dict[str, Any]]:
        return [one for one in editor.diagnostics() if one["severity"] == 1]

    def _traces(self, name: str, target: str) -> int:
        return len(self._editors[name].logged(f"{target} ({name}.py) "))

    def _until_traced(self, name: str, target: str, before: int) -> None:
        client = self._editors[name].client
        client.wait(lambda: self._traces(name, target) > before or None, 120, what=f"a trace of {target}")


def _is_idle(lenses: list[str]) -> bool:
    return not any(word in lens for lens in lenses for word in ("waiting", "tracing"))


def _line(error: dict[str, Any]) -> int:
    line: int = error["range"]["start"]["line"]
    return line


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("edits")
    package = importlib.util.find_spec("vit_pytorch")  # its modules need more packages, but not this one
    assert package is not None and package.origin is not None
    installed = Path(package.origin).with_name(f"{PACKAGE}.py")
    for name in TARGETS:
        source = CORPUS / f"{name}.py" if name != PACKAGE else installed
        (folder / f"{name}.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    first, *others = (folder / f"{name}.py" for name in TARGETS)
    with editing(first, keepMaps=False) as editor:
        yield Project({first.stem: editor} | {path.stem: editor.another(path) for path in others})


@pytest.mark.parametrize("edit", BREAKS, ids=lambda edit: f"{edit.file}: {edit.new}")
def test_the_error_is_at_the_culprit_line_after_one_trace(edit: Edit, project: Project) -> None:
    errors = project.make(edit)
    assert {_line(error) for error in errors} == {project.culprit(edit)}, errors


@pytest.mark.parametrize("edit", ON_PURPOSE, ids=lambda edit: f"{edit.file}: {edit.new}")
def test_a_class_that_asks_for_other_arguments_is_called_with_others(edit: Edit, project: Project) -> None:
    assert project.make(edit) == []
