"""Autograd's engine, which starts a thread for each device at its first backward pass."""

from __future__ import annotations

import torch


def start_engine_before_fake_devices() -> None:
    """Let the engine start now, where there is no accelerator: it has no thread then, and processes can fork.

    A build of torch for CUDA that finds no GPU gets a stand-in for one with the first fake mode (torch 2.13 to 2.15).
    The engine would start a thread for it, and then refuse every backward pass in a process that is forked later.
    """
    if not torch.accelerator.is_available():
        torch.zeros((), requires_grad=True).backward()  # type: ignore[no-untyped-call]  # torch has no types
