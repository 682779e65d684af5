"""The targets of files that were closed long ago are forgotten, and found again when a file is opened."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from unittest.mock import Mock

from aotlens.session.session import Session
from aotlens.session.targets import MOST_CLOSED
from aotlens.text.documents import Documents
from aotlens.text.uris import uri_of

MODEL = "class Net:\n    def forward(self, x):\n        return x\n"


def test_the_targets_of_the_files_that_were_closed_last_are_remembered(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"model_{number}.py") for number in range(MOST_CLOSED + 5)]
    for path in paths:
        Path(path).write_text(MODEL, encoding="utf-8")

    async def run() -> None:
        documents = Documents()
        session = Session(Mock(), documents, os.environ)

        def known() -> list[str]:
            return [key.path for key in session.snapshot().states]

        for path in paths:
            session.opened(documents.open(uri_of(path), 1, MODEL))
        for path in paths[1:]:
            documents.close(uri_of(path))
            session.closed(path)
        assert known() == [paths[0], *paths[5:]]
        session.opened(documents.open(uri_of(paths[1]), 1, MODEL))
        assert paths[1] in known()
        await asyncio.sleep(0)

    asyncio.run(run())
