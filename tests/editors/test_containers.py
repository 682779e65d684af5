"""The server in the surroundings of containers and remote editors: no home, no terminal, no locale, another folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lsp.client import SERVER, Client

ROOT = Path(__file__).parent.parent.parent


def test_a_bare_environment(tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    shutil.copy(ROOT / "docs" / "examples" / "norm.py", model)
    bare = {"PATH": os.defpath, "PYTHONPATH": str(SERVER), "HOME": "/dev/null", "TMPDIR": tempfile.gettempdir()}
    command = [sys.executable, "-m", "aotlens", "serve"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=bare, cwd="/") as server:
        assert server.stdin is not None and server.stdout is not None
        client = Client(server.stdout, server.stdin)
        try:
            folders = [{"uri": tmp_path.as_uri(), "name": "project"}]
            settings = {"interpreter": sys.executable}
            options = {"trusted": True, "settings": settings}
            params = {"processId": None, "capabilities": {}, "workspaceFolders": folders}
            client.result("initialize", {**params, "initializationOptions": options})
            client.notify("initialized", {})
            uri = model.as_uri()
            document = {"uri": uri, "languageId": "python", "version": 1, "text": model.read_text(encoding="utf-8")}
            client.notify("textDocument/didOpen", {"textDocument": document})
            place = {"textDocument": {"uri": uri}, "position": {"line": 11, "character": 14}}
            end = time.monotonic() + 120
            while "primals_2" not in (found := json.dumps(client.result("textDocument/hover", place))):
                assert time.monotonic() < end, found
                time.sleep(0.2)
            client.result("shutdown")
            client.notify("exit")
            assert server.wait(20) == 0
        finally:
            server.kill()
