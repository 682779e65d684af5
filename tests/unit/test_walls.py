"""The walls between the rooms: which part may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = Path(__file__).parent.parent.parent / "server"


def imported_names(file: Path) -> set[str]:
    """The first names of a file's absolute imports, wherever in the file they stand."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def files(package: str) -> list[Path]:
    found = sorted((SERVER / package).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("file", files("aotlens"), ids=lambda file: str(file.relative_to(SERVER)))
def test_the_server_does_not_import_torch(file: Path) -> None:
    assert "torch" not in imported_names(file)


@pytest.mark.parametrize("file", files("aotlens_tracer"), ids=lambda file: str(file.relative_to(SERVER)))
def test_the_tracer_imports_the_standard_library_and_torch(file: Path) -> None:
    allowed = {"torch"} | sys.stdlib_module_names
    assert imported_names(file) - allowed == set()


@pytest.mark.parametrize("module", ["wire.descriptor_map", "wire.protocol", "process.memory"])
def test_what_both_sides_import_needs_no_torch(module: str) -> None:
    code = f"import sys, aotlens_tracer.{module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_the_command_line_starts_without_torch() -> None:
    code = "import sys, aotlens.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_the_answer_to_initialize_waits_for_no_feature() -> None:
    """What takes long to import comes after it."""
    code = (
        "import sys, aotlens.cli.serve; from aotlens.lsp.app import create_server; server = create_server();"
        + "assert 'textDocument/hover' in server.protocol.fm.features;"
        + "late = ('aotlens.features', 'aotlens.explain', 'aotlens.session.session', 'typer', 'rich');"
        + "assert not [name for name in sys.modules if name.startswith(late)]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_every_method_has_its_handler() -> None:
    from aotlens.lsp.methods import METHODS
    from aotlens.lsp.requests.requests import Handlers

    assert all(callable(getattr(Handlers, handler)) for handler, _ in METHODS.values())


def test_private_names_of_torch_are_in_one_file() -> None:
    private = {}
    for file in files("aotlens_tracer"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("torch._"):
                private.setdefault(file.name, []).append(node.module)
    assert set(private) == {"torch_private.py"}


def test_the_bootstrap_leaves_sys_path_alone(tmp_path: Path) -> None:
    """Neither the working directory nor the tracer's own folder gets onto the path, and no installed copy is used."""
    from aotlens_tracer.wire.protocol import PRIVATE_NAME, bootstrap_command

    (tmp_path / "json.py").write_text("raise SystemExit('the working directory was on sys.path')")
    command = bootstrap_command(sys.executable, "--child")
    probe = (
        "import sys; before = [p for p in sys.path if p];"
        + f"code = {command[3]!r}.replace('main(sys.argv[1:])', '');"
        + "exec(code); assert sys.path == before, (sys.path, before);"
        + f"assert {PRIVATE_NAME!r} in sys.modules and 'aotlens_tracer' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, check=True)
