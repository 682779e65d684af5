"""`aotlens decode`: logs from files and stdin, with and without a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import CORPUS, ROOT, run_aotlens

MADE = CORPUS / "logs" / "made"
MODEL = CORPUS / "logs" / "model.py"


def decode(*arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "aotlens", "decode", *arguments]
    environment = {"PYTHONPATH": str(ROOT / "server"), "COLUMNS": "200", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=environment, input=text, capture_output=True, timeout=300)


def rows(output: bytes) -> list[list[str]]:
    return [line.split() for line in output.decode().splitlines()]


def test_a_log_on_stdin() -> None:
    done = decode(text=(MADE / "graph_break.log").read_bytes())
    assert done.returncode == 0, done.stderr
    assert ["primals_3", "argument", "x", "f32[4,", "8]"] in [row[:5] for row in rows(done.stdout)]
    assert b"compile 1/0: forward after the graph break in line 10" in done.stdout


def test_json() -> None:
    done = decode(str(MADE / "dynamic_shapes.log"), "--format", "json")
    value = json.loads(done.stdout)
    assert value["schema"] == "aotlens.decode/1"
    joint = value["graphs"][1]
    assert joint["compile"] == {"id": "0/0", "rank": None, "process": joint["compile"]["process"]}
    assert joint["dynamo"] == 0
    shown = joint["inputs"][3]
    assert (shown["node"], shown["role"], shown["name"], shown["known_by"]) == ("primals_4", "argument", "x", "mangled")
    assert joint["model"] is None


def test_annotated() -> None:
    source = (MADE / "graph_break.log").read_text(encoding="utf-8")
    text = decode(str(MADE / "graph_break.log"), "--annotate").stdout.decode()
    assert len(text.split("\n")) == len(source.split("\n"))
    assert all(new.startswith(old.rstrip()) for new, old in zip(text.split("\n"), source.split("\n"), strict=True))
    assert "primals_3: argument x" in text


def test_a_text_without_a_graph_says_what_to_log() -> None:
    done = decode(text=b"RuntimeError: primals_3 and tangents_1 have other sizes\n")
    assert done.returncode == 1
    text = " ".join(done.stdout.decode().split())
    assert "It has the names `primals_3`, `tangents_1`." in text
    assert 'TORCH_LOGS="graph_code,aot_graphs"' in text


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        ([], b"", "stdin is empty"),
        ([], b" \n\n", "stdin is empty"),
        ([], b"\x7fELF\0\0\0", "stdin is not text"),
        (["no-such.log"], None, "no-such.log does not exist"),
        (["-", "--example", "Net()(x)"], b"x", "--example is a call of a model: give --model FILE::Class too"),
        (["-", "--annotate", "--format", "json"], b"x", "--annotate writes the log"),
    ],
)
def test_wrong_usage(arguments: list[str], text: bytes | None, message: str) -> None:
    done = decode(*arguments, text=text)
    assert done.returncode == 2
    assert message in done.stderr.decode() and not done.stdout


def test_utf_16_of_a_windows_shell() -> None:
    done = decode(text=(MADE / "graph_break.log").read_text(encoding="utf-8").encode("utf-16"))
    assert done.returncode == 0
    assert ["primals_1", "local", "h"] in [row[:3] for row in rows(done.stdout)]


def test_names_from_the_model() -> None:
    done = run_aotlens("decode", str(MADE / "graph_break.log"), "--model", f"{MODEL}::Net")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The model has this graph: names and places are from it.") == 2
    shown = next(row for row in rows(done.stdout.encode()) if row[:3] == ["primals_1", "parameter", "up.weight"])
    assert any(cell.endswith("model.py:11") for cell in shown)


def test_a_traceback_alone_is_named_by_the_model(tmp_path: Path) -> None:
    """It has no graph, so both conventions are given."""
    log = tmp_path / "traceback.txt"
    log.write_text("Traceback (most recent call last):\nAssertionError: primals_3 and primals_1 differ\n", "utf-8")
    done = run_aotlens("decode", str(log), "--model", f"{MODEL}::Plain", COLUMNS="200")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert (
        "argument x (the model in torch.compile, compile 0/0); or parameter down.weight (the model in export)" in said
    )
    assert "parameter up.weight" in said


def test_another_model_is_said_to_be_another() -> None:
    done = run_aotlens("decode", str(MADE / "graph_break.log"), "--model", f"{MODEL}::Other")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "The model does not have this graph: the inputs are others" in text
    assert ["primals_3", "argument", "x"] in [row[:3] for row in rows(done.stdout.encode())]


def test_a_text_that_fits_both_conventions_has_both_names() -> None:
    path = Path(MADE / "export_joint.txt")
    done = run_aotlens("decode", str(path), "--model", f"{MODEL}::Plain", "--format", "json")
    graphs = json.loads(done.stdout)["graphs"]
    assert graphs[0]["model"] == {"matches": True, "same_sizes": True, "conventions": ["export"]}
    bare = graphs[3]
    assert bare["model"]["conventions"] == ["compile", "export"]
    assert bare["inputs"][2]["meaning"] == "argument x (torch.compile) or parameter down.weight (export)"
    assert bare["inputs"][0]["exported"] is None


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no such device")
def test_a_device_without_an_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.log").symlink_to("/dev/zero")
    done = decode(str(tmp_path / "x.log"))
    assert (done.returncode, b"is a device, not a log" in done.stderr) == (2, True), done.stderr
