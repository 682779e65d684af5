"""Training scripts over the wire: five projects, each opened as its user does, beside their steps run for real."""

from __future__ import annotations

import functools
import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aotlens.explain.shapes import bytes_in_words
from lsp.editor import Editor, editing
from support import CORPUS
from tracer.scripts.real_steps import Ran, Step, prepare, run
from tracer.scripts.steps_of_corpus import STEPS

SCRIPTS = CORPUS / "scripts"
PROJECTS = ("plain", "nanogpt", "gan", "lightning", "huggingface")
NEEDS = {"lightning": ("lightning",), "huggingface": ("transformers", "accelerate")}
MEMORY = re.compile(r"([\d.]+ [KMG]?i?B) (?:kept alive )?in eager")
SAVED = re.compile(r"([\d.]+ [KMG]?i?B) saved for backward")
PATHS = sorted(
    {
        str(Path(found.origin).parent.parent)
        for found in map(importlib.util.find_spec, ("accelerate", "lightning"))
        if found is not None and found.origin is not None
    }
)
"""The folders of packages that only some environments have."""
PENDING = ("waiting", "tracing", "starting", "not traced", "provisional")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the projects, with the data that their users have."""
    folder = tmp_path_factory.mktemp("scripts")
    for name in PROJECTS:
        shutil.copytree(SCRIPTS / name, folder / name)
        prepare(folder / name)
    return folder


@pytest.fixture(scope="module")
def first(projects: Path) -> Iterator[Editor]:
    """An editor with all projects as folders of its workspace."""
    folders = [projects / name for name in PROJECTS]
    with editing(projects / "plain/train.py", folders=folders, trace={"importPaths": PATHS}) as editor:
        yield editor


@pytest.fixture(scope="module")
def opened(first: Editor, projects: Path) -> dict[Path, Editor]:
    """The documents that are open, by path; more are added as tests open them."""
    return {projects / "plain/train.py": first}


def document(opened: dict[Path, Editor], projects: Path, project: str, file: str) -> Editor:
    """A document of a project, open, once all in it has been traced."""
    for package in NEEDS.get(project, ()):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    path = projects / project / file
    if path not in opened:
        opened[path] = next(iter(opened.values())).another(path)
    editor = opened[path]
    editor.until(lambda lenses: bool(lenses) and not any(word in one for one in lenses for word in PENDING))
    return editor


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Step], Ran]:
    """Runs a step for real, once."""
    return functools.cache(lambda step: run(step, SCRIPTS, tmp_path_factory.mktemp("real")))


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_backward_pass_has_the_gradients_and_the_memory_of_the_real_run(
    step: Step, opened: dict[Path, Editor], projects: Path, real: Callable[[Step], Ran]
) -> None:
    shown = document(opened, projects, step.project, step.file).hover(step.hover_backward)
    ran = real(step)
    found = MEMORY.search(shown) or SAVED.search(shown)
    assert found is not None, shown
    assert found[1] == bytes_in_words(ran.held), shown
    assert f" {ran.gradients} gradients" in shown, shown
    trained_elsewhere = step.target in ("@errD_real", "@errD_fake")  # the generator
    assert ("missing" in shown) == (ran.missing > 0 and not trained_elsewhere), shown
    assert "guessed" not in shown


@pytest.mark.parametrize("step", [step for step in STEPS if step.hover_optimizer], ids=str)
def test_the_optimizer_has_the_groups_of_the_real_run(
    step: Step, opened: dict[Path, Editor], projects: Path, real: Callable[[Step], Ran]
) -> None:
    shown = document(opened, projects, step.project, step.file).hover(step.hover_optimizer)
    groups = real(step).groups[0]
    if len(groups) == 1:
        assert f"{len(groups[0])} parameters" in shown, shown
        return
    rows = [line for line in shown.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(rows) == len(groups), shown
    for row, names in zip(rows, groups):
        assert re.search(rf"(all|of) {len(names)} get", row), shown


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_call_of_the_model_has_the_shapes_of_the_real_run(
    step: Step, opened: dict[Path, Editor], projects: Path, real: Callable[[Step], Ran]
) -> None:
    editor, shapes = document(opened, projects, step.project, step.file), real(step).shapes
    for name, marked in step.hover_values:
        shown = editor.hover(marked)
        assert re.search(rf"\w+\[{', '.join(map(str, shapes[name]))}\]", shown), (name, shapes[name], shown)


@pytest.mark.parametrize("step", [step for step in STEPS if step.hover_model], ids=str)
def test_a_model_leads_to_the_line_that_made_it(step: Step, opened: dict[Path, Editor], projects: Path) -> None:
    editor = document(opened, projects, step.project, step.file)
    assert "**module**" in editor.hover(step.hover_model)
    (link,) = editor.ask("definition", step.hover_model)
    line = editor.text.splitlines()[link["targetSelectionRange"]["start"]["line"]]
    assert line.strip().startswith(f"{step.model} = ")


def test_the_call_of_a_trainer_of_a_package_is_a_step(opened: dict[Path, Editor], projects: Path) -> None:
    editor = document(opened, projects, "huggingface", "finetune.py")
    shown = editor.hover("trainer.tra|in()")
    assert "of `main@trainer` · 41 gradients" in shown and MEMORY.search(shown)
    assert "(AdamW, 41 parameters in 2 groups) steps after it" in shown
    assert "all 41 parameters get a gradient" in editor.hover("mod|el = Pair")


def test_a_script_that_only_calls_the_trainer_shows_the_step_that_it_drives(
    opened: dict[Path, Editor], projects: Path
) -> None:
    editor = document(opened, projects, "lightning", "train.py")
    assert any(lens.startswith("LitVAE.training_step@loss: 12 parameters") for lens in editor.lenses())
    assert "**loss** `loss` of `LitVAE.training_step@loss`" in editor.hover("trainer.f|it(")
    assert "**module** `LitVAE.training_step@loss`" in editor.hover("mod|el = LitVAE")
