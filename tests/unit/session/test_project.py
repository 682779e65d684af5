"""Examples that are written into pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from aotlens.session.examples.project import pin_in_project, pinned_in_project
from aotlens_tracer.wire.protocol import ExampleSource


@pytest.mark.parametrize(
    "before",
    [
        "",
        '[project]\nname = "x"\n',
        '[project]\nname = "x"',
        '[tool.aotlens.examples]  # ours\n"pkg/other.py::Other" = "Other()(1)"\n\n[tool.ruff]\nline-length = 120\n',
        "[tool.ruff]\n\n[ tool . aotlens . examples ]",
    ],
)
def test_what_is_pinned_is_read_back_and_the_rest_stays(tmp_path: Path, before: str) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(before)
    model = tmp_path / "pkg" / "model.py"
    expression = 'Block("a\\b", é=1)(\n    torch.randn(2))'
    insertion = pin_in_project(model, "Block", expression)
    assert insertion is not None
    assert insertion.project == project
    lines = before.splitlines(keepends=True)
    after = "".join(lines[: insertion.row]) + insertion.text + "".join(lines[insertion.row :])
    project.write_text(after)
    (found,) = pinned_in_project(model)["Block"]
    line = next(n for n, text in enumerate(after.splitlines(), 1) if "pkg/model.py::Block" in text)
    assert found == ExampleSource(expression, "pinned", str(project), line)
    assert [line for line in before.splitlines() if line] == [
        line for line in after.splitlines() if line in before.splitlines() and line
    ]


def test_without_a_project_there_is_nowhere_to_write(tmp_path: Path) -> None:
    assert pin_in_project(tmp_path / "model.py", "Block", "Block()()") is None
