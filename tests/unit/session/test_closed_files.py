"""The targets of files that were closed long ago are forgotten, and found again when a file is opened."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from unittest.mock import Mock

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.open_files import OpenFiles
from aotlens.session.session import Session
from aotlens.session.settings import Settings
from aotlens.session.targets import MOST_CLOSED
from aotlens.session.tracing import Tracing
from aotlens.text.documents import Documents
from aotlens.text.uris import uri_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.values import FileValues, Values

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


def test_a_file_that_is_closed_while_a_trace_runs_is_none_that_its_attempt_depends_on() -> None:
    documents, open_files = Documents(), OpenFiles(lambda: None)
    documents.open(uri_of("/model.py"), 3, MODEL)
    open_files.open("/model.py", 3, Settings())
    tracing = Tracing(Mock(), Mock(), documents, open_files, Mock(), Mock(), Mock(), Mock())
    values = Values((FileValues("/model.py", ()), FileValues("/closed.py", ())), (), ())
    attempt = DescriptorMap(Target("/model.py", "Net"), "failed", "export", values=values)
    state = TargetState(TargetKey("/model.py", "Net"))
    after = tracing._with_attempt(state, attempt, {"/model.py": 3, "/closed.py": 5})
    assert dict(after.attempt_versions) == {"/model.py": 3}
