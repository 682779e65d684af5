"""Clients that are killed, without a word, while their servers trace.

    python tests/soak/killed_clients.py FOLDER      such a client: it starts a server, has it trace, and waits

Its process is killed by `ends_with_its_client`, which looks at what is left.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from documents import documents

from aotlens.lsp.connection import is_alive
from aotlens_tracer.process.memory import descendants
from lsp.client import Client, spawn
from lsp.editor import VSCODE

PATIENCE = 60.0
MOMENTS = (0.0, 1.0, 4.0, 8.0)
"""Until when, in seconds after a client's start, it is killed: as it starts, as torch is imported, in traces."""


def ends_with_its_client(folder: Path, temporary: Path, latest: float, chosen: random.Random) -> tuple[float, str]:
    """Start a client, kill it after some seconds; return how long it took until all was gone, and what was left."""
    command = [sys.executable, __file__, str(folder)]
    # Without it, the client makes a folder for caches in the temporary one, which is no fault of the server's.
    environment = {**os.environ, "AOTLENS_TEST_CACHE": str(folder / "caches")}
    client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment)
    assert client.stdout is not None
    assert client.stdout.readline() == "started\n"
    time.sleep(chosen.random() * latest)
    below = descendants(client.pid)
    assert below, "the client has no server"
    os.kill(client.pid, signal.SIGKILL)
    start = time.monotonic()
    client.wait()
    client.stdout.close()
    while left := [*(f"process {pid}" for pid in below if is_alive(pid)), *(str(path) for path in temporary.iterdir())]:
        if time.monotonic() - start > PATIENCE:
            return PATIENCE, ", ".join(left)
        time.sleep(0.05)
    return time.monotonic() - start, ""


def main(folder: Path) -> None:
    """Be a client: open documents, save them all the time, and never end."""
    process = spawn(stderr=subprocess.DEVNULL)
    assert process.stdin is not None and process.stdout is not None
    client = Client(process.stdout, process.stdin)
    client.answers["workspace/configuration"] = [{"interpreter": sys.executable}]
    opened = documents(folder)
    client.result(
        "initialize",
        {
            "processId": os.getpid(),
            "capabilities": VSCODE,
            "workspaceFolders": [{"uri": folder.as_uri(), "name": "soak"}],
            "initializationOptions": {"trusted": True},
        },
    )
    client.notify("initialized", {})
    for document in opened:
        client.open(document.uri, document.text)
    print("started", flush=True)
    while True:
        for document in opened:
            client.notify("textDocument/didChange", document.next_edit())
            client.notify("textDocument/didSave", {"textDocument": {"uri": document.uri}})
            time.sleep(0.1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
