"""The states of the random numbers that decide in Python code: the standard library's, and numpy's."""

from __future__ import annotations

import random
import sys


def random_state() -> tuple[object, ...]:
    """Return a value that changes whenever a number is drawn; numpy counts if it is imported."""
    numpy = sys.modules.get("numpy")
    try:
        drawn = numpy.random.get_state() if numpy is not None else ()
    except AttributeError:  # a stand-in, or numpy is only half imported
        drawn = ()
    return random.getstate(), *(repr(part) if not hasattr(part, "tobytes") else part.tobytes() for part in drawn)
