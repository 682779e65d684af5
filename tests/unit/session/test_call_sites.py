"""The call sites of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aotlens.model.trust import Trust
from aotlens.session.examples import call_sites
from aotlens.session.examples.call_sites import MOST_STEPS_OF_A_FILE, CallSites, CallSitesOfFolders
from aotlens.session.examples.searched_files import folder_to_trust, search_folder, searched_files


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def places(found: dict, qualname: str, folder: Path) -> list[str]:
    return [f"{os.path.relpath(item.path, folder)}:{item.line}" for item in found.get(qualname, ())]


CALL = "from pkg.model import Net\nNet(8)({})\n"


def test_the_most_telling_come_first(tmp_path: Path) -> None:
    model = write(tmp_path, "pkg/model.py", "class Net: ...\nif __name__ == '__main__':\n    Net(1)(1)\n")
    write(tmp_path, "tests/test_model.py", CALL.format(2))
    write(tmp_path, "examples/train.py", CALL.format(3))
    write(tmp_path, "README.md", f"```python\n{CALL.format(4)}```\n")
    write(tmp_path, "other.py", "from pkg.different import Net\nNet(8)(5)\n")
    found = CallSites(tmp_path).of(model, ["Net"], {})
    assert places(found, "Net", tmp_path) == [
        "pkg/model.py:3",
        "README.md:3",
        "examples/train.py:2",
        "tests/test_model.py:2",
        "other.py:2",
    ]


def test_the_same_call_counts_once_and_no_class_has_many(tmp_path: Path) -> None:
    model = write(tmp_path, "model.py", "class Net: ...\n")
    write(tmp_path, "a.py", "from model import Net\n" + "Net(1)(1)\n" * 5)
    assert len(CallSites(tmp_path).of(model, ["Net"], {})["Net"]) == 1
    write(tmp_path, "b.py", "from model import Net\n" + "".join(f"Net(1)({n})\n" for n in range(50)))
    assert len(CallSites(tmp_path).of(model, ["Net"], {})["Net"]) == call_sites.MOST_SITES


@pytest.mark.parametrize("junk", [".venv/lib", "node_modules", "build", "env/site-packages", "tool/pyvenv.cfg/.."])
def test_junk_is_left_out(tmp_path: Path, junk: str) -> None:
    model = write(tmp_path, "model.py", "class Net: ...\n")
    if junk.endswith(".."):
        write(tmp_path, "tool/pyvenv.cfg", "")
        junk = "tool"
    write(tmp_path, f"{junk}/use.py", "Net(1)(1)\n")
    assert CallSites(tmp_path).of(model, ["Net"], {}) == {}


def test_only_trusted_files_are_searched(tmp_path: Path) -> None:
    model = write(tmp_path, "mine/model.py", "import torch\nclass Net(torch.nn.Module): ...\n")
    write(tmp_path, "mine/use.py", "Net(1)(1)\n")
    step = "from model import Net\nnet = Net(2)\nloss = net(2).sum()\nloss.backward()\n"
    write(tmp_path, "other/use.py", f"Net(2)(2)\n{step}")
    folders, mine = CallSitesOfFolders(), Trust(True, (str(tmp_path / "mine"),))
    found = folders.of(tmp_path, mine)
    assert places(found.of(model, ["Net"], {}), "Net", tmp_path) == ["mine/use.py:1"]
    assert not found.steps_with(model, ["Net"], {}).get("Net")
    assert [one.path for one in found.calling(model, "Net", {})] == [str(tmp_path / "mine/use.py")]
    found = folders.of(tmp_path, Trust(True, (str(tmp_path),)))
    assert "other/use.py:1" in places(found.of(model, ["Net"], {}), "Net", tmp_path)
    assert found.steps_with(model, ["Net"], {}).get("Net")


def test_a_file_that_changes_is_read_again_and_open_texts_count(tmp_path: Path) -> None:
    model = write(tmp_path, "model.py", "class Net: ...\n")
    use = write(tmp_path, "use.py", "Net(1)(1)\n")
    index = CallSites(tmp_path)
    assert places(index.of(model, ["Net"], {}), "Net", tmp_path) == ["use.py:1"]
    assert places(index.of(model, ["Net"], {str(use): "\n\nNet(1)(1)\n"}), "Net", tmp_path) == ["use.py:3"]
    write(tmp_path, "use.py", "\nNet(1)(1) # changed\n")
    assert places(index.of(model, ["Net"], {}), "Net", tmp_path) == ["use.py:2"]
    use.unlink()
    assert index.of(model, ["Net"], {}) == {}


def test_a_file_is_parsed_only_where_it_names_the_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = write(tmp_path, "model.py", "class Net: ...\n")
    write(tmp_path, "use.py", "Net(1)(1)\n")
    write(tmp_path, "large.py", "Other(1)(1)\n")
    parsed = []
    original = call_sites.call_sites
    monkeypatch.setattr(call_sites, "call_sites", lambda path, text: parsed.append(path) or original(path, text))
    index = CallSites(tmp_path)
    for _ in range(2):
        index.of(model, ["Net"], {})
    assert [os.path.basename(path) for path in parsed] == ["use.py"]


def test_the_description_of_an_installed_package(tmp_path: Path) -> None:
    model = write(tmp_path, "site-packages/my_nets/model.py", "class Net: ...\n")
    text = f"Name: my-nets\n\n```python\n{CALL.format(1)}```\n"
    write(tmp_path, "site-packages/my_nets-1.0.dist-info/METADATA", text)
    write(tmp_path, "site-packages/other-1.0.dist-info/METADATA", text)
    folder = search_folder(model)
    assert folder == tmp_path / "site-packages/my_nets"
    found = CallSites(folder).of(model, ["Net"], {})
    assert places(found, "Net", tmp_path) == ["site-packages/my_nets-1.0.dist-info/METADATA:5"]
    assert not CallSites(folder, Trust(True, (str(folder),))).of(model, ["Net"], {}), "it is not in the trusted folder"


def test_nobody_is_asked_to_trust_the_home_folder_for_a_file_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for place in (tmp_path, home, home / "project"):
        (place / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    assert folder_to_trust(tmp_path / "link" / "Downloads" / "model.py") == tmp_path / "link" / "Downloads"
    for folder in ("Downloads", "Downloads/new", "."):
        assert folder_to_trust(home / folder / "model.py") == home / folder
    assert folder_to_trust(home / "project" / "pkg" / "model.py") == home / "project"
    assert folder_to_trust(tmp_path / "other" / "model.py") == tmp_path / "other"


def test_the_folder_of_a_project(tmp_path: Path) -> None:
    model = write(tmp_path, "src/pkg/model.py", "")
    assert search_folder(model) == model.parent
    write(tmp_path, "pyproject.toml", "")
    assert search_folder(model) == tmp_path


def test_folders_without_end_are_entered_so_far(tmp_path: Path) -> None:
    write(tmp_path, "/".join(["a"] * 40) + "/use.py", "")
    deep = tmp_path
    for _ in range(300):
        deep /= "a"
    deep.mkdir(parents=True)
    (deep / "far.py").touch()
    assert [os.path.basename(found) for found in searched_files(tmp_path)] == ["use.py"]


def test_a_script_with_thousands_of_training_steps_beside_a_file(tmp_path: Path) -> None:
    """It is looked at before the folder is trusted."""
    steps = (
        f"def f{number}(m, x):\n    loss = m(x)\n    loss.backward()\n" for number in range(3 * MOST_STEPS_OF_A_FILE)
    )
    (tmp_path / "train.py").write_text("".join(steps), encoding="utf-8")
    calls = CallSites(tmp_path)
    calls.steps_from(tmp_path / "model.py", {})
    (known,) = (each for path, each in calls._known.items() if path.endswith("train.py"))
    assert known.steps is not None and len(known.steps) <= MOST_STEPS_OF_A_FILE
