"""The folders that a fenced child writes to: its own, in the place of those that libraries choose for themselves."""

from __future__ import annotations

import os
import sys
import tempfile

from ..scratch import Folder

SCRATCH = "tmp"
"""The part of a child's folder that user code may fill."""
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_CACHES = {
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_CACHE_DIR": "triton",
    "TORCH_EXTENSIONS_DIR": "extensions",
    "CUDA_CACHE_PATH": "cuda",
    "NUMBA_CACHE_DIR": "numba",
    "PYTORCH_KERNEL_CACHE_PATH": "kernels",
}
"""Caches that are of no use when they cannot be written, and that hold nothing that a model reads."""


def make_private(folder: Folder) -> str:
    """Let this process, and all that it starts, write below `folder`; return the part that user code may fill."""
    scratch = os.path.join(os.path.realpath(folder.path), SCRATCH)
    folder.new(SCRATCH).close()
    for name in _TEMPORARY:
        os.environ[name] = scratch
    for name, part in _CACHES.items():
        os.environ[name] = os.path.join(scratch, part)
    tempfile.tempdir = scratch
    sys.dont_write_bytecode = True
    return scratch
