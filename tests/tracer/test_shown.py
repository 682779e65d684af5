"""Texts of a user's objects: their `__repr__` may raise, hang, or be as long as it likes, and the trace goes on."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable

import pytest

from aotlens_tracer.failures import shown as exported
from aotlens_tracer.failures.shown import shown
from aotlens_tracer.graph.labels import argument_labels, brief

module = sys.modules[exported.__module__]


class Config:
    """An object with the given `__repr__`."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text()


def _hangs() -> str:
    while True:
        with contextlib.suppress(Exception):
            time.sleep(600)


def _ends(error: type[BaseException]) -> Callable[[], str]:
    def raises() -> str:
        raise error

    return raises


class Text(str):
    __slots__ = ()

    def __len__(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_left", 0.1)


@pytest.mark.parametrize("error", [ValueError, RecursionError, SystemExit, KeyboardInterrupt])
def test_a_repr_that_raises(error: type[BaseException]) -> None:
    assert shown(Config(_ends(error)), 60) == "<Config>"


def test_a_long_repr_is_cut_even_if_it_lies() -> None:
    assert shown(Config(lambda: Text("x" * 100)), 60) == "x" * 57 + "..."
    assert shown("x" * 100, 10) == "'xxxxxx..."


def test_a_repr_that_hangs_takes_its_time_once(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.process_time(), time.monotonic()
    assert brief([Config(_hangs), {Config(_hangs): 1}, 7]) == "[<Config>, {<Config>: 1}, 7]"
    assert brief([Config(lambda: "fine")] * 2) == "[<Config>, <Config>]", "no time is left for any"
    assert argument_labels(lambda x: x, ({Config(_hangs): 1},), {}) == ["x[<Config>]"]
    assert time.monotonic() - start[1] < 10
    monkeypatch.setattr(module, "_left", 10.0)
    assert brief([Config(lambda: "fine")]) == "[fine]"


def test_a_timer_of_somebody_else_goes_on() -> None:
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(time.monotonic()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert shown(Config(_hangs), 60) == "<Config>"
        time.sleep(0.05)
        assert len(rang) == 1
        signal.setitimer(signal.ITIMER_REAL, 100)
        assert shown(Config(lambda: "fine"), 60) == "fine"
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_containers_that_contain_themselves() -> None:
    numbers: list[object] = [1]
    numbers.append(numbers)
    assert brief(numbers).startswith("[1, [1, ") and brief(numbers).count("...") == 1
