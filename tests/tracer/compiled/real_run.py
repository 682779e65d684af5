"""A run of torch.compile on real tensors, as torch's own logs tell it.

`python real_run.py FILE` compiles and calls what each pin of the file builds, four times, and prints JSON: for each
target the places of its graph breaks, and for each call the functions that were compiled anew with torch's reasons.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import sys
from typing import Any

import torch
import torch._dynamo
import torch._logging

_PIN = re.compile(r"^# aotlens: ((\w+)\(\))\((.*)\)$", re.MULTILINE)
_BREAK = re.compile(r"Graph break in user code at (.+):(\d+)\n")
_ANEW = re.compile(r"Recompiling function (\S+) in (.+):(\d+)\n.*?\n\s*- (.*)", re.DOTALL)
CALLS = 4


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def runs(path: str) -> dict[str, Any]:
    """Torch's logs of each pin of a file."""
    log = _Log()
    torch._logging.set_logs(recompiles=True, graph_breaks=True)
    for name in list(logging.root.manager.loggerDict):
        if name.endswith(("__recompiles", "__graph_breaks")):
            logging.getLogger(name).addHandler(log)
    spec = importlib.util.spec_from_file_location("model", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["model"] = module
    spec.loader.exec_module(module)
    with open(path, encoding="utf-8") as file:
        pins = _PIN.findall(file.read())
    found = {}
    for built, name, arguments in pins:
        torch._dynamo.reset()
        # Torch logs a graph break of one line once in a process.
        torch._dynamo.symbolic_convert.graph_break_dup_warning_checker.reset()
        model = eval(built, vars(module))
        compiled = torch.compile(model, backend="eager")
        breaks: set[int] = set()
        anew = []
        for _ in range(CALLS):
            log.texts.clear()
            compiled(*eval(f"({arguments},)", vars(module)))
            breaks |= {int(line) for text in log.texts for file, line in _BREAK.findall(text) if file == path}
            anew.append([match[4].partition("\n")[0] for text in log.texts for match in [_ANEW.search(text)] if match])
        found[name] = {"breaks": sorted(breaks), "anew": anew}
    return found


if __name__ == "__main__":
    print("RUNS" + json.dumps(runs(sys.argv[1])))
