"""`%aotlens` and `%%aotlens` in a shell of IPython's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from notebook_files import code, markdown, write_notebook
from support import ROOT

SESSION = '''
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.display_formatter.active_types = ["text/plain", "text/html"]

def run(code):
    return shell.run_cell(code, store_history=True)

def html(result):
    return shell.display_formatter.format(result.result)[0]["text/html"]

run("%load_ext aotlens")
run("import torch\\nfrom torch import nn\\nwidth = 4\\nopen('times', 'a').write('x')")
cell = run("""%%aotlens
class Net(nn.Module):
    def __init__(self, n=3, name="<b>&"):
        super().__init__()
        self.fc = nn.Linear(width, n)
        self.dead = nn.Linear(n, n)

    def forward(self, x):
        return {"<i>": self.fc(x)}

ran = 1""")
assert shell.user_ns["ran"] == 1, "the cell is run in the kernel"
run("open('times', 'a').write('y')\\nx = torch.randn(7, 4 if open('times').read() == 'xy' else 1)\\nmodel = Net(9)")
call = run("%aotlens model(x)")
first, = call.result.maps
folded, = shell.user_ns["_3"].maps
lines = ("%aotlens Nt", "%aotlens 3 +", "%aotlens", "%aotlens --what Net", "%%aotlens\\ny = 1")
bad = [run(text).error_in_exec for text in lines]
failed = run("%%aotlens\\nclass Other(nn.Module):\\n    forward = missing\\n")
json.dump({
    "status": [folded.status, first.status], "html": html(call), "text": repr(call.result),
    "shape": [list(slot.shape) for slot in first.graphs[0].inputs],
    "bad": [f"{type(error).__name__}: {error}" for error in bad], "failed": repr(failed.result),
    "times": open("times").read(),
}, open("answers.json", "w"))
run("%unload_ext aotlens")
run("%unload_ext aotlens")
'''


@pytest.mark.proof
def test_the_magics_show_what_a_kernel_has_run(tmp_path: Path) -> None:
    home = str(tmp_path)
    environment = {"PYTHONPATH": str(ROOT / "server"), "IPYTHONDIR": home, "PATH": "", "HOME": home}
    command = [sys.executable, "-c", SESSION]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads((tmp_path / "answers.json").read_text())
    assert said["status"] == ["traced", "traced"]
    assert said["times"] == "xy", "code of the kernel was run again that no target needs"
    assert said["shape"] == [[9, 4], [9], [9, 9], [9], [7, 4], [7, 9]], "the tensors of the kernel are the example"
    page = said["html"]
    assert "<i>" not in page and "&lt;i&gt;" in page
    for word in ("In [3], line 5", "primals_1", "f32[9, 4]", "fc.weight", "tangents_1", "parameter-without-gradient"):
        assert word in said["text"] and word in page, word
    assert said["bad"][0].startswith("UsageError: the cells of this kernel define no Nt")
    assert said["bad"][1].startswith("UsageError: 3 + is not Python")
    assert said["bad"][2].startswith("UsageError: nothing is named")
    assert said["bad"][3].startswith("UsageError: there is no --what")
    assert said["bad"][4].startswith("UsageError: the cell defines no class")
    assert said["failed"] == "None", "IPython has shown the error of the cell"


@pytest.mark.proof
def test_a_notebook_is_run_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = "class Net(nn.Module):\n    def forward(self, x):\n        return x * 2"
    cells = (
        code("%load_ext aotlens"),
        code("import torch\nfrom torch import nn"),
        markdown("# A net"),
        code(f"%%aotlens\n{net}"),
        code("%aotlens Net()(torch.randn(3)) --compile"),
        code("%aotlens Nothing"),
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "server"))
    for variable in ("HOME", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    notebook = nbformat.read(write_notebook(tmp_path / "net.ipynb", *cells), as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=200, allow_errors=True, resources=resources).execute()
    *_, cell, call, nothing = (each.outputs for each in notebook.cells if each.cell_type == "code")
    for outputs, words in ((cell, "In [3], line 2"), (call, "compile convention")):
        (output,) = outputs
        assert output.output_type == "execute_result", "the map alone, and once"
        assert words in output.data["text/html"] and words in output.data["text/plain"]
    assert "the cells of this kernel define no Nothing" in nothing[0].text
