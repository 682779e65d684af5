"""Import a user's file the way `import pkg.model` from its package root would, never as `__main__`."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import sys
import traceback
import types
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

from ..failures import TraceError
from ..wire.descriptor_map import Failure
from ..wire.owners import is_anothers, is_planted
from ..wire.problems import RemovedItself
from .outermost import is_obeyed, limit
from .overlay import read_bytes
from .shared_folders import guard

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


@dataclass(frozen=True)
class ModuleName:
    """The dotted name of a file, and the directories that have to be on `sys.path`, the first of them its root."""

    name: str
    roots: tuple[str, ...]


def module_name(path: str, extra_roots: tuple[str, ...] = ()) -> ModuleName:
    """Return the name and the roots under which the file at `path` is imported.

    The chain of `__init__.py` above it gives the package. Above that chain, folders count as namespace packages if
    something says so: the file lies under a root that the caller names or under the project's `src/`, it imports
    relatively beyond the chain, or it imports its own project by a name that starts at the project's root.
    """
    file = Path(path)
    folder = file.parent
    parts = [] if file.name == "__init__.py" else [_stem(file)]
    while os.path.isfile(folder / "__init__.py") and _is_ours(folder / "__init__.py", file) and folder.parent != folder:
        parts.insert(0, folder.name)
        folder = folder.parent
    project = _project_root(folder, file)
    package_depth = len(parts) - (file.name != "__init__.py")
    root = _namespace_root(file, folder, package_depth, project, extra_roots)
    if root is not None and root != folder:
        between = folder.relative_to(root).parts
        if all(part.isidentifier() for part in between):
            parts = [*between, *parts]
            folder = root
    roots = [str(folder)]
    own = [str(project / "src"), str(project)] if project else []
    for extra in (*extra_roots, *(folder for folder in own if not is_planted(folder, path))):
        if extra not in roots and os.path.isdir(extra):
            roots.append(extra)
    return ModuleName(".".join(parts) or folder.name, tuple(roots))


def _stem(file: Path) -> str:
    """Return the name of a file's module. That of a notebook is no module's that could be imported by mistake."""
    return file.stem if file.suffix != ".ipynb" else re.sub(r"\W", "_", file.name)


def _is_ours(found: Path, file: Path) -> bool:
    """Return whether something above a file exists and is the user's, and trusted: it would be run, or obeyed."""
    return is_obeyed(str(found)) and os.path.exists(found) and not is_anothers(str(found), str(file))


def _project_root(folder: Path, file: Path) -> Path | None:
    for candidate in (folder, *folder.parents):
        if any(_is_ours(candidate / name, file) for name in PROJECT_FILES):
            return candidate
    return None


def _namespace_root(
    file: Path, folder: Path, package_depth: int, project: Path | None, extra_roots: tuple[str, ...]
) -> Path | None:
    """Return the folder above `folder` from which the dotted name starts; None if `folder` itself is the root."""
    for extra in extra_roots:
        if folder.is_relative_to(extra):
            return Path(extra)
    if project is not None and folder.is_relative_to(project / "src"):
        return project / "src"
    level, absolute = _imports(file)
    missing = level - package_depth  # packages that `from ..x import y` needs above the `__init__.py` chain
    wanted = folder
    for _ in range(max(missing, 0)):
        wanted = wanted.parent
    if project is not None and folder != project:
        first = folder.relative_to(project).parts[0]
        if first in absolute or (missing > 0 and wanted.is_relative_to(project)):
            return project
    return wanted if missing > 0 and is_obeyed(str(wanted)) else None


def _imports(file: Path) -> tuple[int, set[str]]:
    """Return the deepest relative import level of a file, and the first names of its absolute imports."""
    try:
        tree = ast.parse(read_bytes(str(file)))
    except (OSError, SyntaxError, ValueError):
        return 0, set()
    level, names = 0, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            level = max(level, node.level)
            if node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
    return level, names


def put_on_path(named: ModuleName, path: str, extra_roots: tuple[str, ...] = ()) -> None:
    """Put the roots of the file at `path` on `sys.path`, so that nothing is found there that others have planted."""
    guard(path, extra_roots)
    limit(root for root in named.roots if root not in extra_roots)
    for position, root in enumerate(named.roots):
        if root not in sys.path:
            sys.path.insert(position, root)


def import_file(path: str, extra_roots: tuple[str, ...] = ()) -> types.ModuleType:
    """Import the file at `path` under its own dotted name and return the module.

    Raises whatever the user's code raises. A module that is already imported from this very file is returned as it is;
    one of the same name from elsewhere (a user's `random.py`) is left alone, and the file gets a name of its own.
    """
    named = module_name(path, extra_roots)
    put_on_path(named, path, extra_roots)
    importlib.invalidate_caches()
    loaded = sys.modules.get(named.name)
    if loaded is not None and _is_file(loaded, path):
        return loaded
    parent = named.name.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
        loaded = sys.modules.get(named.name)  # the package's own __init__ may have imported it
        if loaded is not None and _is_file(loaded, path):
            return loaded
    name = named.name if loaded is None else f"_aotlens_target_{named.name.replace('.', '_')}"
    if loaded is None and _found_file(name) == os.path.realpath(path):
        return _imported(name, path)
    return _load(name, path, parent)


def _imported(name: str, path: str) -> types.ModuleType:
    """Return the module of a name. One that took itself out of `sys.modules` cannot be imported: TraceError says so."""
    try:
        module = importlib.import_module(name)
        if module is None:  # which stands for a module that may not be imported
            raise TraceError(Failure("import", "error", RemovedItself(name), path))
        return module
    except KeyError as error:
        is_its_own = error.args == (name,) and error.__traceback__ is not None and not _has_frame(error, path)
        if not is_its_own or name in sys.modules:
            raise
        raise TraceError(Failure("import", "error", RemovedItself(name), path)) from None


def _has_frame(error: BaseException, path: str) -> bool:
    """Whether an exception comes from the code of a file."""
    return any(
        os.path.realpath(frame.f_code.co_filename) == os.path.realpath(path)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _load(name: str, path: str, parent: str) -> types.ModuleType:
    """Load a file that its name alone would not find: it is shadowed by another module, or no `.py` file."""
    spec = importlib.util.spec_from_file_location(name, path, loader=SourceFileLoader(name, path))
    assert spec is not None and spec.loader is not None  # because the loader is given
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    if parent and name.startswith(parent + "."):
        setattr(sys.modules[parent], name.rpartition(".")[2], module)
    return module


def _found_file(name: str) -> str | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return os.path.realpath(spec.origin) if spec is not None and spec.origin and spec.has_location else None


def _is_file(module: types.ModuleType, path: str) -> bool:
    """Whether a module is from a file. Code may put any object into `sys.modules`, and say anything of its file."""
    try:
        file = getattr(module, "__file__", None)
    except Exception:
        return False
    return isinstance(file, str) and os.path.realpath(file) == os.path.realpath(path)
