"""Progress is shown only for work that takes long."""

from __future__ import annotations

import asyncio

import pytest

from aotlens.session import progress
from aotlens.session.progress import Shown


class Recorded:
    """Keeps everything that a client would show."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin(self) -> Recorded:
        self.said.append("begin")
        return self

    def report(self, message: str) -> None:
        self.said.append(message)

    def end(self) -> None:
        self.said.append("end")


def run(seconds: float) -> list[str]:
    """Everything shown of work that takes so many seconds, with a message at its beginning and one at its end."""
    recorded = Recorded()

    async def work() -> None:
        with Shown(recorded.begin) as shown:
            shown.report("importing")
            await asyncio.sleep(seconds)
            shown.report("capturing")

    asyncio.run(work())
    return recorded.said


def test_what_is_quick_shows_nothing() -> None:
    assert progress.PROGRESS_AFTER == 0.5
    assert run(0) == []


def test_what_takes_long_shows_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PROGRESS_AFTER", 0.01)
    assert run(0.2) == ["begin", "importing", "capturing", "end"]


def test_it_goes_where_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PROGRESS_AFTER", 0.01)
    recorded = Recorded()

    async def work() -> None:
        with Shown(recorded.begin):
            await asyncio.sleep(0.2)
            raise ValueError

    with pytest.raises(ValueError):
        asyncio.run(work())
    assert recorded.said == ["begin", "end"]
