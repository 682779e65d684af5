"""Before the first request: importing torch once, and whether this interpreter can trace."""

from __future__ import annotations

import gc
import os
import re
import sys
import time

from ..wire.protocol import MINIMUM_TORCH, VERSION, Ready, python_version


def get_ready(fork: bool) -> Ready:
    """Import torch, and all that a trace needs from it, so that a forked child need not."""
    start = time.perf_counter()
    # One thread: a fork of a process that ran OpenMP or OpenBLAS threads hangs as soon as it computes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    version, cuda = None, False
    try:
        version, cuda = _import_torch()
        problem, message = _problem_with(version)
    except ModuleNotFoundError as error:
        problem = "no-torch" if error.name == "torch" else "broken-torch"
        message = "torch is not installed in this interpreter" if problem == "no-torch" else f"importing torch: {error}"
    except (Exception, SystemExit) as error:
        problem, message = "broken-torch", f"torch cannot be imported: {type(error).__name__}: {error}"
    if fork and problem is None:
        gc.collect()
        gc.freeze()  # memory that is shared with the children stays shared: the collector does not write to it
    seconds = round(time.perf_counter() - start, 3)
    return Ready(VERSION, python_version(), sys.executable, version, problem, message, fork, cuda, seconds)


def _import_torch() -> tuple[str, bool]:
    """Return torch's version, and whether it finds a GPU."""
    import torch

    version, cuda = torch.__version__, torch.cuda.is_available()
    if _release(version) >= MINIMUM_TORCH:
        torch.set_num_threads(1)
    return version, cuda


def _problem_with(version: str) -> tuple[str | None, str | None]:
    """Return the code and the text of what keeps this torch from being traced with; (None, None) if nothing does."""
    if _release(version) < MINIMUM_TORCH:
        needed = ".".join(map(str, MINIMUM_TORCH))
        return "old-torch", f"torch {version} is too old: aotlens needs {needed} or newer"
    try:
        from ..steps import trace  # noqa: F401
    except (ImportError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        return "other-torch", f"aotlens works with torch 2.13 to 2.15, and not with {version} ({why})"
    return None, None


def _release(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
