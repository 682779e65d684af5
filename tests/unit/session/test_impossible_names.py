"""URIs that no file can have are those of texts that are in no file: nothing looks for them on the disk."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from aotlens.session.session import Session
from aotlens.text.documents import Documents
from aotlens.text.uris import path_of
from unit.session.test_conventions import Silent

IMPOSSIBLE = ["file:///work/a%00.py", "file:///work/\0.py", "file:///work/\ud800.py", "file:///a%00/../b.py"]


@pytest.mark.parametrize("uri", [*IMPOSSIBLE[:3], "untitled:\0", "untitled:\ud800"])
def test_a_document_with_an_impossible_name(tmp_path: Path, uri: str) -> None:
    async def main() -> None:
        client, documents = Silent(), Documents()
        session = Session(client, documents, os.environ)
        session.change_folders([tmp_path])
        session.trusted_folders.state(True)
        document = documents.open(
            uri, 1, "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x): ...\n"
        )
        session.opened(document)
        session.begin()
        session.saved(document.path)
        session.files_changed([document.path, str(tmp_path / "pyproject.toml")])
        await asyncio.sleep(0.2)
        session.closed(document.path)
        await asyncio.sleep(0.1)
        await session.close_tracers()
        assert [line for line in client.logged if "Error" in line] == []

    asyncio.run(main())


def test_an_impossible_name_is_no_path() -> None:
    assert [path_of(uri) for uri in IMPOSSIBLE[:3]] == IMPOSSIBLE[:3]
    assert path_of(IMPOSSIBLE[3]) == "/b.py"
    assert os.fsencode(path_of("file:///a%ff.py")) == b"/a\xff.py"
