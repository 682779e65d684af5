"""Training steps of scripts: what their maps say, against runs of the scripts as their users run them."""

from __future__ import annotations

import functools
import inspect
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, ROOT

SCRIPTS = CORPUS / "scripts"
TURNS = SCRIPTS / "small/turns.py"
PROJECTS = ("plain", "nanogpt", "gan")
REAL = [
    ("plain", "train@loss"),
    ("nanogpt", "@loss"),
    ("gan", "@errD_real"),
    ("gan", "@errD_fake"),
    ("gan", "@errG"),
]


@functools.cache
def steps() -> dict[tuple[str, str], list[Any]]:
    """Each map, and what a real run shows (None for the small scripts), by file or project and by target."""
    found: dict[tuple[str, str], list[Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for project in PROJECTS:
            shutil.copytree(SCRIPTS / project, Path(folder) / "traced" / project)
        small = Path(folder) / "small"
        shutil.copytree(SCRIPTS / "small", small)
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests/tracer/scripts/traced_steps.py"), folder, *map(str, small.glob("*.py"))],
            env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
    for line in done.stdout.splitlines():
        name, target, *rest = json.loads(line)
        before = found.setdefault((name, target), [None, None])
        found[name, target] = [new if new is not None else old for new, old in zip((*rest, None), before)]
    assert found, done.stderr
    return found


def traced(name: str, target: str) -> dict[str, Any]:
    found: dict[str, Any] = steps()[name, target][0]
    assert found["status"] == "traced", found["failure"]
    return found


def names(map: dict[str, Any], kind: str) -> list[str]:
    return [slot["label"] for slot in map["graphs"][0]["inputs"] if slot["kind"] == kind]


@pytest.mark.parametrize(("project", "target"), REAL)
def test_memory_gradients_and_groups_of_a_step_are_those_of_its_real_run(project: str, target: str) -> None:
    map, real = traced(project, target), steps()[project, target][1]
    graph = map["graphs"][0]
    assert graph["eager_memory"]["held"] == real["held"]
    given = {
        slot["label"] for slot in graph["outputs"] if slot["kind"] == "GradAOTOutput" and slot["shape"] is not None
    }
    first = {tie: state["name"] for state in map["state"] for tie in state["other_names"]}
    assert len(given) == real["gradients"]
    known = set(names(map, "ParamAOTInput"))
    groups = [[sorted(group["parameters"]) for group in each["groups"]] for each in map["step"]["optimizers"]]
    expected = [
        [sorted({first.get(name, name) for name in group} & known) for group in each] for each in real["groups"]
    ]
    assert sorted(groups) == sorted(expected)
    assert map["step"]["guessed"] == []


@pytest.mark.parametrize(("project", "target"), REAL)
def test_the_batch_is_that_of_the_script(project: str, target: str) -> None:
    map, real = traced(project, target), steps()[project, target][1]
    for slot in map["graphs"][0]["inputs"]:
        if slot["kind"] == "PlainAOTInput" and slot["label"] in real["shapes"]:
            assert slot["shape"] == real["shapes"][slot["label"]]


def test_in_the_step_of_one_network_nobody_warns_of_gradients_of_the_other() -> None:
    assert traced("gan", "@errD_fake")["findings"] == []


def test_a_parameter_that_an_optimizer_steps_without_gradient_is_a_finding() -> None:
    findings = traced("plain", "train@loss")["findings"]
    found = [each["subjects"][0]["name"] for each in findings if each["code"] == "parameter-without-gradient"]
    assert found == ["model.rotation_head.weight", "model.rotation_head.bias"]


def test_parameters_in_no_optimizer_are_listed() -> None:
    assert traced("plain", "train@loss")["step"]["in_no_optimizer"] == [
        f"model.blocks.0.{name}" for name in ("conv.weight", "conv.bias", "norm.weight", "norm.bias")
    ]


def test_expressions_of_the_step_have_values_at_their_places_in_the_script() -> None:
    file = next(file for file in traced("plain", "train@loss")["values"]["files"] if file["path"].endswith("train.py"))
    lines = (SCRIPTS / "plain/train.py").read_text().splitlines()
    texts = {lines[row[0] - 1][row[1] - 1 : row[3] - 1] for row in file["recorded"] if row[0] == row[2]}
    assert {"model(data)", "criterion(output, target)", "data.to(device)", "output"} <= texts


def test_a_trainer_is_the_root_and_its_required_arguments_are_guessed() -> None:
    map = traced("trainer.py", "Trainer.fit@loss")
    assert names(map, "ParamAOTInput") == ["model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"]
    assert [(model["expression"], model["prefix"]) for model in map["step"]["models"]] == [
        ("self.model", "model"),
        ("self.criterion", "criterion"),
    ]
    assert map["step"]["guessed"] == ["data_dir", "--lr"]
    assert map["step"]["optimizers"][0]["definition"]["line"] == 15


def test_without_cuda_the_cpu_takes_its_place_and_the_map_says_so() -> None:
    map = traced("cuda.py", "@loss")
    assert map["step"]["on_cpu"]
    assert map["step"]["guessed"] == ["images", "labels"]
    assert map["step"]["in_no_optimizer"] == []
    frozen = [slot["label"] for slot in map["graphs"][0]["inputs"] if slot["requires_grad"] is False]
    assert frozen[:2] == ["model.0.weight", "model.0.bias"]


def test_state_that_goes_from_step_to_step_is_an_argument() -> None:
    arguments = names(traced("recurrent.py", "train@loss"), "PlainAOTInput")
    assert sorted(arguments) == ["hidden[0]", "hidden[1]", "x", "y"]


def test_modules_that_a_called_function_uses_as_globals_are_those_of_the_step() -> None:
    map = traced("globals.py", "@losses")
    assert names(map, "ParamAOTInput") == ["net.weight", "net.bias", "ema.weight", "ema.bias"]
    assert map["step"]["in_no_optimizer"] == ["ema.weight", "ema.bias"]
    (file,) = map["values"]["files"]
    assert any(row[0] == row[2] == 15 and row[4] == "result" for row in file["recorded"])  # in the function itself


def test_a_guessed_batch_has_the_sizes_that_the_script_names() -> None:
    map = traced("tokens.py", "@loss")
    assert map["step"]["guessed"] == ["x", "y"]
    shapes = [slot["shape"] for slot in map["graphs"][0]["inputs"] if slot["kind"] == "PlainAOTInput"]
    assert shapes == [[4, 24], [4, 24]]


def test_a_step_in_the_closure_of_an_optimizer_is_traced() -> None:
    assert names(traced("closure.py", "train.closure@loss"), "ParamAOTInput") == ["model.weight", "model.bias"]


def test_the_object_of_a_method_is_guessed_if_no_code_shows_one() -> None:
    map = traced("method.py", "Lit.training_step@loss")
    assert map["step"]["guessed"] == ["self", "batch"]
    assert names(map, "ParamAOTInput") == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert map["step"]["in_no_optimizer"] == ["a.weight", "a.bias"]


@pytest.mark.parametrize(
    ("name", "target", "stage", "kind", "line"),
    [
        ("broken.py", "@loss", "forward", "Raised", 9),
        ("missing.py", "@loss", "example", "Raised", 5),
        ("method.py", "Trainer.step@loss", "example", "NoExample", None),
    ],
)
def test_a_step_that_cannot_be_traced_says_why_at_the_place(
    name: str, target: str, stage: str, kind: str, line: int | None
) -> None:
    failure = steps()[name, target][0]["failure"]
    assert (failure["stage"], failure["problem"]["kind"], failure["line"]) == (stage, kind, line)


def test_a_gradient_that_no_optimizer_uses_is_a_finding_and_a_missing_one_of_no_optimizer_is_none() -> None:
    map = traced("forgotten.py", "main@loss")
    found = [(each["code"], [subject["name"] for subject in each["subjects"]]) for each in map["findings"]]
    assert found == [("parameter-in-no-optimizer", [f"head.{name}"]) for name in ("weight", "bias")]
    assert [place["span"]["line"] for place in map["findings"][0]["places"]] == [10]
    assert map["step"]["in_no_optimizer"] == [
        *(f"teacher.{name}" for name in ("weight", "bias")),
        *(f"head.{name}" for name in ("weight", "bias")),
    ]


def test_items_of_a_batch_are_guessed_one_by_one_and_a_name_is_read_before_the_step_binds_it() -> None:
    map = traced("indexed.py", "@losses")
    arguments = {slot["label"]: slot["shape"] for slot in map["graphs"][0]["inputs"] if slot["kind"] == "PlainAOTInput"}
    assert [len(shape) for shape in arguments.values() if shape is not None] == [4, 1]
    assert "data" in map["step"]["guessed"]


def test_a_step_in_a_branch_that_the_script_does_not_take_says_so() -> None:
    assert traced("branches.py", "@loss")["step"]["not_taken"] == ["use_amp"]
    assert traced("branches.py", "@loss#2")["step"]["not_taken"] == []
    assert traced("nanogpt", "@loss")["step"]["not_taken"] == []


def test_a_branch_around_a_call_of_the_steps_function_is_judged_by_the_names_of_the_caller() -> None:
    assert traced("callers.py", "step@loss")["step"]["not_taken"] == ["args.train", "enabled"]
    assert traced("closure.py", "train.closure@loss")["step"]["not_taken"] == []


@pytest.mark.parametrize("target", ["main@loss", "Trainer.fit@loss"])
def test_items_that_a_step_passes_by_name_are_guessed_from_the_forward_of_the_model(target: str) -> None:
    map = traced("spread.py", target)
    arguments = {slot["label"]: slot["shape"] for slot in map["graphs"][0]["inputs"] if slot["kind"] == "PlainAOTInput"}
    assert arguments == {
        "batch['input_ids']": [2, 16],
        "batch['attention_mask']": [2, 16],
        "batch['labels']": [2],
    }
    assert map["step"]["guessed"] == ["batch"]
    assert names(map, "TangentAOTInput") == ["tangent(output)"]


def test_a_comment_above_the_loop_gives_the_batch() -> None:
    map = traced("pinned.py", "train@loss")
    arguments = {slot["label"]: slot["shape"] for slot in map["graphs"][0]["inputs"] if slot["kind"] == "PlainAOTInput"}
    assert list(arguments.values()) == [[5, 6], [5]]
    assert (map["step"]["pinned"], map["step"]["guessed"]) == (["x", "y"], [])


def test_a_batch_that_is_pinned_and_cannot_be_made_is_not_guessed() -> None:
    failure = steps()["pinned.py", "again@loss"][0]["failure"]
    assert "breadth" in failure["problem"]["text"]
    assert failure["line"] == 19


def test_of_two_classes_of_one_name_the_script_has_the_second() -> None:
    assert names(traced("twice.py", "main@loss"), "ParamAOTInput") == ["net.second.weight", "net.second.bias"]


def loops() -> dict[str, Any]:
    """The functions of a file, each with a loop that a user runs."""
    return {name: value for name, value in runpy.run_path(str(TURNS)).items() if inspect.isfunction(value)}


@pytest.mark.parametrize("name", loops())
def test_a_loop_fails_where_it_fails_for_its_user(name: str) -> None:
    """Whole iterations count: what one hands on to the next, other losses and optimizers between."""
    line = None
    try:
        loops()[name]()
    except RuntimeError as error:
        line = next(each.lineno for each in traceback.extract_tb(error.__traceback__) if each.name == name)
    texts = TURNS.read_text(encoding="utf-8").splitlines()
    told = [
        (target, finding)
        for (file, target), (map, _) in steps().items()
        if file == TURNS.name and target.startswith(f"{name}@")
        for finding in map["findings"]
        if finding["code"] == "eager-step-failed"
    ]
    assert (line is not None) == bool(told)
    if line is not None:
        ((target, finding),) = told
        loss = texts[line - 1].strip().removesuffix(".backward()").removeprefix("scaler.scale(").removesuffix(")")
        assert target == f"{name}@{loss}"
        changes = finding["reason"]["problem"]["kind"] == "Overwritten"
        assert texts[finding["line"] - 1].strip() == ("optimizer_c.step()" if changes else texts[line - 1].strip())


@pytest.mark.parametrize(
    ("name", "handed_on"),
    [
        ("hidden_kept", "hidden"),
        ("cells_kept", "state"),
        ("running_baseline", "baseline"),
        ("all_losses_so_far", "losses"),
    ],
)
def test_what_has_the_graph_of_the_iteration_before_is_named(name: str, handed_on: str) -> None:
    (finding,) = traced(TURNS.name, f"{name}@loss")["findings"]
    assert (finding["reason"]["step"], finding["reason"]["handed_on"]) == (2, [handed_on])


def test_a_loss_that_needs_no_gradient_is_a_warning() -> None:
    findings = traced(TURNS.name, "integers@loss")["findings"]
    assert {each["code"] for each in findings} == {"parameter-without-gradient"}
    assert all(each["reason"]["is_loss"] and each["reason"]["because"]["kind"] == "Cut" for each in findings)


def test_a_step_without_modules_has_the_tensors_of_the_script_as_arguments() -> None:
    map = traced("by_hand.py", "@loss")
    assert sorted(names(map, "PlainAOTInput")) == ["b1", "noise", "unused", "w1", "w2", "x", "y"]
    (finding,) = map["findings"]
    assert (finding["code"], finding["subjects"][0]["name"]) == ("argument-without-gradient", "unused")
    assert finding["reason"]["at"][0]["text"] == "unused.detach()"


def test_state_that_a_module_of_a_script_keeps_has_the_name_that_the_script_writes() -> None:
    map = traced("kept.py", "@loss")
    assert [(each["name"], each["of_script"]) for each in map["eager_run"]["kept"]] == [("model.queue", True)]
    (finding,) = [each for each in map["findings"] if each["code"] == "unregistered-parameter"]
    assert finding["reason"]["names"] == ["model.heads[0].weight", "model.heads[0].bias"]
