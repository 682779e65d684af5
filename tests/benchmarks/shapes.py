"""Compares recorded shapes with runs on real tensors, in classes drawn from packages. Run by `make shapes`.

Each class is called with the example that aotlens infers for it. A class without one, or whose call fails, is left out,
and the next of the draw takes its place. The floor is pinned: the run fails below it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import importlib.util
import os
import pickle
import random
import resource
import signal
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tracer"))

from values.against_real_runs import Comparison, compare  # noqa: E402

from aotlens_tracer.examples.evaluate import BuiltExample, build  # noqa: E402
from aotlens_tracer.examples.inferred import machine  # noqa: E402
from aotlens_tracer.examples.inferred.search import Search  # noqa: E402
from aotlens_tracer.graph.birthplaces import Birthplaces  # noqa: E402
from aotlens_tracer.torch_private import compiled_code_in_eager  # noqa: E402
from aotlens_tracer.wire.protocol import ExampleSource  # noqa: E402

FLOOR = 0.99
SEED = 20261127
CLASSES = 40
MOST_BYTES = 1 << 30
"""Bytes of the parameters of a model that is run."""
MOST_MEMORY = 10 << 30
"""Bytes that a process may have."""
SECONDS = 90
"""How long a process may take for one file."""
PACKAGES = (
    ("vit_pytorch", "*.py"),
    ("transformers", "models/*/modeling_*.py"),
    ("denoising_diffusion_pytorch", "*.py"),
    ("x_transformers", "*.py"),
    ("audio_encoders_pytorch", "*.py"),
    ("conformer", "*.py"),
    ("egnn_pytorch", "*.py"),
)


def main() -> None:
    """Draw files, compare a class of each, print a line for each, and fail below the floor."""
    torch.set_num_threads(1)
    if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
        for name in ("torchvision", "torchvision.models", "torchvision.transforms"):
            sys.modules[name] = MagicMock(__spec__=None)
    machine.prepare()
    with contextlib.suppress(ImportError):
        importlib.import_module("transformers")
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CLASSES
    executed = agreeing = count = 0
    for path, package in _files():
        if count == wanted:
            break
        answer = _in_a_process(path, package)
        if answer is None:
            continue
        qualname, found = answer
        count, executed, agreeing = count + 1, executed + found.executed, agreeing + found.agreeing
        print(f"{found.share:7.2%} of {found.executed:5} {found.weights:5} {path.name}::{qualname}", flush=True)
        for (file, line, column), fact, times in found.missed[:4]:
            print(f"        {file}:{line}:{column} {fact} {times} times", flush=True)
    share = agreeing / max(executed, 1)
    print(f"{share:.3%} of {executed} tensor assignments in {count} classes agree")
    if share < FLOOR or count < wanted:
        sys.exit(f"at least {FLOOR:.0%} of {wanted} classes have to agree")


def _files() -> list[tuple[Path, str]]:
    """The files of the packages that are installed, in a drawn order: each package in turn."""
    drawn = random.Random(SEED)
    lists = []
    for package, pattern in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            print(f"{package} is not installed: left out")
            continue
        files = sorted(Path(spec.submodule_search_locations[0]).glob(pattern))
        drawn.shuffle(files)
        lists.append([(file, package) for file in files])
    turns = []
    while any(lists):
        turns += [each.pop() for each in lists if each]
    return turns


def _in_a_process(path: Path, package: str) -> tuple[str, Comparison] | None:
    """The first class of a file that can be compared, with its comparison: in a process that has limits."""
    sys.stdout.flush()
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
        for kind in _classes(path, package):
            found = _compared(kind, path)
            if found is not None and found.executed:
                with open(writer, "wb") as file:
                    pickle.dump((kind.__qualname__, found), file)
                break
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        data = file.read()
    os.waitpid(process, 0)
    return pickle.loads(data) if data else None


def _classes(path: Path, package: str) -> list[type[nn.Module]]:
    """The module classes that a file defines, the last ones first: these use the others."""
    root = next(parent for parent in path.parents if parent.name == package).parent
    name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    try:
        module = importlib.import_module(name)
    except Exception:
        return []
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__
    ]
    return found[::-1][:6]


def _compared(kind: type[nn.Module], path: Path) -> Comparison | None:
    """The comparison of one class; None if it has no example that runs."""
    module = sys.modules[kind.__module__]
    birthplaces = Birthplaces()
    try:
        with compiled_code_in_eager(), contextlib.redirect_stdout(sys.stderr):
            expression = Search(kind, module, birthplaces, None).run()
            source = ExampleSource(expression, "inferred", str(path))

            def made(is_real: bool) -> BuiltExample:
                needs: Any = RuntimeError() if is_real else None
                return build(source, module, birthplaces, None, lambda _: None, needs)

            with torch.no_grad():
                size = sum(each.numel() * each.element_size() for each in made(False).module.parameters())
            return compare(made, [str(path)]) if size <= MOST_BYTES else None
    except Exception as error:
        print(f"{kind.__qualname__}: {type(error).__name__}: {str(error)[:120]!r}", file=sys.stderr)
        return None
    finally:
        gc.collect()


if __name__ == "__main__":
    faulthandler.enable()
    main()
