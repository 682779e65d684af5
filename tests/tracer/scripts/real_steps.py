"""A training step of a script of the corpus, run for real: what backward keeps, which gradients come, the groups.

The script runs as its user runs it, in a copy, until the backward pass of the step. Two calls are put into the copy:
one before the first statement of the step, one in the place of the backward pass.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class Step:
    """A step of the corpus.

    `start` is the first statement of it, before which the run is watched, and `backward` the statement that runs the
    backward pass of `loss`, or returns the loss; each is the text of one line. `file` has them, and `script` is run.
    `modules` are the expressions of the modules by the names that their parameters begin with, `optimizers` those of
    the optimizers.

    The rest are places in the file, at `|`: its backward pass, an optimizer that steps, a module, and variables with
    the place of each.
    """

    project: str
    target: str
    backward: str
    loss: str
    start: str
    modules: tuple[tuple[str, str], ...]
    optimizers: tuple[str, ...]
    script: str = "train.py"
    file: str = "train.py"
    hover_backward: str = ""
    hover_optimizer: str = ""
    hover_model: str = ""
    hover_values: tuple[tuple[str, str], ...] = ()

    @property
    def model(self) -> str:
        """The variable that `hover_model` is about."""
        return self.hover_model.replace("|", "").split(" = ")[1].partition("(")[0]

    def __str__(self) -> str:
        return f"{self.project}/{self.file}::{self.target}"


@dataclass(frozen=True)
class Ran:
    """One run of a step.

    `held` are the bytes of the storages that the graph of the loss keeps and that were made in the step.
    `gradients` counts the parameters that get a gradient, `missing` those that require one and get none; a tied
    parameter counts once. `groups` has the names of the
    parameters of each group of each optimizer. `shapes` are those of the tensors of the script, by variable.
    """

    held: int
    gradients: int
    missing: int
    groups: tuple[tuple[frozenset[str], ...], ...]
    shapes: dict[str, tuple[int, ...]]


class _Done(BaseException):
    pass


class _Kept:
    """A tensor that autograd saves; it lives for as long as the graph that needs it."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


class _Watch:
    def __init__(self, step: Step) -> None:
        self.step = step
        self.kept: weakref.WeakSet[_Kept] = weakref.WeakSet()
        self.hooks = saved_tensors_hooks(self._pack, lambda kept: kept.tensor)
        self.before: set[int] = set()
        self.loss: Any = None
        self.alive: list[Any] = []
        self.found: dict[str, Any] = {}

    def _pack(self, tensor: torch.Tensor) -> _Kept:
        kept = _Kept(tensor.detach())  # with its history, a saved result would keep the node that keeps it
        self.kept.add(kept)
        return kept

    def begin(self) -> None:
        if self.alive:
            return
        self.alive += [dict(sys._getframe(1).f_locals)]
        tensors = [each for each in gc.get_objects() if type(each) in (torch.Tensor, torch.nn.Parameter)]
        tensors += [each for each in tree_leaves(self.alive) if isinstance(each, torch.Tensor)]
        self.before = {each.untyped_storage().data_ptr() for each in tensors}
        self.hooks.__enter__()

    def end(self, loss: torch.Tensor) -> None:
        self.hooks.__exit__(None, None, None)
        frame = sys._getframe(1)
        named = {f"{prefix}.{name}" if prefix else name: value for prefix, name, value in self._parameters(frame)}
        names = {id(value): name for name, value in named.items()}
        trained = list({id(value): value for value in named.values() if value.requires_grad}.values())
        found = torch.autograd.grad(loss, trained, allow_unused=True, retain_graph=True)
        given = sum(gradient is not None for gradient in found)
        made = [eval(each, frame.f_globals, frame.f_locals) for each in self.step.optimizers]
        self.found = {
            "gradients": given,
            "missing": len(trained) - given,
            "groups": tuple(
                tuple(frozenset(names.get(id(p), "?") for p in group["params"]) for group in each.param_groups)
                for each in made
            ),
            "shapes": {
                name: tuple(value.shape) for name, value in frame.f_locals.items() if isinstance(value, torch.Tensor)
            },
        }
        self.loss = loss
        raise _Done

    def _parameters(self, frame: FrameType) -> Iterator[tuple[str, str, torch.nn.Parameter]]:
        for prefix, expression in self.step.modules:
            module = eval(expression, frame.f_globals, frame.f_locals)
            yield from ((prefix, name, value) for name, value in module.named_parameters(remove_duplicate=False))

    def held(self) -> int:
        gc.collect()
        storages = [each.tensor.untyped_storage() for each in self.kept]
        sizes = {each.data_ptr(): each.nbytes() for each in storages}
        return sum(size for pointer, size in sizes.items() if pointer not in self.before)


def run(step: Step, corpus: Path, folder: Path, paths: Sequence[str] = ()) -> Ran:
    """Run the script of a step, in a copy in `folder`, up to the step's backward pass. `paths` are further imports."""
    project = folder / step.project
    shutil.copytree(corpus / step.project, project, dirs_exist_ok=True)
    prepare(project)
    file = project / step.file
    file.write_text(_watched((corpus / step.project / step.file).read_text(encoding="utf-8"), step), encoding="utf-8")
    watch = _Watch(step)
    text = (project / step.script).read_text(encoding="utf-8")
    space = {"__name__": "__main__", "__file__": str(project / step.script)}
    with _running(project, paths), _names(watch):
        code = compile(text, str(project / step.script), "exec")
        with suppress(_Done):
            exec(code, space)
    if watch.loss is None:
        raise RuntimeError(f"{step} never came to its backward pass")
    space.clear()
    return Ran(held=watch.held(), **watch.found)


def _watched(text: str, step: Step) -> str:
    """The text with the two calls in it."""
    lines = []
    for each in text.splitlines():
        indent = each[: len(each) - len(each.lstrip())]
        if each.strip() == step.start:
            lines.append(f"{indent}__begin__()")
        lines.append(f"{indent}__end__({step.loss})" if each.strip() == step.backward else each)
    return "\n".join(lines) + "\n"


def prepare(project: Path) -> None:
    """Write the data that a project does not bring with it."""
    if project.name == "nanogpt":
        (project / "data").mkdir(exist_ok=True)
        tokens = bytes(i % 128 if i % 2 == 0 else 0 for i in range(4096))  # 16 bit integers
        for split in ("train", "val"):
            (project / f"data/{split}.bin").write_bytes(tokens)


@contextmanager
def _running(project: Path, paths: Sequence[str]) -> Iterator[None]:
    """The interpreter as a script of the project finds it. Modules of the project are forgotten afterwards."""
    arguments, path, folder, known = sys.argv, sys.path, Path.cwd(), set(sys.modules)
    sys.argv, sys.path = ["train.py"], [str(project), *path, *paths]
    os.chdir(project)
    try:
        yield
    finally:
        sys.argv, sys.path = arguments, path
        os.chdir(folder)
        for name in set(sys.modules) - known:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(project)):
                del sys.modules[name]


@contextmanager
def _names(watch: _Watch) -> Iterator[None]:
    import builtins

    builtins.__dict__.update(__begin__=watch.begin, __end__=watch.end)
    try:
        yield
    finally:
        del builtins.__dict__["__begin__"], builtins.__dict__["__end__"]
