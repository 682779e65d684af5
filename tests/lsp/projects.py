"""Small projects for the session's tests: modules slow on request, interpreters, and the processes of a server."""

from __future__ import annotations

import os
import sys
import sysconfig
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aotlens.lsp.connection import is_alive
from aotlens_tracer.process.memory import children_of

PATIENCE = 120.0
PROMPTLY = 10.0
"""Seconds for what users get within a few seconds, on a machine that has other things to do."""

HEADER = "import os\nimport sys\nimport time\n\nimport torch\nfrom torch import nn\n"
_Found = TypeVar("_Found")


def module(name: str, *body: str, example: str | None = None, size: str = "2") -> str:
    """The source of a class with one linear layer and an example. `body` stands in its constructor."""
    lines = "".join(f"        {line}\n" for line in body)
    return (
        f"\n\n# aotlens: {example or f'{name}()(torch.ones(3, 2))'}\n"
        f"class {name}(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"{lines}"
        f"        self.fc = nn.Linear(2, {size})\n"
        "\n"
        "    def forward(self, x):\n"
        "        return self.fc(x)\n"
    )


def write(path: Path, *parts: str) -> Path:
    """Write a source file, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(parts), encoding="utf-8")
    return path


def held(path: Path) -> str:
    """A line of code that takes for ever while a file exists."""
    return f"while os.path.exists({str(path)!r}): time.sleep(0.05)"


def environment(folder: Path, *, torch: bool) -> Path:
    """A virtual environment, which imports this interpreter's packages or none. Gives its interpreter."""
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    if torch:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        packages = "\n".join(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))
        (folder / "lib" / version / "site-packages" / "borrowed.pth").write_text(packages, encoding="utf-8")
    return python


def eventually(found: Callable[[], _Found | None], what: str, timeout: float = PATIENCE) -> _Found:
    """Wait until a function gives something that is true."""
    end = time.monotonic() + timeout
    while not (result := found()):
        assert time.monotonic() < end, f"after {timeout} s still not: {what}"
        time.sleep(0.02)
    return result


def gone(pid: int, what: str, timeout: float = PROMPTLY) -> None:
    """Wait until a process has ended."""
    eventually(lambda: not is_alive(pid), f"the end of {what}", timeout)


def servers() -> list[int]:
    """The language servers that this process has started."""
    return [pid for pid in children_of(os.getpid()) if is_alive(pid) and b"aotlens\0serve" in _command(pid)]


def tracers(server: int) -> list[int]:
    """The tracers of a server."""
    return [pid for guardian in guardians(server) for pid in children_of(guardian) if is_alive(pid)]


def guardians(server: int) -> list[int]:
    """The guardians of a server's tracers; the tracers themselves where there are none."""
    return [pid for pid in children_of(server) if is_alive(pid) and b"_aotlens_tracer" in _command(pid)]


def children(tracer: int) -> list[int]:
    """The traces that a tracer runs."""
    return [pid for pid in children_of(tracer) if is_alive(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
