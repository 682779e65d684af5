"""Imports, circles and sizes: the rules of the house that a program can check (reasons: docs/architecture.md)."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from unit.syntax_trees import syntax_tree

ROOT = Path(__file__).parent.parent.parent
SERVER = ROOT / "server"
EXTENSION = ROOT / "vscode-extension" / "src"
MOST_LINES = 400
MOST_METHODS = 25
PYTHON_FILES = sorted(SERVER.rglob("*.py"))
TYPESCRIPT_FILES = sorted(EXTENSION.rglob("*.ts"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_contracts_of_imports_hold() -> None:
    """Layers, walls and circles, as `[tool.importlinter]` in pyproject.toml has them."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", code, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(SERVER)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_file_is_too_long() -> None:
    too_long = {
        name(path)
        for path in [*PYTHON_FILES, *TYPESCRIPT_FILES]
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert too_long == set()


def test_no_class_has_too_many_methods() -> None:
    too_many = {
        f"{name(path)}: {node.name}"
        for path in PYTHON_FILES
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.ClassDef)
        and sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body) > MOST_METHODS
    }
    assert too_many == set()


def lines_of_code(pattern: str) -> list[str]:
    """The lines of the server and the tracer that a pattern matches, with their places."""
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in PYTHON_FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_docstrings_and_comments_put_the_subject_first() -> None:
    assert lines_of_code(r'^\s*(?:r?"""|# )(?:Of|Where|What)\b') == []


def test_no_path_of_a_workspace_raises_when_it_is_looked_for() -> None:
    """`Path.exists` raises for a link to a name that is too long or forbidden (before Python 3.14), `os.path` never."""
    raising = lines_of_code(r"\.(?:exists|is_file|is_dir|is_symlink)\(\)")
    told = "server/aotlens/cli/report/page_file.py"  # which says why a file cannot be written
    assert [line for line in raising if not line.startswith(told)] == []


def literals(path: Path) -> list[tuple[int, str]]:
    """The string literals of a file that are no docstrings, each with its line; `{}` stands for an expression."""
    nodes = list(ast.walk(syntax_tree(path)))
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    found = []
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            texts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
            found.append((node.lineno, "".join(texts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | docstrings:
            found.append((node.lineno, node.value))
    return found


def test_features_and_commands_have_no_sentences() -> None:
    """Sentences are words of `explain/`. A literal of four words is one; messages to authors of clients are not."""
    for_authors = SERVER / "aotlens/lsp/commands/arguments.py"
    paths = [path for folder in ("features", "lsp/commands") for path in (SERVER / "aotlens" / folder).rglob("*.py")]
    sentences = {
        f"{name(path)}:{line}: {text}"
        for path in paths
        if path != for_authors
        for line, text in literals(path)
        if len(re.findall(r"[A-Za-z]+", text)) >= 4 and " " in text
    }
    assert sentences == set()


def test_ignored_types_have_a_reason() -> None:
    assert lines_of_code(r"# type: ignore(?!\[[\w, -]+\]  # \w)") == []


def test_the_extension_has_no_circle_of_imports() -> None:
    imports = {
        path.stem: set(re.findall(r"""from ["']\./(\w+)["']""", path.read_text(encoding="utf-8")))
        for path in TYPESCRIPT_FILES
    }
    assert any(imports.values())
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/architecture.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    """A page names files by their path, or by the end of it: `model/lines.py`, `tests/unit`, `hover/`."""
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|ts|md|sh|toml|json)|(?:tests|server|docs)/[\w./-]+)`", text)
    elsewhere = ("torch/", "model.py")
    tops = [ROOT / top for top in ("server", "tests", "docs", "vscode-extension/src", "vscode-extension/scripts")]
    paths = {f"/{path.relative_to(ROOT)}" for top in tops for path in [top, *top.rglob("*")]}
    paths |= {f"/{path.name}" for path in ROOT.iterdir()}
    ends = {name.rstrip("/") for name in named if not name.startswith(elsewhere)}
    assert {end for end in ends if not any(path.endswith(f"/{end}") for path in paths)} == set()
