"""The scratch folder of this process: private, made on first use, removed at the end or by the next start."""

from __future__ import annotations

import atexit
import logging
import os
import tempfile
import threading

from aotlens_tracer.process import scratch

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_folder: scratch.Folder | None = None
_owner: int | None = None
_last = 0


def new_subfolder(kind: str) -> scratch.Folder:
    """Make a new folder below the scratch folder, whose name begins with `kind`. Thread-safe.

    If the scratch folder does not stand at its path any more, there is a new one. Raises OSError.
    """
    global _folder, _owner, _last
    with _lock:
        if _folder is None or _owner != os.getpid() or not _folder.is_there:
            if _owner is None:
                atexit.register(remove)
            if _folder is not None:
                _folder.close()
            scratch.sweep()
            _folder = _made()
            _owner = os.getpid()
        _last += 1
        return _folder.new(f"{kind}{_last}")


def _made() -> scratch.Folder:
    folder, usual = scratch.make(), tempfile.gettempdir()
    if os.path.dirname(folder.path) != usual:
        _log.warning(
            "the temporary directory %s is not used: others can rename what is in it, or a folder on the way to it "
            "(chmod +t forbids that). Temporary files are in %s",
            usual,
            folder.path,
        )
    return folder


def remove() -> None:
    """Remove the scratch folder with all that is in it."""
    global _folder
    with _lock:
        if _folder is not None and _owner == os.getpid():
            _folder.remove()
            _folder.close()
            _folder = None
