"""Torch's own sample inputs for every module of `torch.nn`, looked up by name and number.

Used by the target files of the truth test and, on the same terms, by the script they are compared with.
"""

from __future__ import annotations

import functools
import random
import sys
import types
from dataclasses import dataclass
from typing import Any

import torch

MOST = 6
"""Samples taken of one module, so that all modules together take minutes.

Most modules have fewer. A few have one for every combination of their options, hundreds of them.
"""

_NOT_NEEDED = ("hypothesis", "pytest")
"""What torch's test utilities import where it is installed, and use in none of the samples."""


@functools.cache
def _module_database() -> list[Any]:
    """Torch's module database, imported without what makes that slow: every trace imports it anew.

    Of the operator database, which takes four times as long as all the rest, only `DecorateInfo` is imported there: it
    says what torch's own tests skip.
    """
    operators = types.ModuleType("torch.testing._internal.common_methods_invocations")
    operators.DecorateInfo = lambda *args, **kwargs: None  # type: ignore[attr-defined]
    hidden: dict[str, Any] = {operators.__name__: operators} | dict.fromkeys(_NOT_NEEDED)
    hidden = {name: module for name, module in hidden.items() if name not in sys.modules}
    sys.modules.update(hidden)
    try:
        from torch.testing._internal.common_modules import module_db
    finally:
        for name in hidden:
            del sys.modules[name]
    return module_db


@dataclass(frozen=True)
class Sample:
    """How one module is built, and called."""

    name: str
    number: int
    info: Any
    inputs: Any

    def build(self, module_class: type[torch.nn.Module]) -> torch.nn.Module:
        """An instance of a class derived from the sample's module."""
        return module_class(*self.inputs.constructor_input.args, **self.inputs.constructor_input.kwargs).train()

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments of the call."""
        return self.inputs.forward_input.args

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments of the call."""
        return self.inputs.forward_input.kwargs


def _samples(info: Any) -> list[Sample]:
    random.seed(0)
    torch.manual_seed(0)
    made = info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=True, training=True)
    return [Sample(info.name.removeprefix("nn."), number, info, inputs) for number, inputs in enumerate(made)]


def sample(name: str, number: int) -> Sample:
    """The sample of that number for `torch.nn.NAME`, made anew: under a fake mode its tensors are fake."""
    info = next(info for info in _module_database() if info.name == f"nn.{name}")
    return _samples(info)[number]


def chosen() -> list[Sample]:
    """At most `MOST` samples of each module, evenly spread over all of them, the first and the last included."""
    return [sample for samples in _spread() for sample in samples]


def one_each() -> list[Sample]:
    """One of the chosen samples of each module: the first of one module, the second of the next, and so on."""
    return [samples[number % len(samples)] for number, samples in enumerate(_spread()) if samples]


def _spread() -> list[list[Sample]]:
    found = []
    for info in _module_database():
        samples = _samples(info)
        count = min(len(samples), MOST)
        found.append([samples[round(i * (len(samples) - 1) / max(count - 1, 1))] for i in range(count)])
    return found


def target_source(samples: list[Sample]) -> str:
    """A Python file with one class per sample, each with its pinned example."""
    lines = ["import torch", "from module_samples import sample", ""]
    for s in samples:
        name = f"{s.name}_{s.number}"
        lines += [
            f"# aotlens: (s := sample({s.name!r}, {s.number})).build({name})(*s.args, **s.kwargs)",
            f"class {name}(torch.nn.{s.name}):",
            f"    {s.inputs.desc!r}",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Write the target files named on the command line, with `all` or `one-each` of the chosen samples."""
    _, which, *files = sys.argv
    samples = chosen() if which == "all" else one_each()
    for index, file in enumerate(files):
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(target_source(samples[index :: len(files)]))


if __name__ == "__main__":
    main()
