"""Traces the training steps of scripts, each in a fork of one process that has imported torch; run by the tests.

Usage: traced_steps.py FOLDER [FILE...]: for each step of a file, one line of JSON, [name of the file, target, map]. For
each step of the corpus whose project is in FOLDER/traced there are two more, [project, target, map, run]: one has the
map, one what a real run shows.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch._dynamo  # noqa: F401  # once for all forks

from aotlens.session.examples.call_sites import CallSites
from aotlens.syntax.parsing import parse
from aotlens.syntax.step_places import step_places
from aotlens.syntax.training_steps import step_examples
from aotlens_tracer.steps.trace import trace
from aotlens_tracer.wire.protocol import Assembled, TraceParams

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripts.real_steps import Step, prepare, run
from scripts.steps_of_corpus import STEPS

CORPUS = Path(__file__).parent.parent.parent / "corpus/scripts"


def traced(path: Path, qualname: str) -> dict[str, Any]:
    """The map of a step, as JSON."""
    calls = CallSites(path.parent)
    found = step_examples(str(path), path.read_text(), [qualname], lambda name: calls.calling(path, name, {}))
    assembled = Assembled()

    def send(message: dict[str, Any]) -> None:
        if message.get("event") == "map":
            assembled.add(message["fields"])

    os.chdir(path.parent)
    params = TraceParams(str(path), qualname, (found[qualname],), working_directory=str(path.parent))
    return assembled.add(trace(params, send))


def real(step: Step, folder: Path) -> dict[str, Any]:
    """What a real run of a step of the corpus shows, as JSON."""
    ran = run(step, CORPUS, folder / f"real-{step.target}")
    groups = [[sorted(group) for group in groups] for groups in ran.groups]
    return {"held": ran.held, "gradients": ran.gradients, "groups": groups, "shapes": ran.shapes}


def forked(work: Callable[[], list[Any]]) -> None:
    """Print the result of some work in a fork, as one line."""
    sys.stdout.flush()
    output = os.dup(1)
    process = os.fork()
    if process:
        os.close(output)
        os.waitpid(process, 0)
        return
    os.dup2(2, 1)  # what scripts print is no result
    try:
        _write(output, json.dumps(work()))
    except BaseException:
        traceback.print_exc()
    os._exit(0)


def _write(output: int, text: str) -> None:
    with os.fdopen(output, "w") as file:
        file.write(text + "\n")


def main(folder: Path, files: list[Path]) -> None:
    for path in files:
        for place in step_places(parse(path.read_text())):
            forked(lambda path=path, name=place.qualname: [path.name, name, traced(path, name)])
    for step in STEPS:
        project = folder / "traced" / step.project
        if not project.is_dir():
            continue
        prepare(project)
        forked(lambda step=step: [step.project, step.target, None, real(step, folder)])
        forked(lambda step=step, path=project / step.file: [step.project, step.target, traced(path, step.target), None])


main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
