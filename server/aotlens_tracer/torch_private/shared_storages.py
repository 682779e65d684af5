"""Tensors on their way to another process, as from a DataLoader's worker: as copies, where no socket may be opened.

torch passes the descriptor of shared memory through a local socket (`torch.multiprocessing.reductions.reduce_storage`),
and a fenced process gets none. What such a copy has is the same; a later change by one process is not seen by others.
"""

from __future__ import annotations

import contextlib
import ctypes
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch


def pass_storages_by_value() -> None:
    """Let this process, and those that it forks, send storages of the CPU as their bytes."""
    with contextlib.suppress(ImportError, AttributeError):
        from torch.multiprocessing.reductions import reduce_storage

        def reduce(storage: torch.UntypedStorage) -> tuple[Any, ...]:
            if storage.device.type != "cpu":
                return reduce_storage(storage)  # type: ignore[no-any-return,no-untyped-call]  # torch's own
            return _rebuilt, (ctypes.string_at(storage.data_ptr(), storage.nbytes()),)

        ForkingPickler.register(torch.UntypedStorage, reduce)


def _rebuilt(data: bytes) -> torch.UntypedStorage:
    if not data:
        return torch.UntypedStorage(0)  # type: ignore[no-untyped-call]  # torch's own
    return torch.UntypedStorage.from_buffer(data, byte_order="native", dtype=torch.uint8)
