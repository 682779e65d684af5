"""Training steps in a workspace: the classes that are recorded in them, and the scripts that call them."""

from __future__ import annotations

from pathlib import Path

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.examples.call_sites import CallSites
from aotlens.session.examples.candidates import File, candidates
from aotlens.session.examples.pinned import definition_lines
from aotlens.session.renames import successor
from aotlens.syntax.definitions import definitions
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.protocol import Root

NET = """\
class Net(nn.Module):
    def forward(self, x):
        return x

Net(8)(torch.randn(2, 8))
"""
ENGINE = """\
def train(model, loader, optimizer):
    for x, y in loader:
        loss = model(x, y)
        loss.backward()
        optimizer.step()
"""
MAIN = """\
from engine import train
from net import Net

def main():
    model = Net(8)
    train(model, make(), SGD(model.parameters()))

if __name__ == "__main__":
    main()
"""


def project(folder: Path, **files: str) -> dict[str, Path]:
    (folder / "pyproject.toml").touch()
    paths = {}
    for name, text in files.items():
        paths[name] = folder / f"{name}.py"
        paths[name].write_text(text, encoding="utf-8")
    return paths


def names(roots: tuple[Root, ...]) -> list[tuple[str, str]]:
    return [(Path(root.path).name, root.qualname) for root in roots]


def test_a_class_is_looked_for_in_the_steps_that_build_it_in_any_file(tmp_path: Path) -> None:
    paths = project(tmp_path, net=NET, engine=ENGINE, main=MAIN, other="from elsewhere import Net\nNet(1)(2)\n")
    found = CallSites(tmp_path).steps_with(paths["net"], ["Net"], {})
    assert names(found["Net"]) == [("engine.py", "train@loss")]


def test_a_class_of_the_same_name_from_elsewhere_is_not_meant(tmp_path: Path) -> None:
    guarded = "if __name__ == '__main__':\n    loss = model(1)\n    loss.backward()\n"
    script = f"from elsewhere import Net\nmodel = Net()\n{guarded}"
    paths = project(tmp_path, net=NET, script=script)
    assert not CallSites(tmp_path).steps_with(paths["net"], ["Net"], {})["Net"]


def test_the_steps_that_a_script_calls_are_known(tmp_path: Path) -> None:
    paths = project(tmp_path, net=NET, engine=ENGINE, main=MAIN)
    calls = CallSites(tmp_path)
    assert names(calls.steps_from(paths["main"], {})) == [("engine.py", "train@loss")]
    assert names(calls.steps_from(paths["net"], {})) == []
    assert names(calls.steps_from(paths["main"], {str(paths["engine"]): "def train(*_): ..."})) == []


def test_a_step_comes_before_a_call_that_stands_alone(tmp_path: Path) -> None:
    paths = project(tmp_path, net=NET, engine=ENGINE, main=MAIN)
    calls, path = CallSites(tmp_path), paths["net"]
    file = File(
        path,
        definitions(NET),
        call_sites=calls.of(path, ["Net"], {}),
        steps_with=calls.steps_with(path, ["Net"], {}),
    )
    found = [(item.origin, item.root and item.root.qualname) for item in candidates(file, "Net")]
    assert found == [("recorded", "train@loss"), ("call-site", None), ("inferred", None)]


def test_a_step_has_the_line_of_its_loss_and_is_followed_when_its_loss_is_renamed() -> None:
    document = Document("file:///w/engine.py", "/w/engine.py", 1, ENGINE)
    assert [step.qualname for step in document.steps] == ["train@loss"]
    assert definition_lines("train@loss", document.definitions, document.steps) == (4,)
    map = DescriptorMap(Target("/w/engine.py", "train@loss", 4), "traced", "export")
    state = TargetState(TargetKey("/w/engine.py", "train@loss"), map=map, versions={"/w/engine.py": 1})
    after = document.changed(2, [Edit(3, 9, 3, 13, "total"), Edit(4, 9, 4, 13, "total")])
    assert [step.qualname for step in after.steps] == ["train@total"]
    assert successor(state, after, ["train@total"]) == "train@total"
