"""`aotlens mcp`: each tool has the facts of `--format json`; and the protocol holds, whatever is asked and run."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult
from typer.testing import CliRunner

import aotlens.cli.agents.tracing as agents_tracing
import aotlens.cli.trace as trace_command
from aotlens.cli.agents import answers, attached, command
from aotlens.cli.agents.answers import Place
from aotlens.cli.agents.arguments import Folders
from aotlens.cli.agents.attached import Unsaved, unsaved_texts
from aotlens.cli.agents.calls import Call, Stopped
from aotlens.cli.agents.server import AgentServer, instructions
from aotlens.cli.agents.tools import TOOLS
from aotlens.cli.agents.tracing import Tracing
from aotlens.cli.app import app
from aotlens.cli.check.command import CheckOptions, run_check
from aotlens.cli.decode import DecodeOptions, run_decode
from aotlens.cli.lock.diff import DiffOptions, run_diff
from aotlens.cli.options import TraceOptions, UsageError
from aotlens.model.snapshot import TargetKey
from aotlens.project.options import ProjectOptions
from aotlens.session.examples.project_world import WorldInWords
from aotlens.session.tracer.process import TracerProcess
from aotlens.text.notebooks import CodeCell, joined
from cli.checked import write_project
from cli.support import Remembering, assert_no_internals
from lsp.client import serving
from lsp.notebook_editor import NotebookEditor
from notebook_files import code, markdown, write_notebook
from support import CORPUS, ROOT

PACKAGE = Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages", "pytorchcv")
TARGETS = {
    "norm.py::RunningNorm": {},
    "verdicts.py::Detached": {},
    f"{PACKAGE}/models/common/att.py::SEBlock": {"example": "SEBlock(32)(torch.randn(2, 32, 4, 4))"},
}
OF_A_TARGET = ("map", "why_no_gradient", "saved", "graph", "shapes")
LOG = CORPUS / "logs/reports/marked_line.log"
RANKS = """\
import os

import torch
from torch import nn


# aotlens: Ranks()(torch.randn(2, 8))
class Ranks(nn.Module):
    def __init__(self):
        super().__init__()
        size, rank = os.environ.get("WORLD_SIZE", "1"), os.environ.get("RANK", "0")
        self.part = nn.Linear(8, 10 * int(size) + int(rank))

    def forward(self, x):
        return self.part(x)
"""
"""A layer whose size is another one on each rank of each cluster."""
ADDED = ("left_out", "saved_bytes", "functions", "graph")
"""Keys that say how much of a list is shown, or what the command line shows as text alone."""


class Shared(Remembering):
    """A tracer of the command line and of the server at the same time. A question of both is traced once."""

    traces = 0

    def _remembered(self, ask: Callable[..., Any], params: Any, on_stage: Callable[[str], None]) -> Any:
        self.traces += repr(params) not in self._answers
        return super()._remembered(ask, params, on_stage)

    def still_runs(self) -> bool:
        return True

    def cancel(self) -> None:
        self._tracer.cancel()

    def close(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def tracer() -> Iterator[Shared]:
    with TracerProcess(sys.executable, str(ROOT)) as process, pytest.MonkeyPatch.context() as patch:
        shared = Shared(process)
        for module in (agents_tracing, trace_command):
            patch.setattr(module, "TracerProcess", lambda *_: shared)
        yield shared


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project: in the repository, examples would be looked for in all tests."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "docs/examples/norm.py", folder)
    shutil.copy(CORPUS / "verdicts/model.py", folder / "verdicts.py")
    shutil.copy(LOG, folder)
    (folder / "ranks.py").write_text(RANKS, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def in_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def place(*folders: object) -> Place:
    return Place(
        Folders.of([str(folder) for folder in folders]), Tracing(), TraceOptions(python=sys.executable, eager=False)
    )


def ask(tool: str, folders: tuple[object, ...] = (".", PACKAGE), **arguments: Any) -> CallToolResult:
    """The answer of a server in this process, asked by the client of the package `mcp`."""

    return ask_server(place(*folders), tool, arguments)


def ask_server(of: Place, tool: str, arguments: dict[str, Any]) -> CallToolResult:
    async def asked() -> CallToolResult | MCPError:
        async with Client(AgentServer(of).protocol) as client:
            try:
                return await client.call_tool(tool, arguments)
            except MCPError as error:
                return error

    result = asyncio.run(asked())
    if isinstance(result, MCPError):
        raise result
    return result


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


def printed(run: Callable[[], object]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        run()
    return out.getvalue()


def traced(target: str, **options: Any) -> str:
    asked = TraceOptions(python=sys.executable, eager=False, **options)
    return printed(lambda: trace_command.run_trace(target, asked, show_output=False, verbose=False, spawn=False))


def assert_part(part: Any, whole: Any, where: str = "") -> None:
    """Whatever a tool answers stands at the same place in the JSON of the command line; lists may be shorter."""
    if isinstance(part, dict):
        for key in part.keys() - set(ADDED):
            assert key in whole, f"{where}.{key}"
            assert_part(part[key], whole[key], f"{where}.{key}")
    elif isinstance(part, list):
        rest = iter(whole)
        for number, item in enumerate(part):
            assert any(is_part(item, other) for other in rest), f"{where}[{number}]: {item}"
    else:
        assert part == whole, where


def is_part(part: Any, whole: Any) -> bool:
    try:
        assert_part(part, whole)
    except (AssertionError, TypeError):
        return False
    return True


@pytest.mark.parametrize("tool", OF_A_TARGET)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.rpartition("::")[2])
def test_a_tool_has_the_facts_of_the_command_line(target: str, tool: str, tracer: Shared) -> None:
    whole = json.loads(traced(target, format="json", **TARGETS[target]))
    before = tracer.traces
    result = (
        ask(tool, target=target, limit=100, **TARGETS[target])
        if tool != "graph"
        else ask(tool, target=target, **TARGETS[target])
    )
    assert tracer.traces == before  # the same request
    facts = result.structured_content
    assert not result.is_error and facts["traces"][0]["status"] == "traced"
    if tool == "saved":  # the largest first
        for trace, shown in zip(whole["traces"], facts["traces"], strict=True):
            for graph, of in zip(trace["graphs"], shown["graphs"], strict=True):
                graph["saved"].sort(key=lambda value: -(value["bytes"] or 0))
                own = [value["bytes"] for value in graph["saved"] if value["alias_of"] is None]
                assert [value["bytes"] for value in of["saved"]] == own
                assert of["saved_bytes"] == sum(own)
    assert_part(facts, whole)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.rpartition("::")[2])
def test_the_text_of_a_tool_is_that_of_the_command_line(
    target: str, tracer: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    more = TARGETS[target]
    for tool, options in (("map", {}), ("saved", {"saved": True}), ("shapes", {"shapes": True})):
        shown = text_of(ask(tool, target=target, full=True, **more))
        assert (
            shown.partition("\n\n(the code printed")[0].split() == traced(target, full=True, **options, **more).split()
        )
    lines = traced(target, graph="joint", **more).splitlines()
    shown = text_of(ask("graph", target=target, lines=1000, **more)).partition("\n\n(the code printed")[0]
    assert [line[6:] for line in shown.splitlines()] == lines


def test_a_missing_gradient_has_its_reason_and_its_line(tracer: Shared) -> None:
    result = ask("why_no_gradient", target="verdicts.py::Detached")
    (trace,) = result.structured_content["traces"]
    finding = trace["findings"][0]
    source = (CORPUS / "verdicts/model.py").read_text(encoding="utf-8").splitlines()
    lines = [finding["line"], *(place["line"] for place in finding["related"])]
    assert any("detach" in source[line - 1] for line in lines)
    assert f"verdicts.py:{finding['line']}" in text_of(result) and finding["message"] in text_of(result)
    missing = [slot["label"] for graph in trace["graphs"] for slot in graph["inputs"]]
    assert finding["name"] in missing
    named = text_of(ask("why_no_gradient", target="verdicts.py::Detached", name=finding["name"]))
    assert "no gradient" in named


def test_a_name_a_node_and_a_function_select(tracer: Shared) -> None:
    target = "norm.py::RunningNorm"
    (trace,) = ask("map", target=target, name="primals_2").structured_content["traces"]
    (slot,) = trace["graphs"][0]["inputs"]
    assert slot["node"] == "primals_2" and slot["meaning"]
    lines = text_of(ask("graph", target=target, node="primals_2")).splitlines()
    name = slot["label"].replace(".", "_")
    assert len(lines) > 1 and all(name in line for line in lines)
    shown = ask("shapes", target=target, function="RunningNorm.forward").structured_content["traces"][0]["functions"]
    assert [each["qualname"] for each in shown] == ["RunningNorm.forward"]
    few = ask("map", target=target, limit=1).structured_content["traces"][0]
    assert few["graphs"][0]["left_out"]["inputs"] >= 1 and len(few["graphs"][0]["inputs"]) == 1


def test_a_place_in_a_notebook_is_named_by_its_cell(
    project: Path, tracer: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    example, module = "# aotlens: Net()(torch.randn(2, 4))\n", "class Net(torch.nn.Module):\n    def __init__(self):\n"
    layers = "        super().__init__()\n        self.fc = torch.nn.Linear(4, 4)\n"
    forward = "    def forward(self, x):\n        return self.fc(x)\n"
    path = write_notebook(project / "net.ipynb", code("import torch"), code(example + module + layers + forward))
    text = text_of(ask("map", target="net.ipynb::Net", name="fc.weight"))
    assert "net.ipynb, cell 2, line 5" in text, text
    unsaved = joined([CodeCell(1, "import torch"), CodeCell(3, f"# new\n{example}{module}{layers}{forward}")])
    told = Unsaved({str(path): unsaved.text}, {str(path): unsaved})
    monkeypatch.setattr(answers, "unsaved_texts", lambda socket: told)
    attached = replace(place("."), attach="/editor")
    text = text_of(ask_server(attached, "map", {"target": "net.ipynb::Net", "name": "fc.weight"}))
    assert "net.ipynb, cell 3, line 6" in text, text
    monkeypatch.setattr(answers, "unsaved_texts", lambda socket: Unsaved())
    text = text_of(ask_server(attached, "map", {"target": "net.ipynb::Net", "name": "fc.weight"}))
    assert "net.ipynb, cell 2, line 5" in text, "it is saved as it was"


def assert_check_is_that_of_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CallToolResult:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.chdir(folder)
    result = ask("check", folders=(folder,), paths=["."], show_hints=True, show_untraced=True)
    options = CheckOptions(tracing=ProjectOptions(python=sys.executable), format="json", show_hints=True)
    whole = json.loads(printed(lambda: run_check(["."], options)))
    assert_part(result.structured_content, whole)
    assert len(result.structured_content["findings"]) == len(whole["findings"]) > 0
    for finding in whole["findings"]:
        if finding["left_out_by"] is not None:
            continue
        where = f"{Path(finding['path']).name}:{finding['line']}"
        assert f"{where}:{finding['column'] or 1}: {finding['severity']} {finding['code']}" in text_of(result)
    return result


def test_check_has_the_facts_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For files that need no trace; a proof has others."""
    (tmp_path / "latin.py").write_bytes(b"name = 'M\xfcller'\n")
    assert_check_is_that_of_the_command_line(tmp_path, monkeypatch)


@pytest.mark.proof
def test_check_has_the_facts_of_the_command_line_about_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = assert_check_is_that_of_the_command_line(write_project(tmp_path), monkeypatch)
    assert "layers.py:10:23: warning parameter-without-gradient" in text_of(result)


def test_a_check_stops_when_it_is_told_so() -> None:
    """Its files are traced on an event loop of their own, in another thread."""
    said: list[str] = []
    call = Call(said.append)
    begun = threading.Event()

    async def trace() -> None:
        call.began(3, 1)
        call.at(TargetKey("/x/model.py", "Net"), "import")
        begun.set()
        await asyncio.sleep(600)

    def stop() -> None:
        begun.wait()
        call.stop()

    threading.Thread(target=stop).start()
    with pytest.raises(Stopped):
        call.run(lambda: asyncio.run(trace()))
    assert said == ["0/3 files, /x/model.py::Net: importing the file"]
    with pytest.raises(Stopped):
        call.about("Net")  # nothing more is traced


def test_diff_has_the_facts_of_the_command_line(
    tmp_path: Path, tracer: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = traced("norm.py::RunningNorm", format="json")
    (tmp_path / "old.json").write_text(old, encoding="utf-8")
    (tmp_path / "new.json").write_text(traced("verdicts.py::Detached", format="json"))
    monkeypatch.chdir(tmp_path)
    result = ask("diff", folders=(tmp_path,), paths=["old.json", "new.json"])
    whole = json.loads(printed(lambda: run_diff(["old.json", "new.json"], DiffOptions(format="json"))))
    assert result.structured_content == whole and whole["targets"]
    assert whole["targets"][0]["summary"] in text_of(result)


def test_diff_with_a_revision_has_the_facts_of_the_command_line(
    tmp_path: Path, tracer: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(shutil.copy(ROOT / "docs/examples/unused.py", tmp_path))
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    file.write_text(file.read_text(encoding="utf-8").replace(".relu()", ".relu() * self.scale"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = ask("diff", folders=(tmp_path,), paths=["unused.py"], rev="HEAD")
    tracing = ProjectOptions(python=sys.executable)
    options = DiffOptions("HEAD", format="json", tracing=tracing)
    whole = json.loads(printed(lambda: run_diff(["unused.py"], options)))
    assert result.structured_content == whole and not result.is_error
    assert whole["before"]["name"] == "HEAD" and whole["targets"][0]["more"]["trained"] == 1
    assert whole["targets"][0]["summary"] in text_of(result)
    unknown = ask("diff", folders=(tmp_path,), paths=["unused.py"], rev="no-such")
    assert unknown.is_error and "no-such" in text_of(unknown)


@pytest.mark.parametrize(
    ("target", "arguments", "options"),
    [
        ("ranks.py::Ranks", {"mesh": "dp=2,tp=4", "rank": 5}, {"cluster": WorldInWords("dp=2,tp=4", None, 5)}),
        ("ranks.py::Ranks", {"world_size": 2}, {"cluster": WorldInWords(None, 2, None)}),
        (
            "norm.py::RunningNorm",
            {"convention": "compile", "dynamic": True},
            {"convention": "compile", "dynamic": True},
        ),
    ],
)
def test_clusters_and_dynamic_sizes_are_those_of_the_command_line(
    target: str, arguments: dict[str, Any], options: dict[str, Any], tracer: Shared
) -> None:
    whole = json.loads(traced(target, format="json", **options))
    before = tracer.traces
    result = ask("map", target=target, limit=100, **arguments)
    assert tracer.traces == before  # the same request
    assert not result.is_error, text_of(result)
    assert_part(result.structured_content, whole)
    assert json.loads(traced(target, format="json"))["traces"] != whole["traces"]


def test_decode_has_the_facts_of_the_command_line() -> None:
    whole = json.loads(printed(lambda: run_decode(LOG.name, DecodeOptions(format="json"))))
    result = ask("decode", log=LOG.name, limit=1000)
    assert_part(result.structured_content, whole)
    assert [len(graph["inputs"]) for graph in result.structured_content["graphs"]] == [
        len(graph["inputs"]) for graph in whole["graphs"]
    ]
    by_text = ask("decode", text=LOG.read_text(encoding="utf-8"), limit=1000).structured_content
    assert by_text["graphs"] == result.structured_content["graphs"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("map", {}, "'target' is a required property"),
        ("map", {"targt": "a.py"}, r"'targt' was unexpected.*The arguments of map are target \(required\)"),
        ("map", {"target": 3}, "target: 3 is not of type 'string'"),
        ("map", {"target": "norm.py", "convention": "jit"}, "'jit' is not one of"),
        ("map", {"target": "norm.py", "dynamic": True}, "convention compile"),
        ("map", {"target": "norm.py", "rank": 1}, "give it with --mesh or --world-size"),
        ("map", {"target": "norm.py", "mesh": "dp"}, "dp"),
        ("map", {"target": "norms.py"}, "did you mean norm.py"),
        ("map", {"target": "."}, "is a folder: name a Python file in it"),
        ("map", {"target": "/etc/passwd"}, "/etc/passwd is not in "),
        ("map", {"target": "../x.py::A"}, "is not in "),
        ("map", {"target": "a\0b.py"}, "is not a path"),
        ("map", {"target": "norm.py", "example": "A()"}, "name it, as in model.py::Block"),
        ("saved", {"target": "norm.py", "memory_budget": 2}, "greater than the maximum"),
        ("graph", {"target": "norm.py::A", "partitioner": "eager", "kind": "forward"}, "in eager there"),
        ("check", {"paths": ["/"]}, "/ is not in "),
        ("check", {"paths": ["none"]}, "there is no file or folder none"),
        ("check", {"paths": ["."], "select": ["no-code"]}, "no-code"),
        ("diff", {}, "aotlens.lock"),
        ("diff", {"lock": "/etc/passwd"}, "is not in "),
        ("decode", {}, "give either `log`"),
        ("decode", {"log": "/dev/zero"}, "is not in "),
        ("decode", {"text": "primals_1", "model": "/x.py::A"}, "is not in "),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_told(tool: str, arguments: dict[str, Any], said: str, tmp_path: Path) -> None:
    result = ask(tool, **arguments)
    assert result.is_error
    assert re.search(said, text_of(result)), text_of(result)
    assert_no_internals(text_of(result))


def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "secret.py").write_text("raise SystemExit")
    (tmp_path / "project" / "link.py").symlink_to(tmp_path / "secret.py")
    said = text_of(ask("map", folders=(tmp_path / "project",), target=str(tmp_path / "project" / "link.py::A")))
    assert "is not in" in said


def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol() -> None:
    with pytest.raises(MCPError, match="there is no tool guess: map, why_no_gradient"):
        ask("guess")


def test_a_fault_of_aotlens_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Folders, "check", lambda *_: {}["x"])
    result = ask("decode", log="x")
    assert (
        result.is_error and text_of(result) == "aotlens itself has failed in decode: KeyError: 'x'. Its log has more."
    )
    assert "Traceback" in capsys.readouterr().err


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    for arguments in ([], ["--instructions"]):
        done = CliRunner().invoke(app, ["mcp", *arguments])
        assert done.exit_code == 2 and "pip install 'aotlens[mcp]'" in done.stderr and not done.stdout


def test_the_instructions_name_each_tool() -> None:
    printed_text = CliRunner().invoke(app, ["mcp", "--instructions"]).stdout
    assert printed_text == instructions() and all(f"`{tool.name}`" in printed_text for tool in TOOLS)


def test_unsaved_text_counts(project: Path, tracer: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "norm.py"
    unsaved = path.read_text(encoding="utf-8").replace("self.shift", "self.offset")
    monkeypatch.setattr(answers, "unsaved_texts", lambda socket: Unsaved({str(path): unsaved}))
    attached = replace(place("."), attach="/editor")
    result = ask_server(attached, "map", {"target": "norm.py::RunningNorm"})
    labels = [slot["label"] for slot in result.structured_content["traces"][0]["graphs"][0]["inputs"]]
    assert "offset" in labels and "shift" not in labels
    assert text_of(result).endswith("(with what is not saved yet of norm.py)")
    whole = ask_server(attached, "why_no_gradient", {"target": "norm.py"})
    assert "offset gets no gradient" in text_of(whole)
    monkeypatch.setattr(answers, "unsaved_texts", lambda socket: None)
    saved = ask_server(attached, "map", {"target": "norm.py::RunningNorm"})
    assert "shift" in text_of(saved) and text_of(saved).endswith(
        "(no editor listens on /editor: the files are as they are on disk)"
    )


def test_an_editor_tells_its_unsaved_texts(tmp_path: Path) -> None:
    """Those of trusted files alone, to this user alone, as long as it runs."""
    for folder in ("trusted", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.py").write_text("x = 1\n", encoding="utf-8")
        (tmp_path / folder / "same.py").write_text("x = 1\n", encoding="utf-8")
    notebook = write_notebook(tmp_path / "trusted" / "net.ipynb", markdown("# Net"), code("x = 1"))
    path = tmp_path / "made" / "s"
    assert unsaved_texts(str(path)) is None  # neither is there a folder
    trusted = tmp_path / "trusted"
    options = {"trusted": [str(trusted)], "settings": {"trace": {"run": "manual"}}}
    with serving("-m", "aotlens", "serve", "--agents", str(path), initialize=False) as client:
        client.initialize(rootUri=trusted.as_uri(), initializationOptions=options)
        cells = NotebookEditor(client, notebook, (markdown("# Net"), code("x = 1"))).cells
        for file in sorted(tmp_path.rglob("*.py")):
            client.open(file.as_uri(), "x = 2\n" if file.name == "model.py" else "x = 1\n")
        client.text((trusted / "model.py").as_uri())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert unsaved_texts(str(path)) == Unsaved({str(trusted / "model.py"): "x = 2\n"})
        cells[1].replace("1", "2\n!ls")
        client.text(notebook.as_uri())
        told = unsaved_texts(str(path))
        assert told is not None and told.texts[str(notebook)] == "x = 2\npass\n"
        assert told.notebooks[str(notebook)].cells == ((2, 1, 2),)
        with socket.socket(socket.AF_UNIX) as other:
            other.settimeout(20)
            other.connect(str(path))
            other.sendall(b"GET / HTTP/1.1\n")
            with contextlib.suppress(ConnectionResetError):
                assert other.recv(100) == b""
    assert not path.exists()
    path.parent.chmod(0o777)
    with pytest.raises(UsageError, match="others can write to it"):
        unsaved_texts(str(path))


def test_a_folder_that_comes_after_the_look_at_it_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everybody may make one, such as in /tmp, another user may have made it."""
    path = tmp_path / "made" / "s"

    def missing(folder: Path) -> str | None:
        folder.mkdir()
        listener.bind(str(path))
        listener.listen()
        raise FileNotFoundError

    monkeypatch.setattr(attached, "open_to_others", missing)
    with socket.socket(socket.AF_UNIX) as listener:
        assert unsaved_texts(str(path)) is None
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_an_answer_that_is_none_is_told(tmp_path: Path) -> None:
    texts = (b'{"relative.py": ""}', b'{"/x.py": 1}', b"3")
    for said in (b"", b"[]", b"\xff", *(b'{"unsaved": %b}' % each for each in texts)):
        path = tmp_path / "s"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()

            def answer(listener: socket.socket = listener, said: bytes = said) -> None:
                connection, _ = listener.accept()
                connection.recv(100)
                connection.sendall(said)
                connection.close()

            thread = threading.Thread(target=answer)
            thread.start()
            with pytest.raises(UsageError, match="does not answer as aotlens serve --agents"):
                unsaved_texts(str(path))
            thread.join()
        path.unlink()


CONFIGURATIONS = sorted((ROOT / "docs/agents").iterdir())


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.stem)
def test_a_configuration_of_the_documentation_starts_a_server(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file.read_text(encoding="utf-8")
    assert f"```{file.suffix[1:]}\n{text}```" in (ROOT / "docs/agents.md").read_text(encoding="utf-8")
    (servers,) = (tomli.loads(text) if file.suffix == ".toml" else json.loads(text)).values()
    started: list[Any] = []
    monkeypatch.setattr(command, "run_mcp", lambda *given: started.append(given) or 0)
    assert servers["aotlens"]["command"] == "aotlens"
    done = CliRunner().invoke(app, servers["aotlens"]["args"])
    assert done.exit_code == 0, done.output
    ((folders, _),) = started
    assert folders in (["."], ["${workspaceFolder}"])


NOISY = """\
import os, subprocess, sys, time
import torch
from torch import nn

print("module", flush=True)
os.write(1, b"{not json}\\n")
subprocess.run(["echo", "from a child"])


# aotlens: Quiet(2)(torch.randn(3, 2))
class Quiet(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)

    def forward(self, x):
        print("forward")
        return self.fc(x)


# aotlens: Endless()(torch.randn(3))
class Endless(nn.Module):
    def __init__(self):
        super().__init__()
        time.sleep(600)


# aotlens: Wrong(2)(torch.randn(3, 5))
class Wrong(Quiet):
    pass
"""


def test_a_server_on_stdio(tmp_path: Path) -> None:
    """An agent starts it: what user code prints does not reach the protocol, and a call can be cancelled."""
    (tmp_path / "noisy.py").write_text(NOISY, encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT / "server"), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "aotlens", "mcp", "--python", sys.executable]
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment, cwd=tmp_path)
    strange: list[object] = []

    async def handle(message: object) -> None:
        if isinstance(message, Exception):
            strange.append(message)

    async def talk() -> None:
        async with Client(server, mode="legacy", message_handler=handle) as client:
            assert client.session.instructions == instructions()
            listed = (await client.list_tools()).tools
            assert [tool.name for tool in listed] == [tool.name for tool in TOOLS]
            said: list[str] = []

            async def told(number: float, total: float | None, message: str | None) -> None:
                assert number == len(said) + 1
                said.append(message or "")

            quiet = await client.call_tool("map", {"target": "noisy.py::Quiet"}, progress_callback=told)
            assert not quiet.is_error and "noisy.py::Quiet" in text_of(quiet) and "the code printed" in text_of(quiet)
            assert said[0].startswith("starting the tracer") and "Quiet: capturing the joint graph" in said
            shown = await client.call_tool("map", {"target": "noisy.py::Quiet", "show_output": True})
            assert "from a child" in text_of(shown)
            await cancelled(client)
            wrong = await client.call_tool("shapes", {"target": "noisy.py::Wrong"})
            assert wrong.is_error and "--> noisy.py:18" in text_of(wrong)
            failure = wrong.structured_content["traces"][0]["failure"]
            assert (failure["path"], failure["line"]) == ("noisy.py", 18) and "shapes cannot be multiplied" in failure[
                "message"
            ]
            assert_no_internals(text_of(wrong))

    async def cancelled(client: Client) -> None:
        began = asyncio.Event()

        async def told(number: float, total: float | None, message: str | None) -> None:
            if message == "Endless: building the example":
                began.set()

        call = asyncio.ensure_future(client.call_tool("map", {"target": "noisy.py::Endless"}, progress_callback=told))
        await asyncio.wait_for(began.wait(), 120)
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call

    _within(300, talk())
    assert strange == []


def _within(seconds: float, doing: Coroutine[Any, Any, None]) -> None:
    async def run() -> None:
        await asyncio.wait_for(doing, seconds)

    asyncio.run(run())
