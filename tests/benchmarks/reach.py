"""Measures how many module classes of PyPI packages are traced with nothing written, by origin, and why others fail.

python tests/benchmarks/reach.py FOLDER [PACKAGE...] [--documented] [--files N] [--compare] [--write docs/examples.md]

FOLDER is where the packages of reach-requirements.txt are installed. Each file is traced as `aotlens trace FILE` does,
in one of two tracers; counted are the classes that define `forward`. The calls in the README of a package count with
`--documented` alone: few projects have one that calls each class. `--files` takes every N-th file alone, for a quick
look; `--write` puts the table into the documentation. `--compare` traces each file with all calls that somebody wrote,
README included, and again with none, and tells how often the guess that is shown then agrees with what the written call
gave, in the ranks and the kinds of the tensors.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextlib
import io
import json
import multiprocessing
import os
import random
import re
import statistics
import sys
import time
import unittest.mock
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aotlens.cli.asked as asked
import aotlens.cli.trace as command
from aotlens.cli.options import TraceOptions
from aotlens.session.tracer.process import TracerProcess

TRACERS = 2
TIMEOUT = 60.0
SAMPLE = 40
SEEDS = (0, 20261124)
"""The seeds of the samples of modelling files. The second was fixed after the rules were written."""
LATER = 20261128
"""The seed of the samples of the packages that were added later."""
RUNGS = ("pinned", "recorded", "call-site", "inferred")
CALL_SITES = asked.CallSites
BEGIN, END = "<!-- reach: begin -->", "<!-- reach: end -->"


@dataclass(frozen=True)
class Package:
    """A package by the folder it is installed in, and what it is about; a sample of its files where there are many."""

    folder: str
    subject: str
    pattern: str = "*.py"
    seed: int | None = None

    @property
    def title(self) -> str:
        """As the table calls it."""
        return self.folder if self.seed is None else f"{self.folder}, {SAMPLE} files drawn with seed {self.seed}"


PACKAGES = (
    Package("vit_pytorch", "vision"),
    *(Package("transformers", "language and more", "models/*/modeling_*.py", seed) for seed in SEEDS),
    Package("denoising_diffusion_pytorch", "diffusion"),
    Package("x_transformers", "sequences"),
    Package("audio_encoders_pytorch", "audio"),
    Package("conformer", "speech"),
    Package("egnn_pytorch", "graphs"),
    Package("diffusers", "diffusion"),
    Package("monai", "medical images"),
    Package("peft", "adapters"),
    Package("segmentation_models_pytorch", "segmentation"),
    Package("e3nn", "equivariant networks"),
    Package("kornia", "computer vision", "*.py", LATER),
    Package("torch_geometric", "graphs", "nn/**/*.py", LATER),
)


@dataclass
class Tally:
    """The outcomes of the classes of one package."""

    package: Package
    rungs: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def share(self) -> float:
        """The percentage that was traced."""
        return 100 * sum(self.rungs.values()) / max(len(self.seconds), 1)

    def row(self) -> list[str]:
        """Its row of the table."""
        count = max(len(self.seconds), 1)
        times = sorted(self.seconds) or [0.0]
        shares = [f"{100 * self.rungs[rung] / count:.0f} %" for rung in RUNGS]
        tail = times[min(int(0.95 * len(times)), len(times) - 1)]
        return [
            self.package.title,
            self.package.subject,
            str(len(self.seconds)),
            f"**{self.share:.1f} %**",
            *shares,
            f"{statistics.median(times):.1f}",
            f"{tail:.1f}",
            f"{self.elapsed / 60:.1f}",
        ]


def classes_with_forward(path: Path) -> set[str]:
    """The classes of a file, by qualified name, that define `forward` themselves, and not only to raise."""
    found = set()

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                if any(isinstance(item, ast.FunctionDef) and _is_forward(item) for item in child.body):
                    found.add(prefix + child.name)
                visit(child, f"{prefix}{child.name}.")

    visit(ast.parse(path.read_bytes()), "")
    return found


def _is_forward(function: ast.FunctionDef) -> bool:
    """Whether a method is a `forward` of its class: one that only raises, or is abstract, is left to subclasses."""
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    is_left_open = not body or all(isinstance(node, (ast.Raise, ast.Pass)) for node in body)
    is_abstract = any("abstractmethod" in ast.unparse(decorator) for decorator in function.decorator_list)
    return function.name == "forward" and not is_left_open and not is_abstract


def files_of(package: Package, folder: Path, every: int) -> list[Path]:
    """The files of a package that define modules."""
    files = sorted((folder / package.folder).rglob(package.pattern))
    if package.seed is not None:
        files = random.Random(package.seed).sample(files, SAMPLE)
    return [path for path in files if classes_with_forward(path)][::every]


class _Kept:
    """A tracer that outlives a command."""

    def __init__(self) -> None:
        self._tracer = TracerProcess(sys.executable, os.getcwd())

    def __call__(self, *_: Any) -> _Kept:
        return self

    def __enter__(self) -> TracerProcess:
        return self._tracer

    def __exit__(self, *_: object) -> None:
        pass


def start() -> None:
    """Start the one tracer of a worker."""
    command.TracerProcess = _Kept()


class _WithoutDocumentation(asked.CallSites):
    """The calls in the files of a package alone."""

    def _files(self, path: Path) -> list[str]:
        return [file for file in super()._files(path) if file.endswith(".py")]


class _NoCallSites(asked.CallSites):
    """A workspace in which nobody calls anything."""

    def of(self, *_: Any) -> dict[str, Any]:
        return {}


def trace(path: Path, sites: type[asked.CallSites] = _WithoutDocumentation) -> list[dict[str, Any]]:
    """The traces of each class that defines `forward`, from `aotlens trace FILE --format json`."""
    output = io.StringIO()
    options = TraceOptions(format="json", timeout=TIMEOUT)
    with (
        unittest.mock.patch.object(asked, "CallSites", sites),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        command.run_trace(str(path), options, show_output=False, verbose=False, spawn=False)
    traces = json.loads(output.getvalue())["traces"]
    wanted = classes_with_forward(path)
    found = {item["target"]["qualname"]: item for item in traces}
    if any(item["status"] == "failed" and item["failure"]["stage"] == "target" for item in traces):
        return []  # classes with a method `forward` that are no modules
    if "*" in found:
        return [{**found["*"], "target": {"qualname": name}} for name in sorted(wanted)]
    return [item for name, item in found.items() if name in wanted]


@dataclass(frozen=True)
class Compared:
    """A class that a written call reaches: its tensors there, and in a guess, which is None where there is none."""

    name: str
    origin: str
    known: list[str]
    guessed: list[str] | None


def compare(path: Path) -> list[Compared]:
    """The classes of a file that were traced by a written call, or recorded in one, beside their guesses."""
    known = {}
    for item in trace_documented(path):
        example = item.get("example") or {}
        if item["status"] == "traced" and _origin(example) in ("call-site", "pinned"):
            known[item["target"]["qualname"]] = example
    compared = []
    for item in trace(path, _NoCallSites) if known else ():
        name = item["target"]["qualname"]
        if name in known:
            guess = item["example"] if item["status"] == "traced" else None
            assert guess is None or _origin(guess) == "inferred", guess
            compared.append(_compared(f"{path.name}::{name}", known[name], guess))
    return compared


def trace_documented(path: Path) -> list[dict[str, Any]]:
    """The same where the calls in the package's README count."""
    return trace(path, CALL_SITES)


def _origin(example: dict[str, Any]) -> str | None:
    return example.get("recorded_origin") or example.get("origin")


def _compared(name: str, known: dict[str, Any], guess: dict[str, Any] | None) -> Compared:
    """Two examples of a class by the arguments that both give; all of them where there are none."""
    values = {argument["name"]: argument["value"] for argument in known["arguments"]}
    guessed = {argument["name"]: argument["value"] for argument in guess["arguments"]} if guess is not None else values
    both = [argument for argument in values if argument in guessed] or list(values)
    found = [kinds(guessed.get(argument, "")) for argument in both] if guess is not None else None
    return Compared(name, known["origin"], [kinds(values[argument]) for argument in both], found)


def kinds(value: str) -> str:
    """The rank of each tensor in a value, and whether it is of numbers with a fraction, of integers or of booleans."""
    found = re.findall(r"\b(f|bf|i|u|b|c)\d+\[([^\]]*)\]", value)
    return " ".join(f"{kind.removeprefix('b') or 'b'}{len(sizes.split(',')) if sizes else 0}" for kind, sizes in found)


def reason_of(failure: dict[str, Any]) -> str:
    """Why a class was not traced, as the documentation groups it."""
    message = failure["message"]
    if match := re.search(
        r"(\w+) is not installed|requires the (\w+) library|requires '([\w-]+)[<>=]|No module named '(\w+)", message
    ):
        return f"needs a package that is not installed: {next(name for name in match.groups() if name)}"
    if failure["reason"] != "error" or "in time" in message or "takes more than" in message:
        return "the time or memory limit"
    if re.search("values? of a tensor (is|say)|DataDependent|data-dependent", message):
        return "the graph depends on data"
    if "abstract class" in message:
        return "an abstract class"
    if failure["stage"] in ("import", "syntax"):
        return "the file cannot be imported"
    if failure["stage"] == "capture":
        return "runs, but cannot be captured"
    if failure["stage"] == "forward":
        return "fails whatever it is given, or with its own call site"
    return "no arguments were found that it takes"


def main() -> None:
    """Trace, print, and write where asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--documented", action="store_true")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    tallies, compared = [], []
    with multiprocessing.get_context("spawn").Pool(TRACERS, start) as pool:
        for package in PACKAGES:
            if arguments.packages and package.folder not in arguments.packages:
                continue
            tally, began = Tally(package), time.monotonic()
            files = files_of(package, arguments.folder.absolute(), arguments.files)
            if arguments.compare:
                found = [item for items in pool.imap_unordered(compare, files) for item in items]
                print_agreement(package.title, found)
                compared += found
                continue
            for traces in pool.imap_unordered(trace_documented if arguments.documented else trace, files):
                for item in traces:
                    tally.seconds.append(item["seconds"]["total"])
                    if item["status"] == "traced":
                        tally.rungs[item["example"]["origin"]] += 1
                        continue
                    tally.reasons[reason_of(item["failure"])] += 1
                    if arguments.verbose:
                        print(f"  {item['target']['path']}::{item['target']['qualname']}  {item['failure']['message']}")
            tally.elapsed = time.monotonic() - began
            tallies.append(tally)
            print(table([tally]), flush=True)
    if arguments.compare:
        print_agreement("all", compared)
        return
    text = table(tallies)
    if arguments.write is not None:
        document = arguments.write.read_text(encoding="utf-8")
        before, _, rest = document.partition(BEGIN)
        _, _, after = rest.partition(END)
        arguments.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def print_agreement(title: str, compared: list[Compared]) -> None:
    """How often guesses agree with calls that somebody wrote, of the class itself or of one that contains it."""
    for reach, origins in (("themselves", ("call-site", "pinned")), ("directly or within another class", RUNGS)):
        items = [item for item in compared if item.origin in origins]
        guesses = [item for item in items if item.guessed is not None]
        agree = sum(item.known == item.guessed for item in guesses)
        share = 100 * agree / max(len(guesses), 1)
        print(
            f"{title}: {len(items)} classes are called {reach}; {len(guesses)} of them were guessed, "
            f"{agree} with the same ranks and kinds, {share:.0f} %"
        )
    for item in compared:
        if item.known != item.guessed:
            print(f"  {item.name}: {item.known} is called, {item.guessed} was guessed", flush=True)


def table(tallies: list[Tally]) -> str:
    """The figures, and the reasons for what is not traced, in Markdown."""
    head = ["package", "subject", "classes", "traced", *RUNGS, "median s", "95th percentile s", "minutes"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(tally.row())} |" for tally in tallies]
    lines += ["", "| package | not traced, because | classes |", "|---|---|---|"]
    for tally in tallies:
        lines += [f"| {tally.package.title} | {reason} | {count} |" for reason, count in tally.reasons.most_common()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
