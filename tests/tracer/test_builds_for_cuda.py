"""A build of torch for CUDA traces on a machine without a GPU. It is what `pip install torch` brings on Linux."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from support import ROOT

FORKED = """\
import os, sys
sys.path.insert(0, sys.argv[1])
from aotlens_tracer.steps.warm_up import warm_up
warm_up()
import torch
pid = os.fork()
if pid == 0:
    torch.zeros((), requires_grad=True).backward()
    os._exit(0)
sys.exit(os.waitpid(pid, 0)[1] != 0 or len(os.listdir("/proc/self/task")) != 1)
"""


@pytest.mark.skipif(
    torch.version.cuda is None or torch.cuda.is_available(), reason="needs a build for CUDA, and no GPU"
)
def test_a_process_that_is_forked_after_the_warm_up_can_run_backward() -> None:
    subprocess.run([sys.executable, "-c", FORKED, str(ROOT / "server")], check=True)
