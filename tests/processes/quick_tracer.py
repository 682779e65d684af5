"""An interpreter for tests of processes: the real tracer with its guardian and children, but nothing imports torch.

A "trace" executes the user's file. All that starts, ends and removes processes is what users have. A start takes a
tenth of a second, and not five.
"""

from __future__ import annotations

import sys
from pathlib import Path

_PYTHON = """\
import os, sys, time, types

sys.executable = os.path.abspath(__file__)
for folder in sys.path[:1]:
    sys.path.remove(folder)
package = "_aotlens_tracer"


def made(name, **attributes):
    module = sys.modules[name] = types.ModuleType(name)
    vars(module).update(attributes)
    return module


def run(params, send, *_):
    send({"event": "stage", "stage": "import"})
    values = {"params": params}
    with open(params.path) as file:
        exec(compile(file.read(), params.path, "exec"), values)
    return {"said": values.get("said")}


def slow_start():
    while os.path.exists(os.environ.get("HOLD_START", "")):
        time.sleep(0.01)


cuda = made("torch.cuda", is_available=lambda: bool(slow_start()))
made("torch", __version__="2.13.0", __file__="/torch/__init__.py", cuda=cuda, set_num_threads=lambda number: None)
made(package + ".steps.trace", trace=run, record_first=run)
made(package + ".steps.import_target", list_targets=run)
made(package + ".steps.warm_up", warm_up=lambda: None)
made(package + ".loading.overlay", install=lambda overlay: None)
code = sys.argv[3]
sys.argv[:] = ["-c", *sys.argv[4:]]
exec(code, {"__name__": "__main__"})
"""


def quick_tracer(folder: Path, more: str = "") -> Path:
    """Write such an interpreter into a folder, and give its path. It runs the code `more` before the tracer's."""
    path = folder / "python"
    code = _PYTHON.replace("code = sys.argv[3]", f"{more}\ncode = sys.argv[3]")
    path.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    path.chmod(0o755)
    return path
