"""The fence of a child: what the system denies to it and to all that it starts, from the first line of user code on.

Linux alone offers it, as two parts that add up. Landlock (`landlock.py`) holds writes, devices, TCP, signals and
abstract sockets; a filter of system calls (`call_filter.py`) holds what Landlock knows nothing about. Neither can be
taken away again, and both need no rights.
"""

from .around import is_offered, put_on, tighten
from .probe import gaps

__all__ = ["gaps", "is_offered", "put_on", "tighten"]
