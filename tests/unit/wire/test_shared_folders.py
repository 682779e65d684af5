"""A user's file, and folders in which everybody may write: what others have put there is not run."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from aotlens.session.examples.searched_files import searched_files
from aotlens_tracer.wire.owners import is_anothers, is_planted

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no owners")

SERVER = Path(__file__).parents[3] / "server"
OTHER = 12345
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

IMPORT = f"""
import importlib.util, json, os, sys
file, before, *planted = sys.argv[1:]
lstat, stat = os.lstat, os.stat
def of_other(look):
    def looked(path, **given):
        found = look(path, **given)
        if os.path.abspath(os.fspath(path)) not in planted:
            return found
        fields = list(found)
        fields[4] = {OTHER}
        return os.stat_result(fields)
    return looked
if planted:
    os.lstat, os.stat = of_other(lstat), of_other(stat)
roots = ()
exec(before)
sys.path.insert(0, {str(SERVER)!r})
from aotlens_tracer.loading.importing import import_file
sys.modules["ran"] = ran = []
try:
    ran.append(import_file(file, roots).DONE)
except ImportError as error:
    ran.append(str(error))
print(*ran)
"""
RUNS = "import sys; sys.modules['ran'].append({!r})\n"
"""What others have planted, and says so if it is run."""
FINDER = """
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "mapped":
            return importlib.util.spec_from_file_location(name, {!r})
sys.meta_path.append(Finder)
"""


def write(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def compiled(file: Path, text: str) -> Path:
    """Give a file a compiled file of another text, which seems to fit."""
    own = file.read_text()
    longest = max(len(own), len(text))
    write(file, text.ljust(longest))
    os.utime(file, (1e9, 1e9))
    py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    write(file, own.ljust(longest))
    os.utime(file, (1e9, 1e9))
    return Path(importlib.util.cache_from_source(str(file)))


def imported(file: Path, *planted: Path, before: str = "", code: str = "import_file(file)") -> str:
    """Return what is run as a file is imported, in its order. The planted files are another user's."""
    if IS_ROOT:
        for each in planted:
            os.lchown(each, OTHER, OTHER)
        planted = ()
    command = [sys.executable, "-c", IMPORT, str(file), before, *map(str, planted)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def model(statement: str) -> str:
    return f"try:\n    {statement}\nexcept ImportError:\n    pass\nDONE = 'done'\n"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder like `/tmp`."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def beside(shared: Path, name: str) -> tuple[Path, Path]:
    file, planted = write(shared / "model.py", model("import helper")), write(shared / name, RUNS.format("planted"))
    return file, planted if planted.parent == shared else planted.parent


def init_of_shared(shared: Path) -> tuple[Path, Path]:
    write(shared / "helper.py")
    file = write(shared / "model.py", "from .helper import __name__\nDONE = 'done'")
    return file, write(shared / "__init__.py", RUNS.format("planted"))


def init_of_namespace(shared: Path) -> tuple[Path, Path]:
    write(shared / "project" / "pyproject.toml")
    package = shared / "project" / "pkg"
    write(package / "helper.py")
    package.chmod(0o1777)
    file = write(package / "model.py", "import pkg.helper\nDONE = 'done'")
    return file, write(package / "__init__.py", RUNS.format("planted"))


def in_subfolder(shared: Path, mode: int, has_init: bool) -> tuple[Path, Path]:
    project = shared / "project"
    file = write(project / "model.py", model("import sub.helper"))
    planted = write(project / "sub" / "helper.py", RUNS.format("planted"))
    if has_init:
        write(project / "sub" / "__init__.py")
    (project / "sub").chmod(mode)
    return file, planted


def compiled_in_subfolder(shared: Path) -> tuple[Path, Path]:
    project = shared / "project"
    planted = compiled(write(project / "sub" / "helper.py"), RUNS.format("planted"))
    (project / "sub").chmod(0o1777)
    return write(project / "model.py", model("import sub.helper")), planted


def compiled_in_open_cache(shared: Path) -> tuple[Path, Path]:
    planted = compiled(write(shared / "project" / "helper.py"), RUNS.format("planted"))
    planted.parent.chmod(0o777)
    return write(shared / "project" / "model.py", model("import helper")), planted


def compiled_by_another(shared: Path) -> tuple[Path, Path]:
    planted = compiled(write(shared / "project" / "helper.py"), RUNS.format("planted"))
    return write(shared / "project" / "model.py", model("import helper")), planted


def through_a_link(shared: Path) -> tuple[Path, Path]:
    planted = write(shared / "planted.py", RUNS.format("planted"))
    file = write(shared / "project" / "model.py", model("import helper"))
    (shared / "project" / "helper.py").symlink_to(planted)
    return file, planted


def on_the_path_by_code(shared: Path) -> tuple[Path, Path]:
    write(shared / "libs" / "helper.py", RUNS.format("planted"))
    code = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'libs'))\n"
    return write(shared / "model.py", code + model("import helper")), shared / "libs"


def deep_in_an_open_folder(shared: Path) -> tuple[Path, Path]:
    planted = write(shared / "plugins" / "a" / "b" / "helper.py", RUNS.format("planted"))
    load = "from importlib.util import module_from_spec, spec_from_file_location\n"
    load += f"spec = spec_from_file_location('helper', {str(planted)!r})\n"
    (shared / "plugins").chmod(0o777)
    return write(shared / "model.py", load + model("spec.loader.exec_module(module_from_spec(spec))")), (
        shared / "plugins" / "a"
    )


def through_a_link_of_another(shared: Path) -> tuple[Path, Path]:
    write(shared.parent / "elsewhere" / "__init__.py", RUNS.format("planted"))
    (shared / "current").symlink_to(shared.parent / "elsewhere")
    file = write(shared.parent / "project" / "model.py", model("import helper"))
    (file.parent / "helper").symlink_to("../shared/current")
    return file, shared / "current"


PLANTED: dict[str, Callable[[Path], tuple[Path, Path]]] = {
    "a module beside the file": lambda shared: beside(shared, "helper.py"),
    "a package beside the file": lambda shared: beside(shared, "helper/__init__.py"),
    "the __init__.py of the shared folder": init_of_shared,
    "the __init__.py of a package that everybody may write to": init_of_namespace,
    "a module in an open package of a private project": lambda shared: in_subfolder(shared, 0o777, True),
    "a module in an open, sticky package": lambda shared: in_subfolder(shared, 0o1777, True),
    "a module in an open namespace": lambda shared: in_subfolder(shared, 0o1777, False),
    "a compiled file in an open package": compiled_in_subfolder,
    "a compiled file in an open __pycache__": compiled_in_open_cache,
    "a compiled file from when __pycache__ was open": compiled_by_another,
    "what a link leads to": through_a_link,
    "a folder that the code puts on the path": on_the_path_by_code,
    "a folder far above the module": deep_in_an_open_folder,
    "a link on the way of a link": through_a_link_of_another,
}


@pytest.mark.parametrize("place", PLANTED)
def test_what_others_have_planted_is_not_run(place: str, shared: Path) -> None:
    file, planted = PLANTED[place](shared)
    if not place.startswith("a compiled file in an open"):
        assert imported(file) == "planted done", "it is the user's own"
    assert imported(file, planted) == "done"


def test_what_was_planted_hides_nothing_of_the_users(shared: Path) -> None:
    file = write(shared / "model.py", "import helper\nDONE = helper.WHO")
    write(shared / "helper.py", "WHO = 'mine'")
    write(shared / "helper" / "__init__.py", "WHO = 'planted'")
    assert imported(file, shared / "helper") == "mine"
    write(shared / "sub" / "inner.py")
    write(file, "import sub.inner\nDONE = 'namespace'")
    assert imported(file, write(shared / "sub.py", RUNS.format("planted"))) == "namespace"


def test_no_other_finder_brings_what_was_planted(shared: Path) -> None:
    file = write(shared / "project" / "model.py", "import mapped\nDONE = 'done'")
    planted = write(shared / "planted.py", RUNS.format("planted"))
    finder = FINDER.format(str(planted))
    assert imported(file, before=finder) == "planted done"
    assert imported(file, planted, before=finder) == str(planted)


def test_installed_packages_are_as_ever(shared: Path) -> None:
    site = shared / "lib" / "site-packages"
    package = write(site / "package" / "__init__.py", RUNS.format("installed"))
    for folder in (site, package.parent):
        folder.chmod(0o777)
    file = write(shared / "model.py", "import package\nDONE = 'done'")
    assert imported(file, package, before=f"sys.path.append({str(site)!r})") == "installed done"


def test_a_folder_on_the_path_is_the_users_word_unless_the_file_lies_there(shared: Path) -> None:
    planted = write(shared / "helper.py", RUNS.format("of a colleague"))
    file = write(shared / "project" / "model.py", model("import helper"))
    path = f"sys.path.append({str(shared)!r})"
    assert imported(file, planted, before=path) == "done"
    elsewhere = write(shared.parent / "elsewhere" / "model.py", model("import helper"))
    assert imported(elsewhere, planted, before=path) == "of a colleague done"


def test_a_root_that_the_user_has_named_is_the_users_word(shared: Path) -> None:
    write(shared / "libs" / "helper.py", RUNS.format("of a colleague"))
    file = write(shared / "model.py", model("import helper"))
    libs = shared / "libs"
    assert imported(file, libs, before=f"roots = ({str(libs)!r},)") == "of a colleague done"


@pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
def test_a_project_that_belongs_to_one_other_user_is_imported(shared: Path) -> None:
    """As in a container into which the project is mounted."""
    project = shared / "project"
    file = write(project / "model.py", "import pkg.helper\nDONE = 'done'")
    write(project / "pkg" / "__init__.py", RUNS.format("package"))
    write(project / "pkg" / "helper.py", RUNS.format("helper"))
    for each in (*project.rglob("*"), project):
        each.chmod(0o777)
        os.chown(each, OTHER, OTHER)
    assert imported(file) == "package helper done"


def test_a_file_that_everybody_may_write_to_is_its_owners_still(shared: Path) -> None:
    """Those that a container with `umask 0` makes, and all on a disk of Windows in WSL, have such modes."""
    project = shared / "project"
    file = write(project / "pkg" / "model.py", "from . import helper\nDONE = __name__")
    init, helper = write(project / "pkg" / "__init__.py"), write(project / "pkg" / "helper.py", RUNS.format("helper"))
    settings = write(project / "pyproject.toml")
    for each in (init, helper, settings):
        each.chmod(0o666)
    assert imported(file) == "helper pkg.model"
    assert is_anothers(str(settings), str(file)), "settings that are more open than the file are not obeyed"
    assert is_anothers(str(settings), str(project / "gone.py")), "nor are they because the file is gone"
    file.chmod(0o666)
    assert not is_anothers(str(settings), str(file))
    assert is_anothers(str(shared), str(file.parent)), "a folder that is open lets everybody put something there"


def test_calls_in_files_of_others_are_no_examples(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mine.py", "mine_too/inner.py", "planted.py", "planted_folder/use.py"):
        write(shared / name)
    lstat = os.lstat

    def other(path: str) -> object:
        found = lstat(path)
        return SimpleNamespace(st_uid=OTHER, st_mode=found.st_mode) if "planted" in os.path.basename(path) else found

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", other)
        assert is_planted(str(shared / "planted.py"), str(shared))
        found = {os.path.relpath(file, shared) for file in searched_files(shared)}
    assert found == {"mine.py", "mine_too/inner.py"}
