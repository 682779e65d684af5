"""`aotlens trace --ddp`: the text is read before anything is traced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support import CORPUS, ROOT, run_aotlens

FILE = str(CORPUS / "reports" / "ddp_more.py")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["trace", FILE, "--ddp", "3 4"],
            "--ddp is about the module that is given to DDP: name it, as in model.py::Net",
        ),
        (
            ["trace", f"{FILE}::Adapted", "--ddp", "out of memory: 3"],
            "--ddp: the text cannot be explained: it has no error",
        ),
        (["trace", f"{FILE}::Adapted", "--ddp", "3", "--format", "json"], "--format json has the map itself"),
        (["trace", f"{FILE}::Adapted", "--ddp", "3", "--saved"], "leave out --graph and --saved"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    done = run_aotlens(*arguments)
    assert done.returncode == 2
    assert message in done.stderr and not done.stdout


def test_an_error_on_stdin() -> None:
    """The whole error as it is in a log, of two ranks."""
    log = (
        "[rank0]: RuntimeError: Expected to have finished reduction in the prior iteration before starting a new one.\n"
        "[rank0]: Parameter indices which did not receive grad for rank 0: 1\n"
        "[rank1]: Parameter indices which did not receive grad for rank 1: 1 3\n"
    )
    command = [sys.executable, "-m", "aotlens", "trace", f"{Path(FILE).name}::Adapted", "--ddp", "-"]
    environment = {"PYTHONPATH": str(ROOT / "server"), "COLUMNS": "160", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=CORPUS / "reports", env=environment, input=log, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["1", "up.1.weight", "ddp_more.py:65", "none:", "forward", "never", "uses", "it"] in lines
    assert ["3", "down.1.weight", "ddp_more.py:66", "none:", "forward", "never", "uses", "it"] in lines
