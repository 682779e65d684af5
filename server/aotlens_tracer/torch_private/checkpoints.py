"""Torch's records of calls of `checkpoint(…, use_reentrant=False)`, and the one that an error is about."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch.utils.checkpoint as torchs

Recompute = Callable[..., Any]


@contextlib.contextmanager
def watching_checkpoints(watch: Callable[[Any, Recompute], Recompute]) -> Iterator[None]:
    """Give each record to `watch` when the checkpoint is called, with the function that computes its values again.

    `watch` returns the function that takes the place of that one.
    """
    kind: Any = getattr(torchs, "_CheckpointFrame", None)
    if kind is None:
        yield
        return
    make = kind.__init__

    @functools.wraps(make)
    def note(record: Any, *args: Any, **kwargs: Any) -> None:
        make(record, *args, **kwargs)
        if callable(again := getattr(record, "recompute_fn", None)):
            record.recompute_fn = watch(record, again)

    kind.__init__ = note
    try:
        yield
    finally:
        kind.__init__ = make


def checkpoint_of(error: BaseException) -> Any | None:
    """Return the record that a checkpoint's own error is about; None for any other error."""
    kind = getattr(torchs, "_CheckpointFrame", None)
    error_kind = getattr(torchs, "CheckpointError", None)
    part: BaseException | None = error
    while part is not None and kind is not None and error_kind is not None:
        at = part.__traceback__ if isinstance(part, error_kind) else None
        while at is not None:
            for value in at.tb_frame.f_locals.values():
                if isinstance(value, kind):
                    return value
            at = at.tb_next
        part = part.__cause__
    return None
