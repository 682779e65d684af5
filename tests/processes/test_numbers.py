"""Numbers of processes, which the system gives to others once it has been told that a process has ended."""

from __future__ import annotations

import os
import time

import pytest

from aotlens_tracer.process.child import Child
from aotlens_tracer.process.scratch import new_folder
from cli.support import wait_for

pytestmark = pytest.mark.skipif(not hasattr(os, "waitid"), reason="the system does not say it in time")


def test_no_signal_goes_to_a_number_that_may_be_another_process_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be another's once the child was waited for. What the child has left ends before that."""
    left, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(3)
    os.close(write)
    child = Child(pid, os.dup(left), os.dup(left), new_folder(), b"")
    assert wait_for(lambda: child.poll() is not None, 10) and child.poll() == 3
    assert os.read(left, 1) == b"", "what it left behind has the other end of the pipe"
    signals: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append(pid))
    monkeypatch.setattr(os, "killpg", lambda pid, number: signals.append(pid))
    child.kill()
    assert signals == []
    child.close()
    child.forget()
    os.close(left)
