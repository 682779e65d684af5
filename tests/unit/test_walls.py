"""Walls between the rooms that import-linter (test_contracts.py) cannot see: loaded modules and private names."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from unit.syntax_trees import syntax_tree

SERVER = Path(__file__).parent.parent.parent / "server"


def imported_names(file: Path) -> set[str]:
    """The first names of a file's absolute imports, wherever in the file they stand."""
    names = set()
    for node in ast.walk(syntax_tree(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def files(package: str) -> list[Path]:
    found = sorted((SERVER / package).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("file", files("aotlens_tracer"), ids=lambda file: str(file.relative_to(SERVER)))
def test_the_tracer_imports_the_standard_library_and_torch(file: Path) -> None:
    allowed = {"torch"} | sys.stdlib_module_names
    assert imported_names(file) - allowed == set()


def test_the_tracer_raises_no_sentence() -> None:
    """An exception of its own has facts, which `aotlens.explain.failures` puts into words."""
    found = []
    for file in files("aotlens_tracer"):
        raises = [node for node in ast.walk(syntax_tree(file)) if isinstance(node, ast.Raise)]
        texts = [node for one in raises for node in ast.walk(one) if isinstance(node, ast.Constant)]
        found += [
            f"{file.name}:{node.lineno}" for node in texts if isinstance(node.value, str) and " " in node.value.strip()
        ]
    assert found == []


@pytest.mark.parametrize(
    "module", ["wire.descriptor_map", "wire.protocol", "process.memory", "process.orphans", "process.scratch"]
)
def test_what_both_sides_import_needs_no_torch(module: str) -> None:
    code = f"import sys, aotlens_tracer.{module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_the_command_line_starts_without_torch() -> None:
    code = "import sys, aotlens.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_the_answer_to_initialize_waits_for_no_feature() -> None:
    """Slow imports come after it."""
    code = (
        "import sys, aotlens.cli.serve; from aotlens.lsp.app import create_server; server = create_server();"
        + "assert 'textDocument/hover' in server.protocol.fm.features;"
        + "late = ('aotlens.features', 'aotlens.explain', 'aotlens.session.session', 'typer', 'rich');"
        + "assert not [name for name in sys.modules if name.startswith(late)]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_every_request_and_command_has_its_handler() -> None:
    from aotlens.lsp.commands.handlers import HANDLERS as COMMAND_HANDLERS
    from aotlens.lsp.methods import COMMANDS, METHODS
    from aotlens.lsp.requests.handlers import HANDLERS

    assert METHODS.keys() == HANDLERS.keys()
    assert set(COMMANDS) == COMMAND_HANDLERS.keys()


def test_every_request_names_functions_that_exist() -> None:
    """They are imported at their first use only."""
    from aotlens.lsp.requests.handlers import HANDLERS, handler

    names = [name for request in HANDLERS.values() for name in (request.in_source, request.in_graph) if name]
    assert [name for name in names if not inspect.isfunction(handler(name))] == []
    parameters = {name: len(inspect.signature(handler(name)).parameters) for name in names}
    assert parameters == {name: 3 if name.endswith(".in_graph") else 2 for name in names}


FIRST_HOVER = r"""
import asyncio, json, sys
from aotlens.lsp.app import create_server

class Client:
    def __init__(self):
        self.answers = {}
        self.server = create_server()
        self.server.protocol.set_writer(self)

    def write(self, data):
        message = json.loads(data.partition(b"\r\n\r\n")[2])
        self.answers[message.get("id")] = message

    def close(self):
        pass

    def send(self, method, params, **id):
        self.server.protocol.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **id}).encode())

async def main():
    client = Client()
    client.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
    await asyncio.sleep(0)
    client.send("initialized", {})
    text = "from torch import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n"
    document = {"uri": "file:///project/model.py", "languageId": "python", "version": 1, "text": text}
    client.send("textDocument/didOpen", {"textDocument": document})
    position = {"line": 2, "character": 7}
    client.send("textDocument/hover", {"textDocument": {"uri": document["uri"]}, "position": position}, id=2)
    assert "not trusted" in client.answers[2]["result"]["contents"]["value"]
    print(*sys.modules, sep="\n")

asyncio.run(main())
"""
FOR_MAPS = (
    "aotlens_tracer.wire.advice",
    "aotlens_tracer.wire.descriptor_map",
    "aotlens_tracer.wire.findings",
    "aotlens_tracer.wire.graphs",
    "aotlens_tracer.wire.problems",
    "aotlens.explain.failures",
    "aotlens.explain.findings",
    "aotlens.model.index",
)
"""Modules that have a meaning only when there is a map or a failure."""


def test_the_first_hover_waits_for_no_other_feature_and_for_nothing_about_maps() -> None:
    run = subprocess.run([sys.executable, "-c", FIRST_HOVER], cwd=SERVER, check=True, capture_output=True, text=True)
    loaded = run.stdout.split()
    assert "aotlens.features.hover.hover" in loaded
    features = [name for name in loaded if name.startswith(("aotlens.features.", "aotlens.lsp.commands"))]
    assert [name for name in features if not name.startswith("aotlens.features.hover")] == []
    assert [name for name in loaded if name.startswith(FOR_MAPS)] == []


PRIVATE_OF_PYTHON = {"_exit", "_getframe", "_fields", "_display_width"}
"""Private names of the standard library that are documented, or have no public form."""
PRIVATE_OF_TORCH = {
    "_apply",
    "_backward_hooks",
    "_base",
    "_buffers",
    "_call_impl",
    "_modules",
    "_parameters",
    "_version",
}
"""Private names of torch's that a class of ours may have too, for itself alone."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def own_private_names(trees: list[ast.Module]) -> set[str]:
    """The private names that the tracer itself defines: functions, classes, variables and attributes of `self`."""
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found - PRIVATE_OF_TORCH | PRIVATE_OF_PYTHON


def private_touches(tree: ast.Module, own: set[str]) -> list[str]:
    """The private names, not our own, that a file imports, reads or gets by name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = [f"{module}.{alias.name}".strip(".") for alias in node.names]
            is_ours = isinstance(node, ast.ImportFrom) and node.level > 0
            hidden = [name for name in names if any(map(is_private, name.split("."))) or "fx.experimental" in name]
            found += [] if is_ours else hidden
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            if ast.unparse(node.value) not in ("self", "cls"):
                found.append(ast.unparse(node))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr", "patch.object"):
            named = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else None
            if isinstance(named, str) and is_private(named) and named not in own:
                found.append(ast.unparse(node))
    return found


def test_private_names_of_torch_are_in_one_folder() -> None:
    trees = {file: syntax_tree(file) for file in files("aotlens_tracer")}
    own = own_private_names([tree for file, tree in trees.items() if "torch_private" not in file.parts])
    touches = {
        str(file.relative_to(SERVER)): found
        for file, tree in trees.items()
        if "torch_private" not in file.parts and (found := private_touches(tree, own))
    }
    assert touches == {}


def test_private_names_are_seen_however_they_are_touched() -> None:
    code = """
from torch._dynamo import explain
import torch.utils._pytree
from torch.fx.experimental import symbolic_shapes
torch._C.whatever
tensor._base
self.module._parameters["weight"]
getattr(node, "_dynamo_source", None)
self._ours
"""
    assert len(private_touches(ast.parse(code), {"_ours"})) == 7


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
