"""A user's file in a folder that everybody may write to: what others have put beside it is not run."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from aotlens.session.examples.searched_files import searched_files
from aotlens_tracer.wire.owners import is_planted

SERVER = Path(__file__).parents[3] / "server"
OTHER = 12345

IMPORT = f"""
import os, sys
sys.path.insert(0, {str(SERVER)!r})
from aotlens_tracer.loading.importing import import_file
lstat = os.lstat
class Other:
    st_uid = {OTHER}
os.lstat = lambda path, **given: Other if "planted" in os.path.basename(path) else lstat(path, **given)
module = import_file(sys.argv[1])
print(module.WHO, module.HELPER)
"""
MODEL = """
WHO = "source"
import mine, mine_too.inner
try:
    import planted
    HELPER = "planted"
except ImportError:
    HELPER = "none"
"""


def imported(file: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", IMPORT, str(file)], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder like `/tmp` with a file of the user's, other modules, and the compiled file of something else."""
    folder = tmp_path / "shared"
    (folder / "mine_too").mkdir(parents=True)
    folder.chmod(0o1777)
    (folder / "mine.py").touch()
    (folder / "mine_too" / "inner.py").touch()
    (folder / "model.py").write_text(MODEL.replace("source", "faked "))
    os.utime(folder / "model.py", (1e9, 1e9))
    py_compile.compile(str(folder / "model.py"), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    (folder / "model.py").write_text(MODEL)
    os.utime(folder / "model.py", (1e9, 1e9))
    assert Path(importlib.util.cache_from_source(str(folder / "model.py"))).exists()
    return folder


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no owners")
@pytest.mark.parametrize("planted", ["planted.py", "planted/__init__.py", "planted/any.py"])
def test_modules_of_others_and_compiled_files_are_not_imported(shared: Path, planted: str) -> None:
    (shared / planted).parent.mkdir(exist_ok=True)
    (shared / planted).touch()
    assert imported(shared / "model.py") == "source none"
    package = shared / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.py").write_text(MODEL)
    assert imported(package / "model.py") == "source none", "the folder above the package"
    shared.chmod(0o755)
    assert imported(shared / "model.py") == "faked  planted", "a folder that is not shared is as ever"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no owners")
def test_calls_in_files_of_others_are_no_examples(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shared / "planted_folder").mkdir()
    for name in ("planted.py", "planted_folder/use.py"):
        (shared / name).touch()
    lstat = os.lstat

    def other(path: str) -> object:
        return SimpleNamespace(st_uid=OTHER) if "planted" in os.path.basename(path) else lstat(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", other)
        assert is_planted(str(shared / "planted.py"), str(shared))
        found = {os.path.relpath(file, shared) for file in searched_files(shared)}
    assert found == {"mine.py", "mine_too/inner.py", "model.py"}
