"""Traces models with one seeded error each: with a pinned example, with a guess, after an edit. Judges the findings.

python tests/tracer/seeded.py [--every N] [NAME...] [--verbose]    a table of all of them, or of some

A case is right if the finding stands at the culprit line and names both operands, and if the shapes before it are
known. It is blamed if the finding says that the class is wrong, and not that no example was found.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

import aotlens.cli.trace as command
from aotlens.cli.options import TraceOptions
from aotlens.explain.failures import message
from aotlens.model.failure_findings import failure_finding
from aotlens.session.examples.last_good import LastGood, last_good_call, with_last_good
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.problems import NothingInferred
from aotlens_tracer.wire.protocol import TraceParams
from corpus.seeded.seeds import SEEDS, Seed

FOLDER = Path(__file__).parent.parent / "corpus" / "seeded"
FLOOR = 0.9
"""The share of seeded errors for which all has to be right."""
WAYS = ("pinned", "guessed", "edited")
"""The examples: pinned, guessed, or the guess with which the model was traced before the error was made."""
_PIN = re.compile(r"^# aotlens:.*\n(?:#.*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What a trace says about one seeded error.

    `line` and `code` are those of the finding, None without one. `named` says whether it has the names, `shapes`
    whether values are known up to the failing line, `is_blamed` whether it says that the class is wrong.
    """

    map: DescriptorMap
    code: str | None
    line: int | None
    message: str
    is_at_the_line: bool
    named: bool
    shapes: bool
    is_blamed: bool
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether all is as it has to be."""
        return self.is_at_the_line and self.named and self.shapes


def source(seed: Seed, pinned: bool) -> str:
    """The text of the model with the error, with or without its pinned example."""
    text = (FOLDER / f"{seed.model}.py").read_text(encoding="utf-8")
    assert text.count(seed.old) == 1, seed.old
    text = text.replace(seed.old, seed.new)
    return text if pinned else _PIN.sub("", text)


class _Keeping:
    """A tracer that outlives a command, and keeps the last map."""

    def __init__(self, tracer: TracerProcess) -> None:
        self._tracer = tracer
        self.ready = tracer.ready
        self.map: DescriptorMap | None = None
        self.last_good: dict[str, LastGood | None] = {}
        self.is_edited = False

    def trace(self, params: TraceParams, *arguments: Any) -> Any:
        ways = params.examples
        if self.is_edited:
            params = replace(params, examples=with_last_good(ways, self.last_good.get(params.qualname), ""))
        traced = self._tracer.trace(params, *arguments)
        example = traced.map.example
        if example is not None and example.candidate == len(ways):  # the command line does not know of one call more
            traced = replace(traced, map=replace(traced.map, example=replace(example, candidate=len(ways) - 1)))
        self.last_good[params.qualname] = last_good_call(traced.map, ways, "")
        self.map = traced.map
        return traced

    def targets(self, *arguments: Any) -> Any:
        return self._tracer.targets(*arguments)

    def restart(self) -> None:
        self._tracer.restart()


class SeededModels:
    """Traces models with seeded errors, all by one tracer process."""

    def __init__(self, tracer: TracerProcess, folder: Path) -> None:
        self._tracer = _Keeping(tracer)
        self._folder = folder

    def answer(self, seed: Seed, pinned: bool) -> Answer:
        """Trace one seeded error as `aotlens trace FILE::CLASS` does, and judge the answer."""
        path = self._path(seed, "pinned" if pinned else "guessed")
        return self._answer(seed, path, source(seed, pinned))

    def answer_after_the_edit(self, seed: Seed) -> Answer:
        """Trace the model without a pinned example, then with the seeded error, as an editor does."""
        path = self._path(seed, "edited")
        path.write_text(source(replace(seed, new=seed.old), pinned=False), encoding="utf-8")
        map = self.trace(path, seed.target)
        assert map.status == "traced", map.failure
        self._tracer.is_edited = True
        try:
            return self._answer(seed, path, source(seed, pinned=False))
        finally:
            self._tracer.is_edited = False

    def _path(self, seed: Seed, way: str) -> Path:
        path = self._folder / way / f"{seed.name}.py".replace("-", "_")
        path.parent.mkdir(exist_ok=True)
        return path

    def _answer(self, seed: Seed, path: Path, text: str) -> Answer:
        path.write_text(text, encoding="utf-8")
        start = time.perf_counter()
        self._run(path, seed.target)
        seconds = time.perf_counter() - start
        assert self._tracer.map is not None
        return _judged(seed, text, self._tracer.map, seconds)

    def trace(self, path: Path, target: str) -> DescriptorMap:
        """Trace one class of a file as the command line does."""
        self._run(path, target)
        assert self._tracer.map is not None
        return self._tracer.map

    def _run(self, path: Path, target: str) -> None:
        before = command.TracerProcess
        command.TracerProcess = lambda *_: contextlib.nullcontext(self._tracer)  # type: ignore[assignment,misc]
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                options = TraceOptions(format="json")
                command.run_trace(f"{path}::{target}", options, show_output=False, verbose=False, spawn=False)
        finally:
            command.TracerProcess = before  # type: ignore[misc]


def _judged(seed: Seed, text: str, map: DescriptorMap, seconds: float) -> Answer:
    lines = [number for number, _ in _lines_with(text, seed.lines)]
    failure = map.failure
    if failure is None:
        return Answer(map, None, None, "", False, False, False, False, seconds)
    finding = failure_finding(failure, map.target.path, map.target.line)
    said = message(failure)
    operation = failure.operation
    operands = {name for each in operation.operands for name in (each.name, each.origin)} if operation else set()
    named = all(any(f".{each}".endswith(f".{name}") for each in operands if each) for name in seed.names)
    if seed.kind in ("missing", "constructor", "in-place"):
        named = all(name in said for name in seed.names)
    is_blamed = not isinstance(failure.problem, NothingInferred)
    shapes = _has_shapes(seed, map)
    return Answer(map, finding.code, finding.line, said, finding.line in lines, named, shapes, is_blamed, seconds)


def _lines_with(text: str, parts: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for part in parts:
        assert text.count(part) == 1, part
        yield text[: text.index(part)].count("\n") + 1, part


def _has_shapes(seed: Seed, map: DescriptorMap) -> bool:
    """Whether values of the function that fails are in the map, before the failing line; a constructor has none."""
    if seed.kind == "constructor":
        return True
    if map.values is None or map.failure is None or map.failure.line is None:
        return False
    line = map.failure.line
    for file in map.values.files:
        runs = [run for run in file.functions if run.line <= line <= run.end_line]
        if file.path == map.target.path and runs:
            first = max(run.line for run in runs)
            return any(first <= row.line <= line for row in file.recorded)
    return False


@contextlib.contextmanager
def seeded_models() -> Iterator[SeededModels]:
    """The models, with a tracer of their own in this interpreter."""
    with (
        tempfile.TemporaryDirectory() as folder,
        TracerProcess(sys.executable, os.getcwd()) as tracer,
    ):
        yield SeededModels(tracer, Path(folder))


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--only", choices=WAYS)
    options = parser.parse_args()
    chosen = [seed for seed in SEEDS[:: options.every] if not options.names or seed.name in options.names]
    answers: dict[str, list[Answer]] = {}
    with seeded_models() as models:
        for way in WAYS:
            if options.only not in (None, way):
                continue
            for seed in chosen:
                is_edited = way == "edited"
                answer = models.answer_after_the_edit(seed) if is_edited else models.answer(seed, way == "pinned")
                answers.setdefault(way, []).append(answer)
                marks = "".join(
                    letter if good else "-"
                    for letter, good in (
                        ("L", answer.is_at_the_line),
                        ("N", answer.named),
                        ("S", answer.shapes),
                        ("B", answer.is_blamed),
                    )
                )
                example = answer.map.example
                print(f"{way:8} {marks} {answer.seconds:5.1f} s {seed.name:22} {answer.code}:{answer.line}", end="")
                print(f"  {len(answer.map.attempts)} tried" if answer.map.attempts else "", flush=True)
                if options.verbose or not (answer.is_at_the_line and answer.named):
                    print("      " + answer.message.replace("\n", "\n      ")[:1500])
                    if options.verbose and example is not None:
                        print(f"      example: {example.origin} {example.expression}")
    for way, given in answers.items():
        parts = [
            ("at the line", "is_at_the_line"),
            ("named", "named"),
            ("shapes", "shapes"),
            ("all", "is_right"),
            ("blamed", "is_blamed"),
        ]
        shares = [f"{title} {sum(getattr(each, name) for each in given)}" for title, name in parts]
        slowest = max(each.seconds for each in given)
        median = statistics.median(each.seconds for each in given)
        print(f"{way} ({len(given)}): {', '.join(shares)}; median {median:.1f} s, slowest {slowest:.1f} s")
    missed = [way for way, given in answers.items() if sum(each.is_right for each in given) < FLOOR * len(given)]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(_main())
