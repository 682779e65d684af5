"""aotlens shows AOTAutograd's descriptors in editors and on the command line. This package never imports torch."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_EXTENSION = "aotlens.ipython.extension"
"""Its functions are found by name: all rooms import this file for the version, and that room is above them."""


def load_ipython_extension(ipython: Any) -> None:
    """Add `%aotlens` and `%%aotlens` to IPython: `%load_ext aotlens` calls this."""
    import_module(_EXTENSION).load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Remove what `load_ipython_extension` added."""
    import_module(_EXTENSION).unload(ipython)
