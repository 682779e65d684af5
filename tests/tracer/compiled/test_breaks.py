"""Graph breaks and recompilations of the compile convention are those of a real run of torch.compile."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, trace_json

FILE = CORPUS / "recompiled" / "model.py"
SOURCE = FILE.read_text(encoding="utf-8").split("\n")
NAMES = re.findall(r"^# aotlens: (\w+)\(\)\(", "\n".join(SOURCE), re.MULTILINE)
_SELF = re.compile(r"\bself\.\w+|CALLS")


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    found = trace_json("model.py", "--convention", "compile", cwd=FILE.parent)["traces"]
    return {trace["target"]["qualname"]: trace for trace in found}


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    script = Path(__file__).with_name("real_run.py")
    done = subprocess.run([sys.executable, str(script), str(FILE)], capture_output=True, encoding="utf-8", check=False)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RUNS"))
    return json.loads(line[4:])


def _breaks(trace: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {item["line"]: item for item in trace["graph_breaks"]}


def _recompiled(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in trace["findings"] if finding["code"] == "recompiled"]


def test_there_are_enough_modules() -> None:
    assert len(NAMES) >= 15


@pytest.mark.parametrize("name", [name for name in NAMES if name != "Library"])
def test_breaks_are_where_torch_logs_them(traces: dict[str, Any], real: dict[str, Any], name: str) -> None:
    assert traces[name]["status"] == "traced", traces[name]["failure"]
    assert sorted(_breaks(traces[name])) == real[name]["breaks"]
    findings = [finding for finding in traces[name]["findings"] if finding["code"] == "graph-break"]
    assert sorted(finding["line"] for finding in findings) == real[name]["breaks"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_compiled_anew_is_what_torch_compiles_anew(
    traces: dict[str, Any], real: dict[str, Any], name: str
) -> None:
    first, *later = real[name]["anew"]
    wanted: set[tuple[str, str]] = set()
    for text in first:
        wanted |= {(value, "same-call") for value in _SELF.findall(text)}
    for text in later[0]:
        when = "each-call" if all(later) else "next-call"
        wanted |= {(value, when) for value in _SELF.findall(text)}
    found = {(finding["subjects"][0]["name"], finding["reason"]["when"]) for finding in _recompiled(traces[name])}
    assert found == wanted


def test_the_limit_is_said_where_it_is_reached(traces: dict[str, Any]) -> None:
    (deep,) = _recompiled(traces["Deep"])
    assert deep["reason"]["is_reached"] and deep["severity"] == "warning"
    assert SOURCE[deep["line"] - 1].strip() == "return x * self.index"
    (shallow,) = _recompiled(traces["Shallow"])
    assert not shallow["reason"]["is_reached"] and shallow["severity"] == "information"


def test_a_break_says_what_follows(traces: dict[str, Any]) -> None:
    (printed,) = _breaks(traces["Printed"]).values()
    assert (printed["effect"], printed["function"], printed["crossing"]) == ("splits", "Printed.forward", ["h", "g"])
    assert printed["explanation"].startswith("Dynamo does not know how to trace builtin operator `print`")
    assert printed["link"].startswith("https://") and printed["hints"]
    first, second = (item for _, item in sorted(_breaks(traces["Loop"]).items()))
    assert (first["effect"], second["effect"], second["then"]) == ("splits", "eager", ["graph break in loop"])
    (deep,) = _breaks(traces["Deep"]).values()
    assert (deep["function"], deep["callers_in_eager"]) == ("Layer.forward", ["Deep.forward"])


def test_a_break_in_a_library_is_at_the_line_that_calls_it(traces: dict[str, Any]) -> None:
    (item,) = traces["Library"]["graph_breaks"]
    assert SOURCE[item["line"] - 1].strip() == "platform.libc_ver()"
    assert item["inside"]["path"].endswith("platform.py")
    (finding,) = (finding for finding in traces["Library"]["findings"] if finding["code"] == "graph-break")
    (related,) = finding["related"]
    assert related["message"] == "torch stops here, in code that the line calls"


def test_guards_name_what_they_look_at(traces: dict[str, Any]) -> None:
    (graph,) = traces["Plain"]["graphs"]
    guards = {guard["name"]: guard for guard in graph["compiled"]["guards"] if guard["often"]}
    assert guards.keys() == {"self.scale", "self.names", "self.names[0]", "n", "cache"}
    line = SOURCE.index("            x = x * self.scale + n") + 1
    assert guards["self.scale"]["conditions"] == ["L['self'].scale == 2"]
    assert (guards["self.scale"]["thing"], guards["self.scale"]["span"]["line"]) == ("number", line)
    assert "allow_unspec_int_on_nn_module" in guards["self.scale"]["hint"]
    assert guards["self.names"]["thing"] == "container" and guards["self.names[0]"]["thing"] == "text"
    (x,) = (guard for guard in graph["compiled"]["guards"] if guard["name"] == "x" and guard["thing"] == "tensor")
    assert x["conditions"] == ["torch.float32", "requires_grad=False", "size=[2, 4]"]
