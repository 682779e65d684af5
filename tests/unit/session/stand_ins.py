"""Scripts that stand for the interpreter of a tracer."""

from __future__ import annotations

import sys
from pathlib import Path

from aotlens_tracer.wire.protocol import VERSION

READY = f"""\
import json, os, sys, time
ready = {{"protocol": {VERSION}, "python": "3", "executable": "", "torch": "2", "problem": None}}
ready["fork"] = True
print(json.dumps({{"method": "ready", "params": ready}}), flush=True)
"""
"""Says what a tracer says first."""


def stand_in(folder: Path, script: str) -> Path:
    """An interpreter that runs a script, whatever it is started with."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
    path.chmod(0o755)
    return path
