"""Examples that are written into pyproject.toml."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aotlens.session.examples.project import pin_in_project, pinned_in_project
from aotlens.session.examples.project_world import WorldInWords, world_in_project
from aotlens.session.project_file import BadProjectFile
from aotlens_tracer.wire.example_options import World
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


def test_a_project_names_the_cluster_of_its_examples(tmp_path: Path) -> None:
    project, model = tmp_path / "pyproject.toml", tmp_path / "pkg" / "model.py"
    assert world_in_project(model) is None
    project.write_text('[tool.aotlens]\nmesh = "dp=2,tp=4"\nrank = 3\n')
    assert world_in_project(model) == World(8, 3, (("dp", 2), ("tp", 4)))
    project.write_text("[tool.aotlens]\nworld-size = 4\n")
    assert world_in_project(model) == World(4)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('mesh = "2x4"', "each dimension of a mesh has a name and a size"),
        ("mesh = 8", "mesh is a string"),
        ('world-size = "8"', "world-size is a whole number"),
        ("world-size = 4\nrank = 4", "a rank is a whole number from 0"),
    ],
)
def test_a_wrong_cluster_in_a_project_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.aotlens]\n{line}\n")
    with pytest.raises(BadProjectFile, match=problem):
        world_in_project(tmp_path / "model.py")


def test_a_rank_alone_is_one_of_the_cluster_of_the_project() -> None:
    project = WorldInWords("dp=2,tp=4", rank=1)
    assert WorldInWords(rank=3).over(project).world() == World(8, 3, (("dp", 2), ("tp", 4)))
    assert WorldInWords(size=4).over(project).world() == World(4)
    assert WorldInWords(rank=3).over(WorldInWords()).world() is None


def test_no_project_above_the_outermost_trusted_folder_counts(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "pkg").mkdir(parents=True)
    model = mine / "pkg" / "model.py"
    model.write_text("")
    example = '[tool.aotlens]\nworld-size = 4\n[tool.aotlens.examples]\n"mine/pkg/model.py::Net" = "Net()"\n'
    (tmp_path / "pyproject.toml").write_text(example)
    (tmp_path / "link").symlink_to(mine)
    assert pinned_in_project(model) and world_in_project(model) == World(4)
    assert pinned_in_project(model, str(tmp_path)) and world_in_project(model, str(tmp_path)) == World(4)
    for outermost in (mine, tmp_path / "link", mine / "pkg"):
        assert not pinned_in_project(model, str(outermost))
        assert world_in_project(model, str(outermost)) is None
        assert pin_in_project(model, "Net", "Net()", str(outermost)) is None


def test_a_project_with_thousands_of_examples(tmp_path: Path) -> None:
    """It is read before its folder is trusted: the time grows with the number of examples, not with its square."""

    def taken(count: int) -> float:
        examples = "".join(f"\"model.py::A{number}\" = 'A()'\n" for number in range(count))
        (tmp_path / "pyproject.toml").write_text(f"[tool.aotlens.examples]\n{examples}", encoding="utf-8")
        began = time.process_time()
        found = pinned_in_project(tmp_path / "model.py")
        assert [example.line for (example,) in found.values()] == list(range(2, count + 2))
        return time.process_time() - began

    assert taken(8000) < 20 * min(taken(1000), taken(1000))
