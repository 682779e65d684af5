"""The scratch folder of this process: private, made on first use, removed at the end or by the next start."""

from __future__ import annotations

import atexit
import os
import threading

from aotlens_tracer.process import scratch

_lock = threading.Lock()
_folder: str | None = None
_descriptors: tuple[int, ...] = ()
_owner: int | None = None
_last = 0


def new_subfolder(kind: str) -> str:
    """Return the path of a new folder below the scratch folder, whose name begins with `kind`. Thread-safe.

    Raises OSError.
    """
    global _folder, _descriptors, _owner, _last
    with _lock:
        if _folder is None or _owner != os.getpid() or not os.path.isdir(_folder):
            if _owner is None:
                atexit.register(remove)
            scratch.sweep()
            _folder, _descriptors = scratch.make()
            _owner = os.getpid()
        _last += 1
        path = os.path.join(_folder, f"{kind}{_last}")
        os.mkdir(path, 0o700)
        return path


def remove() -> None:
    """Remove the scratch folder with all that is in it."""
    global _folder, _descriptors
    with _lock:
        if _folder is not None and _owner == os.getpid():
            if scratch.is_same(_folder, _descriptors):
                scratch.remove(_folder)
            for descriptor in _descriptors:
                os.close(descriptor)
            _folder, _descriptors = None, ()
