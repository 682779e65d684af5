"""Before the first request: importing torch once, and whether this interpreter can trace."""

from __future__ import annotations

import gc
import os
import re
import sys
import time

from ..wire.interpreters import BrokenTorch, InterpreterProblem, NoTorch, OldTorch, OtherTorch
from ..wire.protocol import MINIMUM_TORCH, VERSION, Ready, python_version
from ..wire.raised import Raised
from .fence import gaps


def get_ready(fork: bool) -> Ready:
    """Import torch, and all that a trace needs from it, so that a forked child need not."""
    start = time.perf_counter()
    # One thread: a fork of a process that ran OpenMP or OpenBLAS threads hangs as soon as it computes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    missing = gaps()  # before there are threads
    version, cuda = None, False
    problem: InterpreterProblem | None
    try:
        version, cuda = _import_torch()
        problem = _problem_with(version)
    except (Exception, SystemExit) as error:
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == "torch"
        problem = NoTorch() if is_missing else BrokenTorch(_raised(error))
    if fork and problem is None:
        _get_warm()
        gc.collect()
        gc.freeze()  # memory that is shared with the children stays shared: the collector does not write to it
    seconds = round(time.perf_counter() - start, 3)
    return Ready(VERSION, python_version(), sys.executable, version, problem, fork, cuda, seconds, missing, True)


def _import_torch() -> tuple[str, bool]:
    """Return torch's version, and whether it finds a GPU."""
    import torch

    version, cuda = torch.__version__, torch.cuda.is_available()
    if _release(version) >= MINIMUM_TORCH:
        torch.set_num_threads(1)
    return version, cuda


def _problem_with(version: str) -> InterpreterProblem | None:
    """Return why this version of torch cannot be traced with; None if it can."""
    if _release(version) < MINIMUM_TORCH:
        return OldTorch(version)
    try:
        from ..steps import trace  # noqa: F401
    except (ImportError, AttributeError) as error:
        return OtherTorch(version, _raised(error))
    return None


def _get_warm() -> None:
    """Let torch find, import and make what it needs at its first trace. No thread may be left: see above."""
    from ..steps.warm_up import warm_up

    warm_up()


def _raised(error: BaseException) -> Raised:
    return Raised(type(error).__name__, str(error))


def _release(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
