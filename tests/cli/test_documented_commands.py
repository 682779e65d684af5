"""Every command that the documentation shows works as it is written.

Those of fenced blocks are run in bash, in a folder that has the files which the page speaks of. What another test runs,
or no test can run, stands in a table: a new command that is in none fails here. Of every `aotlens …` the options exist.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from aotlens.cli.app import app
from documented_commands import Command, fenced, in_sentences, pages, synopses
from notebook_files import code, write_notebook
from support import ROOT

Run = Callable[[str, Path], "subprocess.CompletedProcess[str]"]

MODEL = """\
import torch
from torch import nn


class {name}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return self.down(self.up(x).relu())


if __name__ == "__main__":
    {name}(64)(torch.randn(2, 16, 64))
"""
TRAINING = """\
import torch

from model import Net

net = torch.compile(Net(8), backend="aot_eager")
net(torch.randn(4, 8)).sum().backward()
"""


def commit(folder: Path) -> None:
    """Make a repository of a folder."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def of_readme(folder: Path) -> None:
    (folder / "model.py").write_text(MODEL.format(name="Block"), encoding="utf-8")
    (folder / "src").mkdir()
    (folder / "src/other.py").write_text(MODEL.format(name="Other"), encoding="utf-8")
    (folder / "log.txt").write_text("primals_4\n", encoding="utf-8")
    commit(folder)


def of_check(folder: Path) -> None:
    (folder / "model.py").write_text(MODEL.format(name="Block"), encoding="utf-8")


def of_decode(folder: Path) -> None:
    (folder / "model.py").write_text(MODEL.format(name="Net"), encoding="utf-8")
    (folder / "train.py").write_text(TRAINING, encoding="utf-8")
    environment = os.environ | {"TORCH_LOGS": "graph_code,aot_graphs"}
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        subprocess.run([sys.executable, "train.py"], cwd=folder, env=environment, stderr=log, check=True)


def of_failing(folder: Path) -> None:
    shutil.copy(ROOT / "tests/unit/features/project/failing/gated.py", folder)


def of_notebooks(folder: Path) -> None:
    write_notebook(folder / "train.ipynb", code(MODEL.format(name="Net")))


RUN: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
    "README.md": (
        of_readme,
        {
            'aotlens trace model.py::Block --example "Block(64)(torch.randn(2, 16, 64))"': 0,
            "aotlens trace model.py": 0,
            "aotlens trace model.py::Block --shapes": 0,
            "aotlens trace model.py::Block --format json": 0,
            "aotlens trace model.py::Block --convention compile": 0,
            "aotlens check src": 0,
            "aotlens lock": 0,
            "aotlens diff --rev HEAD": 0,
            "aotlens report model.py::Block -o block.html": 0,
            "aotlens decode log.txt --model model.py::Block": 0,
            "aotlens doctor": 0,
        },
    ),
    "docs/check.md": (of_check, {"aotlens check --format sarif --fail-on never > aotlens.sarif": 0}),
    "docs/decode.md": (
        of_decode,
        {
            'TORCH_LOGS="graph_code,aot_graphs" python train.py 2>&1 | aotlens decode': 0,
            "aotlens decode log.txt --model model.py::Net": 0,
            "aotlens decode log.txt --annotate": 0,
            "aotlens decode log.txt --format json": 0,
            "TORCH_TRACE=trace python train.py; aotlens decode trace": 0,
        },
    ),
    "docs/failing.md": (of_failing, {"aotlens trace gated.py::Model": 1}),
    "docs/notebooks.md": (of_notebooks, {"aotlens trace train.ipynb::Net": 0}),
}
"""The pages whose commands are run here: what makes their files, and the commands with their exit statuses."""

ELSEWHERE = {
    ("README.md", "aotlens trace docs/examples/norm.py"): "tests/cli/test_readme.py",
    ("docs/compile.md", "aotlens trace docs/examples/pause.py --convention compile"): "tests/cli/test_readme.py",
    ("docs/subclasses.md", "aotlens trace docs/examples/subclass.py::Mlp"): "tests/cli/test_readme.py",
    (
        "docs/distributed.md",
        "aotlens trace docs/examples/sharded.py::Decoder --collectives",
    ): "tests/cli/test_readme.py",
    ("docs/loss-not-falling.md", "aotlens check docs/examples/stuck.py"): "tests/cli/test_readme.py",
    (
        "docs/passes.md",
        "aotlens trace docs/examples/norm.py::RunningNorm --format json > export.json",
    ): "tests/cli/test_readme.py",
    (
        "docs/passes.md",
        "aotlens trace docs/examples/norm.py::RunningNorm --convention compile --format json > compile.json",
    ): "tests/cli/test_readme.py",
    (
        "docs/passes.md",
        "python docs/examples/compare_numbering.py export.json compile.json",
    ): "tests/cli/test_readme.py",
    ("docs/check.md", "aotlens check docs/examples/unused.py"): "tests/cli/test_check.py",
    ("docs/lock.md", "aotlens lock unused.py"): "tests/cli/test_lock.py",
    ("docs/lock.md", "cat aotlens.lock"): "tests/cli/test_lock.py",
    ("docs/lock.md", "aotlens diff unused.py"): "tests/cli/test_lock.py",
    ("docs/lock.md", "aotlens check --locked unused.py"): "tests/cli/test_lock.py",
    ("docs/report.md", "aotlens report norm.py unused.py -o page.html"): "tests/cli/test_report.py",
}
"""The commands whose output a page shows, and the test that compares it."""

NOT_RUN = {
    "make demo": "it makes an environment with torch first; its recipe is a trace of docs/examples/decoder.py",
    "make dev": "it makes an environment with torch",
    "make test": "it runs all tests",
    ".venv/bin/python -m pytest -m proof tests/tracer/test_truth.py": "it runs tests",
    "AOTLENS_UPDATE_EXPECTED=1 .venv/bin/python -m pytest tests/unit/features": "it changes the tests",
    "AOTLENS_UPDATE_EXPECTED=1 .venv/bin/python -m pytest tests/lsp/test_cases.py": "it changes the tests",
    "pip install -r requirements.txt": "it installs what the user's own project needs",
}
"""The commands that no test runs, and why."""

SAMPLE = (("docs/failing.md", "aotlens trace gated.py::Model"), ("README.md", "aotlens check src"))
"""What `make test` runs; the rest are proofs."""

EVERY = [command for page in pages() for command in fenced(page)]
MENTIONED = [command for page in pages() for command in (*fenced(page), *synopses(page), *in_sentences(page))]


@pytest.mark.parametrize("command", EVERY, ids=lambda each: f"{each.page}: {each.text}")
def test_a_command_is_run_or_it_is_known_why_not(command: Command) -> None:
    is_run = command.text in RUN.get(command.page, (None, {}))[1]
    test = ELSEWHERE.get((command.page, command.text))
    assert [is_run, test is not None, command.text in NOT_RUN].count(True) == 1, "enter it in a table of this file"
    if test is not None:
        text = (ROOT / test).read_text(encoding="utf-8")
        assert command.page in text or command.page.removeprefix("docs/") in text


def test_the_tables_have_no_command_that_is_gone() -> None:
    shown = {(each.page, each.text) for each in EVERY}
    assert {(page, text) for page, (_, texts) in RUN.items() for text in texts} <= shown
    assert ELSEWHERE.keys() <= shown
    assert NOT_RUN.keys() <= {text for _, text in shown}


@pytest.mark.parametrize("page", sorted({each.page for each in MENTIONED}))
def test_commands_and_their_options_exist(page: str) -> None:
    """Those of synopses and of sentences too. A name in capitals stands for something."""
    group = typer.main.get_group(app)
    for each in MENTIONED:
        if each.page == page:
            for words in aotlens_words(each.text):
                assert_exists(group, words, each)


def aotlens_words(text: str) -> Iterator[list[str]]:
    """The words after `aotlens` of each call of it in a line of the shell, without values in quotes."""
    for call in re.split(r"[|;&]|2>&1|>", re.sub(r"\[[^\]]*\]|<[^>]*>", lambda m: m[0].replace("|", ","), text)):
        if re.match(r"\s*(python -I -m )?aotlens\s", call):
            yield re.sub(r"\"[^\"]*\"|[\[\]]", " ", call.partition("aotlens")[2]).split()


def assert_exists(group: TyperGroup, words: list[str], shown: Command) -> None:
    name = next((word for word in words if not word.startswith("-")), None)
    if name is None or name.isupper():
        params = group.params
    else:
        assert name in group.commands, shown
        params = group.commands[name].params
    known = {"-h", "--help", "--install-completion", "--show-completion"}
    known |= {option for each in params for option in (*each.opts, *each.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert re.match(r"-+[\w-]+", word.rstrip(":,;"))[0] in known, shown  # type: ignore[index]  # it begins so


@pytest.mark.parametrize("command", sorted({each.text for each in MENTIONED if each.text.startswith("make ")}))
def test_targets_of_make_exist(command: str) -> None:
    target = command.split()[1]
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_scripts_that_are_named_exist() -> None:
    named = [word for each in MENTIONED for word in each.text.split() if re.match(r"(tests|docs)/", word)]
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path.partition("::")[0]).exists()] == []


@pytest.fixture
def in_shell(tmp_path: Path) -> Run:
    """Runs a line in bash, where `aotlens` and `python` are those of the tests."""
    programs = tmp_path / "bin"
    programs.mkdir()
    starts = {
        "aotlens": f"PYTHONPATH='{ROOT}/server' exec '{sys.executable}' -m aotlens",
        "python": f"exec '{sys.executable}'",
    }
    for name, start in starts.items():
        (programs / name).write_text(f'#!/bin/sh\n{start} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    environment |= {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120", "NO_COLOR": "1"}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
        words = ["bash", "-o", "pipefail", "-c", line]
        return subprocess.run(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    return run


def run_of_page(
    page: str, texts: list[str], run: Callable[[str, Path], subprocess.CompletedProcess[str]], folder: Path
) -> None:
    set_up, statuses = RUN[page]
    folder.mkdir()
    set_up(folder)
    for text in texts:
        done = run(text, folder)
        assert done.returncode == statuses[text], f"{text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, text
        assert done.stdout or ">" in text, text


@pytest.mark.parametrize(("page", "text"), SAMPLE)
def test_a_sample_works(
    page: str, text: str, in_shell: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    run_of_page(page, [text], in_shell, tmp_path / "project")


@pytest.mark.proof
@pytest.mark.parametrize("page", RUN)
def test_all_commands_of_a_page_work(page: str, in_shell: Run, tmp_path: Path) -> None:
    """In the order of the page: a later one may need what an earlier one writes."""
    run_of_page(page, list(RUN[page][1]), in_shell, tmp_path / "project")
