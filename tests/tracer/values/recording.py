"""Records a call in the test's own process, and answers what an expression had."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from aotlens_tracer.examples.evaluate import BuiltExample
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.torch_private import fake_mode
from aotlens_tracer.values.dimensions import Dimensions
from aotlens_tracer.values.functions import Functions
from aotlens_tracer.values.named import with_dimensions
from aotlens_tracer.values.record import record
from aotlens_tracer.values.results import values_of
from aotlens_tracer.wire.values import ContainerValue, Recorded, TensorValue, Values

_numbers = itertools.count()


@dataclass(frozen=True)
class Recording:
    """A recorded call of a source."""

    lines: list[str]
    values: Values
    error: BaseException | None

    def text(self, index: int) -> str:
        """A value in brief: `f32[2, 3]`, `[f32[2], f32[3]]`, `16`."""
        value = self.values.values[index]
        if isinstance(value, TensorValue):
            kind = value.dtype.replace("float", "f").replace("int", "i")
            return f"{kind}{list(value.shape)}"
        if isinstance(value, ContainerValue):
            return f"{value.type}({', '.join(f'{item.key}: {self.text(item.value)}' for item in value.items)})"
        return value.text

    def of(self, text: str, line: int, role: str | None = None, nth: int = 0) -> list[str]:
        """The values of the expression that reads `text` on a line, in brief."""
        return [self.text(seen.value) for seen in self.recorded(text, line, role, nth).seen]

    def recorded(self, text: str, line: int, role: str | None = None, nth: int = 0) -> Recorded:
        """What was recorded of the expression that reads `text` on a line."""
        found = [
            each
            for file in self.values.files
            for each in file.recorded
            if (each.line, each.end_line) == (line, line)
            and self.lines[line - 1][each.column - 1 : each.end_column - 1] == text
            and role in (None, each.role)
        ]
        assert found, f"nothing was recorded of {text!r} on line {line}"
        return found[nth]

    def all(self) -> list[str]:
        """All expressions on one line, with their values."""
        return [
            f"{self.lines[each.line - 1][each.column - 1 : each.end_column - 1]} = "
            + " | ".join(self.text(seen.value) for seen in each.seen)
            for file in self.values.files
            for each in file.recorded
            if each.line == each.end_line
        ]


def load(folder: Path, source: str) -> Any:
    """Import a source from a file of its own."""
    path = folder / f"source_{next(_numbers)}.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def recorded(module: Any, example: Callable[[], tuple[Any, tuple[Any, ...]]], real: bool = False) -> Recording:
    """Record the call that `example` builds: a callable and its arguments, on fake tensors unless `real`."""
    mode = fake_mode()
    if real:
        function, args = example()
    else:
        with mode:
            function, args = example()
    built = BuiltExample(function, args, {}, None if real else mode, None)
    functions = Functions([module.__file__])
    recorder, error = record(functions, built)
    assert isinstance(function, nn.Module) or callable(function)
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    return Recording(lines, values_of(recorder, None, "real" if real else "fake", 0.0), error)


def recorded_with_names(module: Any, example: Callable[[], tuple[Any, tuple[Any, ...]]]) -> Recording:
    """Record a call on fake tensors, with the names and origins of sizes."""
    mode, birthplaces = fake_mode(), Birthplaces()
    with birthplaces.recording(), mode:
        function, args = example()
    built = BuiltExample(function, args, {}, mode, None)
    dimensions = Dimensions(built, birthplaces)
    recorder, error = record(Functions([module.__file__]), built, dimensions)
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    return Recording(lines, with_dimensions(values_of(recorder, None, "fake", 0.0), dimensions), error)
