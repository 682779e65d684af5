"""The text of `--ddp`: an error of DistributedDataParallel."""

from __future__ import annotations

import sys

from aotlens.explain.ddp import NOTHING_OF_DDP
from aotlens.model.ddp_errors import DdpError, read_ddp_error

from .options import UsageError


def ddp_error_in(text: str) -> DdpError:
    """Read the error in a text, or in stdin for `-`. Raises UsageError if there is none."""
    error = read_ddp_error(sys.stdin.read() if text == "-" else text)
    if error is None:
        raise UsageError(f"--ddp: the text cannot be explained: {NOTHING_OF_DDP}")
    return error
