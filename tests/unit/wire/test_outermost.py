"""A trusted folder that was named: its files belong to nothing above it, and import nothing beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SERVER = Path(__file__).parents[3] / "server"

LIMITED = f"""
import sys
sys.path.insert(0, {str(SERVER)!r})
from aotlens_tracer.loading.importing import import_file
from aotlens_tracer.loading.outermost import obey_nothing_above
path, outermost, *extra = sys.argv[1:]
obey_nothing_above(outermost or None)
module = import_file(path, tuple(extra))
print(module.__name__, module.FOUND)
"""
LOOKS = """
FOUND = []
for name in ("beside_the_package", "of_the_project", "in_src", "own_sister"):
    try:
        __import__(name)
    except ImportError:
        continue
    FOUND.append(name)
"""


class Tree:
    """A project with a package in a package, and `mine` in that, whose model says which modules it can import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mine = folder / "a" / "b" / "mine"
        self.model = self.write("a/b/mine/model.py", LOOKS)
        for name in ("of_the_project.py", "src/in_src.py", "pyproject.toml", "a/b/mine/own_sister.py"):
            self.write(name)

    def write(self, name: str, text: str = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def imported(self, outermost: Path | str, *extra: Path) -> str:
        command = [sys.executable, "-c", LIMITED, str(self.model), str(outermost), *map(str, extra)]
        ran = subprocess.run(command, capture_output=True, text=True)
        return ran.stdout.strip() or ran.stderr.strip().splitlines()[-1]


def test_no_project_above_the_outermost_trusted_folder_gives_modules(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.imported("") == "model ['of_the_project', 'in_src', 'own_sister']"
    assert tree.imported(tree.mine) == "model ['own_sister']"
    assert tree.imported(tree.mine, tmp_path / "src") == "model ['in_src', 'own_sister']", "the user's setting"
    tree.model.write_text("from ..x import y\n")
    tree.write("a/b/x.py", "raise SystemExit('obeyed')")
    assert tree.imported("") == "obeyed"
    assert tree.imported(tree.mine).startswith("ImportError: attempted relative import")


def test_no_package_above_the_outermost_trusted_folder_is_run(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for package in ("a", "a/b", "a/b/mine"):
        tree.write(f"{package}/__init__.py")
    tree.write("a/b/mine/inner.py")
    tree.model.write_text(f"from . import inner\n{LOOKS}")
    assert tree.imported("") == "a.b.mine.model ['of_the_project', 'in_src']"
    assert tree.imported(tree.mine) == "mine.model []", "a trusted package is imported as one"
    tree.write("a/b/__init__.py", "raise SystemExit('obeyed')")
    tree.write("a/b/of_the_project.py")
    tree.write("a/b/in_src/any.py")
    assert tree.imported("") == "obeyed"
    assert tree.imported(tree.mine) == "mine.model []", "what is beside it is not imported"
    assert tree.imported(tree.mine, tmp_path / "a" / "b") == "mine.model ['of_the_project', 'in_src']"
