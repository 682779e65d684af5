"""How much slower this machine is than when it is idle: other processes may take the processor meanwhile.

A process of its own does the same short piece of work again and again, and compares its processor time with the clock.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_WORK = """
import time
while True:
    start, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.05:
        pass
    print((time.monotonic() - start) / 0.05, flush=True)
    time.sleep(0.45)
"""


class Pace:
    """What was measured so far."""

    def __init__(self) -> None:
        self._factors = [1.0]

    def add(self, factor: float) -> None:
        """Note how many times longer than on an idle machine a piece of work took."""
        self._factors.append(factor)

    def mark(self) -> int:
        """A moment, for `slowness`."""
        return len(self._factors)

    def slowness(self, since: int) -> float:
        """How many times slower the machine was since a moment, or at the last look; 1 for an idle machine."""
        found = self._factors[since:] or self._factors[-1:]
        return max(1.0, sum(found) / len(found))


@contextmanager
def watched_pace() -> Iterator[Pace]:
    """Measure all the time, in a session of its own, as traces run in."""
    pace = Pace()
    process = subprocess.Popen([sys.executable, "-c", _WORK], stdout=subprocess.PIPE, start_new_session=True, text=True)
    assert process.stdout is not None

    def read(lines: Iterator[str]) -> None:
        for line in lines:
            pace.add(float(line))

    thread = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    thread.start()
    try:
        yield pace
    finally:
        process.kill()
        process.wait()
        thread.join()
        process.stdout.close()
