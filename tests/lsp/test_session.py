"""The session over time, over the wire and on real tracers: cancelling, ends, restarts, interpreters, files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aotlens.session.tracer import warm
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import Interpreter
from aotlens.session.tracer.status import TracerStatus
from aotlens.session.tracer.warm import WarmTracer
from aotlens_tracer.wire.protocol import VERSION, TraceParams
from lsp.client import Client, spawn
from lsp.editor import VSCODE, Editor, editing
from lsp.projects import (
    HEADER,
    PATIENCE,
    PROMPTLY,
    children,
    environment,
    eventually,
    gone,
    guardians,
    held,
    module,
    servers,
    tracers,
    write,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")


@pytest.fixture(autouse=True)
def no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


def tracer_of_server() -> int:
    """The only tracer of the only server."""
    (server,) = servers()
    (tracer,) = eventually(lambda: tracers(server), "a tracer")
    return tracer


def running_child() -> int:
    """The child of the only tracer that traces. One that records values for it was started before it."""
    tracer = tracer_of_server()
    return max(eventually(lambda: children(tracer), "a running trace"))


def begun(editor: Editor, title: str) -> str:
    """The token of the progress that has begun with this title."""

    def token() -> str | None:
        values = [message["params"] for message in editor.client.of("$/progress")]
        return next((v["token"] for v in reversed(values) if v["value"].get("title", "").startswith(title)), None)

    return editor.client.wait(token, PATIENCE, f"progress {title!r}")


def cancelled(lenses: list[str]) -> bool:
    return lenses[0].endswith("cancelled: click to trace again")


# Cancelling.


@pytest.mark.parametrize("way", ["progress", "command"])
def test_cancelling_ends_the_child_and_keeps_the_tracer(tmp_path: Path, way: str) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, module("Slow", held(hold)))
    with editing(path) as editor:
        child, tracer = running_child(), tracer_of_server()
        editor.until(lambda lenses: "tracing: building the example" in lenses[0])
        if way == "progress":
            token = begun(editor, "Tracing Slow")
            editor.client.notify("window/workDoneProgress/cancel", {"token": token})
        else:
            editor.command("cancelTrace", "Slow")
        gone(child, "the cancelled trace")
        editor.until(cancelled)
        hold.unlink()
        editor.command("traceNow", "Slow")
        editor.until_traced()
        assert tracer_of_server() == tracer


def test_what_waits_can_be_cancelled(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, module("Slow", held(hold)), module("Next"))
    with editing(path) as editor:
        child = running_child()
        assert "waiting to be traced" in editor.lenses()
        editor.command("cancelTrace", "Next")
        editor.until(lambda lenses: "waiting to be traced" not in lenses)
        editor.command("cancelTrace", "Slow")
        gone(child, "the cancelled trace")
        editor.until(lambda lenses: [cancelled([lens]) for lens in lenses] == [True, True])
        editor.insert(0, "# edited\n")
        assert cancelled(editor.lenses())
        hold.unlink()
        editor.save()
        editor.until_traced()
        editor.configure(trace={"run": "manual"})
        editor.insert(0, "# edited again\n")
        hold.write_text("")
        editor.command("traceNow", "Slow")
        running_child()
        editor.command("cancelTrace", "Slow")
        (lens, *_) = editor.until(cancelled)
        assert " · 4 inputs · " in lens, "the last map stays"


def test_a_trace_cancelled_while_its_tracer_starts_leaves_the_start_to_the_next(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with editing(path) as editor:
        tracer = tracer_of_server()
        editor.command("cancelTrace", "Model")
        editor.until(cancelled)
        editor.command("traceNow", "Model")
        editor.until_traced()
        assert tracer_of_server() == tracer


def test_a_class_that_is_renamed_while_it_is_traced(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, module("Before", held(hold)))
    with editing(path) as editor:
        child = running_child()
        editor.replace("Before()(", "After()(")
        editor.replace("class Before", "class After")
        gone(child, "the trace of a class that is no more")
        hold.unlink()
        editor.save()
        editor.until_traced()
        assert len(editor.lenses()) == 1


def test_a_class_that_is_renamed_after_its_trace(tmp_path: Path) -> None:
    """Its map goes on under the new name, through half a name, and back."""
    holder = module("Model", "self.block = Before()").replace("self.fc(x)", "self.block(self.fc(x))")
    path = write(tmp_path / "model.py", HEADER, module("Before", example="Before()(torch.ones(3, 2))"), holder)
    with editing(path) as editor:
        editor.until_traced()
        editor.until(
            lambda lenses: len(lenses) == 2 and not any("waiting" in lens or "tracing" in lens for lens in lenses)
        )
        editor.replace("Before(nn.Module", "(nn.Module")
        time.sleep(0.5)
        editor.replace(
            "(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc",
            "After(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc",
        )
        (lens, *_) = editor.until(lambda lenses: len(lenses) == 2 and " · 4 inputs · " in lenses[0])
        assert lens.endswith(" · stale: the code has changed since")
        hover = editor.hover("class Af|ter")
        assert "**class** `After`" in hover and "Also in `block` of `Model`" in hover
        names = lambda: {one["containerName"] for one in editor.client.result("workspace/symbol", {"query": "fc"})}  # noqa: E731
        assert names() == {"After f32[2, 2]", "After f32[2]", "Model f32[2, 2]", "Model f32[2]"}
        editor.replace("After(nn.Module", "Before(nn.Module")
        eventually(lambda: "After f32[2]" not in names(), "the old name")
        assert "**class** `Before`" in editor.hover("class Be|fore")


def test_a_class_that_is_deleted_is_forgotten_and_comes_back_with_its_text(tmp_path: Path) -> None:
    first, second = module("First"), module("Second")
    path = write(tmp_path / "model.py", HEADER, first, second)
    with editing(path, trace={"run": "manual"}) as editor:
        editor.command("traceNow", "First")
        editor.until_traced()
        editor.replace(first, "")
        eventually(lambda: not editor.client.result("workspace/symbol", {"query": "fc"}), "nothing of the class")
        editor.replace(second, second + first)
        lenses = editor.until(lambda lenses: any("stale" in lens for lens in lenses))
        assert " · 4 inputs · " in lenses[1] and lenses[1].endswith(" · stale: the code has changed since")


# Pinning.


def test_a_template_is_written_completed_and_traced(tmp_path: Path) -> None:
    text = module("Model").split("\n", 3)[3].replace("__init__(self)", "__init__(self, width: int)")
    # A width that cannot be guessed: with any other the constructor raises.
    layer = "nn.Linear(2, width // (7 * width + 3 == 304))"
    path = write(tmp_path / "model.py", HEADER, "\n\n", text.replace("nn.Linear(2, 2)", layer))
    with editing(path) as editor:
        editor.until(lambda lenses: len(lenses) == 1 and "no example found" in lenses[0])
        at = editor.at("class Mo|del")["position"]
        where = {"textDocument": {"uri": editor.uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
        actions = editor.client.result("textDocument/codeAction", where)
        (pin,) = [action for action in actions if action["title"].startswith("Pin ")]
        (change,) = pin["edit"]["documentChanges"][0]["edits"]
        assert change["newText"] == "# aotlens: Model(width=...)(x=torch.randn(...))\n"
        editor.insert(change["range"]["start"]["line"], change["newText"])
        editor.save()
        editor.until(lambda lenses: lenses[0].startswith("the example is to be completed"))
        line = change["range"]["start"]["line"]  # the problem of before, which has the same code, is elsewhere
        found = editor.client.wait(
            lambda: [one for one in editor.diagnostics() if one["range"]["start"]["line"] == line] or None,
            what="a problem at the example",
        )
        assert [(one["code"], one["severity"]) for one in found] == [("example-failed", 3)]
        editor.replace("width=...", "width=43")
        editor.replace("randn(...)", "randn(3, 2)")
        editor.save()
        editor.until_traced()
        editor.until_undiagnosed()


def test_nothing_is_pinned_in_a_file_that_is_read_only(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model").split("\n", 3)[3])
    path.chmod(0o444)
    with editing(path) as editor:
        editor.until(lambda lenses: len(lenses) == 1 and "waiting" not in lenses[0] and "tracing" not in lenses[0])
        at = editor.at("class Mo|del")["position"]
        where = {"textDocument": {"uri": editor.uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
        actions = editor.client.result("textDocument/codeAction", where)
        assert [action["title"] for action in actions] == ["Trace Model now"]
        editor.command("pinExample", "Model")
        (said,) = editor.popped_up()
        assert said.startswith("Model is in a read-only file or an installed package")


# Several definitions of one name.


def test_a_class_that_a_later_one_replaces_says_so(tmp_path: Path) -> None:
    later = module("Model").replace("nn.Linear(2, 2)", "nn.Linear(2, 2, bias=False)")
    path = write(tmp_path / "model.py", HEADER, module("Model"), later)
    with editing(path) as editor:
        line = editor.text.splitlines().index("class Model(nn.Module):", 12) + 1
        assert editor.lenses()[0] == f"replaced by the definition in line {line}"
        lenses = editor.until(lambda lenses: "saves " in lenses[1])
        assert len(lenses) == 2 and lenses[0] == f"replaced by the definition in line {line}"
        assert " · 3 inputs · " in lenses[1]
        replaced = f"*`Model` is replaced by the definition in line {line}.*"
        assert editor.hover("self.f|c = nn.Linear(2, 2)\n") == replaced
        editor.insert(0, "# moved\n")
        assert editor.lenses()[0] == f"replaced by the definition in line {line + 1}"
        editor.command("goToTarget", "Model")
        (shown,) = editor.client.of("window/showDocument")
        assert shown["params"]["selection"]["start"]["line"] == line


def test_of_definitions_in_branches_the_one_that_was_taken_counts(tmp_path: Path) -> None:
    branch = lambda text: "".join(f"    {line}\n" if line else "\n" for line in text.strip("\n").splitlines())  # noqa: E731
    first = module("Model", example="Model()(torch.ones(3, 2))")
    parts = (
        "\nif True:\n",
        branch(first),
        "else:\n",
        branch(first.replace("nn.Linear(2, 2)", "nn.Linear(2, 2, bias=False)")),
    )
    path = write(tmp_path / "model.py", HEADER, *parts)
    with editing(path) as editor:
        assert not any("replaced" in lens for lens in editor.lenses())
        lenses = editor.until(lambda lenses: any("saves " in lens for lens in lenses))
        line = editor.text.splitlines().index("    class Model(nn.Module):") + 1
        assert " · 4 inputs · " in lenses[0] and lenses[1] == f"replaced by the definition in line {line}"


# The end.


@pytest.mark.parametrize("way", ["its end of the pipe", "its process", "the server is killed"])
def test_a_client_that_vanishes_takes_everything_with_it(tmp_path: Path, way: str) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, module("Slow", held(hold)))
    with contextlib.ExitStack() as stack:
        client_process = stack.enter_context(subprocess.Popen(["sleep", "600"]))
        stack.callback(client_process.kill)
        server = stack.enter_context(spawn(stderr=subprocess.DEVNULL))
        stack.callback(server.kill)
        assert server.stdout is not None and server.stdin is not None
        client = Client(server.stdout, server.stdin)
        options = {"trusted": True, "settings": {"interpreter": sys.executable}}
        root = tmp_path.as_uri()
        client.initialize(processId=client_process.pid, rootUri=root, initializationOptions=options)
        Editor(client, path).open()
        child, tracer = running_child(), tracer_of_server()
        if way == "its end of the pipe":
            server.stdin.close()
        elif way == "its process":
            client_process.kill()
        else:
            server.kill()
        server.wait(PROMPTLY)
        gone(tracer, "the tracer")
        gone(child, "the trace")


# A tracer that ends.


def test_a_killed_tracer_is_told_and_replaced(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, module("Slow", held(hold)))
    with editing(path) as editor:
        eventually(lambda: [one for one in editor.statuses() if one["state"] == "busy"], "a tracer that is ready")
        child, tracer = running_child(), tracer_of_server()
        os.kill(tracer, signal.SIGKILL)
        editor.until(lambda lenses: lenses[0] == "failed: the tracer was ended by SIGKILL")
        (found,) = editor.until_diagnosed("trace-failed")
        assert found["message"] == "the tracer was ended by SIGKILL"
        gone(child, "the trace of the killed tracer")
        hold.unlink()
        editor.save()
        editor.until_traced()
        assert tracer_of_server() != tracer
        editor.until_undiagnosed()
        states = [status["state"] for status in editor.statuses()]
        assert states == ["starting", "ready", "busy", "stopped", "restarting", "starting", "ready", "busy", "ready"]
        assert editor.statuses()[3]["message"] == "the tracer was ended by SIGKILL"


def test_a_tracer_killed_while_idle_is_started_for_the_next_trace(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with editing(path) as editor:
        editor.until_traced()
        os.kill(tracer_of_server(), signal.SIGKILL)
        status = eventually(lambda: [one for one in editor.statuses() if one["state"] == "stopped"], "word of its end")
        assert [one["problem"] for one in status] == ["died"]
        assert not any("failed" in lens for lens in editor.lenses())
        editor.insert(0, "# edited\n")
        editor.save()
        editor.until_traced()


def test_a_tracer_that_keeps_ending_is_given_up_until_the_user_asks(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with editing(path) as editor:
        for count in range(warm.MAX_CRASHES):
            if count:
                editor.save()
            os.kill(tracer_of_server(), signal.SIGKILL)
            editor.until(lambda lenses: lenses[0].startswith("failed: the tracer was ended by SIGKILL"))
        editor.save()
        editor.until(lambda lenses: lenses[0].startswith("failed: the tracer ended 5 times within 3 minutes"))
        assert editor.statuses()[-1]["state"] == "gone"
        assert editor.statuses()[-1]["hint"]
        editor.save()
        editor.save()
        assert editor.hover("class Mo|del")
        assert [message.split(" (")[0] for message in editor.popped_up()] == [
            "aotlens cannot trace: the tracer ended 5 times within 3 minutes"
        ]
        assert guardians(servers()[0]) == []
        editor.command("traceNow", "Model")
        editor.until_traced()
        before = tracer_of_server()
        editor.command("restartTracer")
        gone(before, "the tracer that was restarted")
        editor.until_traced()
        assert tracer_of_server() != before


READY = f"""\
import json, os, sys, time
VERSION = {VERSION}
print("a start-up file says hello", flush=True)
"""
READY += """\
ready = {"protocol": VERSION, "python": "3", "executable": "", "torch": "2", "problem": None}
ready["fork"] = True
print(json.dumps({"method": "ready", "params": ready}), flush=True)
"""


def fake(folder: Path, script: str) -> tuple[WarmTracer, list[TracerStatus]]:
    """A tracer whose interpreter runs a script, whatever it is asked to run; and its states, as they come."""
    path = write(folder / "python", f"#!{sys.executable}\n{script}")
    path.chmod(0o755)
    states: list[TracerStatus] = []
    return WarmTracer(Interpreter(str(path), "a test"), os.environ, folder, states.append, lambda *_: None), states


async def attempt(tracer: WarmTracer) -> str:
    with pytest.raises(TracerUnusable) as caught:
        await tracer.trace(TraceParams("model.py", "Model", ()), lambda event: None)
    return str(caught.value)


def test_restarts_wait_longer_each_time_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "BACKOFF", (0.0, 0.11, 0.12, 0.13))
    waits: list[float] = []
    sleep = asyncio.sleep
    monkeypatch.setattr(warm.asyncio, "sleep", lambda seconds: waits.append(seconds) or sleep(0))

    async def run() -> None:
        tracer, told = fake(tmp_path, f"{READY}sys.stdin.readline(); os._exit(7)")
        for _ in range(warm.MAX_CRASHES):
            assert await attempt(tracer) == "the tracer ended unexpectedly, with status 7"
        assert waits == [0.0, 0.11, 0.12, 0.13]
        for _ in range(3):
            assert "5 times within 3 minutes" in await attempt(tracer)
        states = [status.state for status in told]
        assert states.count("starting") == warm.MAX_CRASHES
        assert states[-2:] == ["stopped", "gone"]
        tracer.forgive()
        assert await attempt(tracer) == "the tracer ended unexpectedly, with status 7"
        assert len(waits) == 4
        await tracer.close()

    asyncio.run(run())


def test_who_asks_just_as_a_tracer_is_given_up_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "BACKOFF", (0.0,))

    async def run() -> None:
        told: list[str] = []

        def on_change(status: TracerStatus) -> None:
            told.append(status.state)
            if told.count("gone") == 1 and status.state == "gone":
                asyncio.get_running_loop().call_soon(tracer.forgive)  # before anybody hears of the failure

        broken, _ = fake(tmp_path, f"{READY}sys.stdin.readline(); os._exit(7)")
        tracer = WarmTracer(broken.interpreter, os.environ, tmp_path, on_change, lambda *_: None)
        for _ in range(warm.MAX_CRASHES):
            await attempt(tracer)
        await tracer.start()
        assert told[-3:] == ["stopped", "starting", "ready"]
        await tracer.close()

    asyncio.run(run())


def test_a_tracer_that_is_closed_while_it_starts_is_no_problem(tmp_path: Path) -> None:
    async def run() -> None:
        tracer, told = fake(tmp_path, "import time; time.sleep(600)")
        starting = asyncio.ensure_future(tracer.start())
        while tracer.pid is None:
            await asyncio.sleep(0.01)
        pid = tracer.pid
        await tracer.close()
        await asyncio.wait([starting])
        assert starting.cancelled()
        gone(pid, "the process that was to be a tracer")
        assert [status.state for status in told] == ["starting", "stopped"]

    asyncio.run(run())


def test_a_start_that_nobody_waits_for_any_more_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        tracer, told = fake(tmp_path, f"import time; time.sleep(0.2)\n{READY}sys.stdin.readline()")
        impatient = asyncio.ensure_future(tracer.start())
        while tracer.pid is None:
            await asyncio.sleep(0.01)
        pid = tracer.pid
        impatient.cancel()
        await asyncio.wait([impatient])
        await tracer.start()
        assert tracer.pid == pid
        assert [status.state for status in told] == ["starting", "ready"]
        await tracer.close()

    asyncio.run(run())


def test_a_tracer_that_will_not_start_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    async def run() -> None:
        tracer, told = fake(tmp_path, "import sys; sys.exit('no room for this')")
        for _ in range(2):
            assert (await attempt(tracer)).endswith("did not start as a tracer: no room for this")
        assert [status.state for status in told] == ["starting", "unusable"]
        assert told[-1].hint == "choose another interpreter with aotlens.interpreter"

    asyncio.run(run())


# Interpreters that cannot trace.


def without_torch(folder: Path) -> tuple[str, str]:
    return str(environment(folder / "bare", torch=False)), "torch is not installed in this interpreter"


def missing(folder: Path) -> tuple[str, str]:
    return str(folder / "nowhere" / "python"), "there is no interpreter"


def no_python(folder: Path) -> tuple[str, str]:
    path = write(folder / "nothing", "#!/bin/sh\necho this is no Python >&2\nexit 3\n")
    path.chmod(0o755)
    return str(path), "did not start as a tracer: this is no Python"


def no_program(folder: Path) -> tuple[str, str]:
    path = write(folder / "nothing", "\0\0\0\0")
    path.chmod(0o755)
    return str(path), "cannot be started"


@pytest.mark.parametrize("make", [without_torch, missing, no_python, no_program], ids=lambda make: make.__name__)
def test_an_interpreter_that_cannot_trace_is_said_once(tmp_path: Path, make: Callable[[Path], tuple[str, str]]) -> None:
    python, words = make(tmp_path)
    path = write(tmp_path / "model.py", HEADER, module("First"), module("Second"))
    with editing(path, interpreter=python, trace={"run": "onType"}) as editor:
        editor.until(lambda lenses: [lens.startswith("failed: ") for lens in lenses] == [True, True])
        (found,) = editor.until_diagnosed("trace-failed")
        assert words in found["message"]
        assert "aotlens.interpreter" in found["message"]
        shown = len(editor.client.of("textDocument/publishDiagnostics"))
        for _ in range(20):
            editor.replace("import torch\n", "import torch \n")
            editor.replace("import torch \n", "import torch\n")
        time.sleep(1)
        editor.until(lambda lenses: not any(word in lens for lens in lenses for word in ("waiting", "tracing")))
        assert len(editor.client.of("textDocument/publishDiagnostics")) - shown <= 4
        assert editor.hover("class Fi|rst")
        (status,) = [status for status in editor.statuses() if status["state"] == "unusable"]
        assert status["interpreter"] == python
        assert words in status["message"] and status["hint"] and status["reason"] == "the setting aotlens.interpreter"
        (said,) = editor.popped_up()
        assert words in said and status["hint"] in said
        editor.configure()
        editor.until_traced()
        editor.until_undiagnosed()


def test_settings_that_are_pushed(tmp_path: Path) -> None:
    python, words = missing(tmp_path)
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with editing(path, interpreter=python, capabilities={}) as editor:
        editor.until(lambda lenses: words in lenses[0])
        good = {"settings": {"aotlens": {"interpreter": sys.executable}}}
        editor.client.notify("workspace/didChangeConfiguration", {"settings": {}})  # nothing about us changes nothing
        editor.client.notify("workspace/didChangeConfiguration", good)
        editor.until_traced()
        assert len(editor.popped_up()) == 1


# Workspace folders.


def test_each_folder_has_its_interpreter(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    pythons = [str(environment(folder / ".venv", torch=True)) for folder in folders]
    paths = [write(folder / "model.py", HEADER, module("Model", "print(sys.prefix)")) for folder in folders]
    with editing(paths[0], folders=folders[:1], interpreter=None) as editor:
        editor.until_traced()
        client, two = editor.client, {"uri": folders[1].as_uri(), "name": "two"}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [two], "removed": []}})
        other = editor.another(paths[1])
        other.until_traced()
        reasons = {status["interpreter"]: status["reason"] for status in editor.statuses()}
        assert reasons == {pythons[0]: ".venv of one", pythons[1]: ".venv of two"}
        printed = [line.strip() for line in editor.logged("printed: ")]
        assert list(dict.fromkeys(printed)) == [f"printed: {folder / '.venv'}" for folder in folders]
        (server,) = servers()
        assert len(tracers(server)) == 2
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [two]}})
        eventually(lambda: len(tracers(server)) == 1, "the end of the tracer of a folder that was removed")
        other.until_traced()  # by the rules for a file in no folder


def test_a_file_of_no_folder_gets_the_interpreter_of_the_folder_added_around_it(tmp_path: Path) -> None:
    python = environment(tmp_path / "project" / "envs" / "mine", torch=True)
    path = write(tmp_path / "project" / "src" / "model.py", HEADER, module("Model", "print(sys.prefix)"))
    write(tmp_path / "elsewhere" / "empty.py")
    relative = "envs/mine/bin/python"
    with editing(path, folders=[tmp_path / "elsewhere"], interpreter=relative) as editor:
        editor.until(lambda lenses: lenses[0] == "not traced: this file is in no trusted folder")
        added = {"uri": (tmp_path / "project").as_uri(), "name": "project"}
        editor.client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [added], "removed": []}})
        editor.until_traced()
        assert editor.statuses()[-1]["interpreter"] == str(python)
        assert not editor.popped_up()


# Files.


def project(folder: Path) -> tuple[Path, Path]:
    """Two files, of which one imports the other."""
    blocks = write(
        folder / "blocks.py",
        "from torch import nn\n\n\nclass Block(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.inner = nn.Linear(2, 2)\n\n    def forward(self, x):\n        return self.inner(x)\n",
    )
    model = write(folder / "model.py", HEADER, "from blocks import Block\n", module("Model", "self.block = Block()"))
    write(model, model.read_text().replace("self.fc(x)", "self.block(self.fc(x))"))
    return model, blocks


def bias_gone(lenses: list[str]) -> bool:
    """The map is of today's text, in which the block has one parameter less."""
    return " · 5 inputs · " in lenses[0] and "stale" not in lenses[0]


def test_an_imported_file_changed_on_disk(tmp_path: Path) -> None:
    model, blocks = project(tmp_path)
    with editing(model) as editor:
        assert " · 6 inputs · " in editor.until_traced()[0]
        write(blocks, blocks.read_text().replace("nn.Linear(2, 2)", "nn.Linear(2, 2, bias=False)"))
        editor.changed_on_disk(blocks)
        editor.until(bias_gone)
        editor.configure(trace={"run": "manual"})
        write(blocks, blocks.read_text().replace(", bias=False", ""))
        editor.changed_on_disk(blocks)
        editor.until(lambda lenses: "stale" in lenses[0])
        editor.command("traceNow", "Model")
        assert " · 6 inputs · " in editor.until_traced()[0]


def test_an_import_that_was_missing_appears(tmp_path: Path) -> None:
    model, blocks = project(tmp_path)
    text = blocks.read_text()
    blocks.unlink()
    with editing(model) as editor:
        editor.until(lambda lenses: lenses[0].startswith("failed") and "blocks" in lenses[0])
        write(blocks, text)
        editor.changed_on_disk(blocks)
        editor.until_traced()


def test_a_deleted_file_takes_its_maps_with_it(tmp_path: Path) -> None:
    model, blocks = project(tmp_path)
    write(blocks, blocks.read_text().replace("        self.i", "        self.idle = nn.Linear(2, 2)\n        self.i"))
    with editing(model) as editor:
        editor.until_traced()
        other = editor.another(blocks)
        recorded = lambda lenses: "recorded in Model: block" in other.tooltips()[-1]  # noqa: E731
        other.until(recorded)
        names = lambda: {one["name"] for one in editor.client.result("workspace/symbol", {"query": "inner"})}  # noqa: E731
        assert names() == {"block.inner.weight", "block.inner.bias"}
        editor.close()
        other.until(recorded)
        model.unlink()
        editor.changed_on_disk(model)
        other.until(lambda lenses: "inferred" in other.tooltips()[-1])
        eventually(lambda: names() == {"inner.weight", "inner.bias"}, "the names of the class by itself")
        (finding,) = other.until_diagnosed("parameter-without-gradient")
        assert "Model" not in finding["message"]


def test_a_renamed_file_that_is_open(tmp_path: Path) -> None:
    path = write(tmp_path / "before.py", HEADER, module("Model"))
    with editing(path) as editor:
        editor.until_traced()
        editor.replace("nn.Linear(2, 2)", "nn.Linear(2, 2, bias=False)")
        path = path.rename(tmp_path / "after.py")
        editor.close()
        renamed = Editor(editor.client, path)
        renamed.text = editor.text
        renamed.open()
        editor.changed_on_disk(editor.path, path)
        assert " · 3 inputs · " in renamed.until_traced()[0]
        symbols = lambda: editor.client.result("workspace/symbol", {"query": "fc"})  # noqa: E731
        eventually(lambda: {one["location"]["uri"] for one in symbols()} == {renamed.uri}, "only the new file's names")
        assert not any("failed" in lens for lens in renamed.lenses())


def test_unsaved_text_of_an_import_is_traced(tmp_path: Path) -> None:
    model, blocks = project(tmp_path)
    with editing(model, trace={"run": "onType"}) as editor:
        editor.until_traced()
        other = editor.another(blocks)
        other.replace("nn.Linear(2, 2)", "nn.Linear(2, 2, bias=False)")
        editor.until(bias_gone)
        assert "bias=False" not in blocks.read_text()
        other.close()  # without saving: the file on disk counts again
        assert " · 6 inputs · " in editor.until_traced()[0]


def test_closing_what_was_not_changed_changes_nothing(tmp_path: Path) -> None:
    model, blocks = project(tmp_path)
    with editing(model) as editor:
        editor.until_traced()
        other = editor.another(blocks)
        other.insert(0, "# one\n")
        write(blocks, other.text)
        other.save()
        editor.until_traced()
        traces = len(editor.logged("Model (model.py) traced"))
        other.close()
        assert not any("stale" in lens for lens in editor.lenses())
        editor.insert(0, "# two\n")
        editor.save()
        editor.until_traced()
        assert len(editor.logged("Model (model.py) traced")) == traces + 1


def test_places_move_in_a_file_that_is_opened_after_the_trace(tmp_path: Path) -> None:
    model, blocks = project(tmp_path)
    with editing(model) as editor:
        editor.until_traced()
        other = editor.another(blocks)
        other.insert(0, "# one\n# two\n")
        (link,) = other.ask("definition", "self.inn|er(x)")
        assert "nn.Linear" in other.text.splitlines()[link["targetRange"]["start"]["line"]]


# Settings.


def test_where_and_with_what_the_code_runs(tmp_path: Path) -> None:
    path = write(
        tmp_path / "src" / "model.py",
        HEADER,
        "import helper\n",
        module("Model", "print('in', os.getcwd(), os.environ.get('SIZE'), helper.SIZE)", size="helper.SIZE"),
    )
    work = tmp_path / "work"
    work.mkdir()
    for size in (3, 4):
        write(tmp_path / f"lib{size}" / "helper.py", f"SIZE = {size}\n")
    trace = {"workingDirectory": "work", "environment": {"SIZE": "one"}, "importPaths": ["lib3"]}
    printed = lambda: [line.partition("in ")[2] for line in editor.logged("printed: in ")]  # noqa: E731
    with editing(path, folders=[tmp_path], trace=trace) as editor:
        editor.until_traced()
        assert set(printed()) == {f"{work} one 3"}
        changes = ({"environment": {"SIZE": "two"}}, {"workingDirectory": str(path.parent)}, {"importPaths": ["lib4"]})
        for change in changes:
            trace = {**trace, **change}
            before = len(printed())
            editor.configure(trace=trace)
            eventually(lambda: len(printed()) > before, f"a trace after {change}")  # noqa: B023
        editor.until_traced()
        told = list(dict.fromkeys(printed()))
        assert told[1:] == [f"{work} two 3", f"{path.parent} two 3", f"{path.parent} two 4"]
        assert "f32[4, 2]" in editor.until_traced() or "f32[4, 2]" in editor.hover("self.f|c = ")


def test_what_was_traced_with_other_settings_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model", "self.spare = nn.Parameter(torch.ones(2))"))
    with editing(path, trace={"run": "manual"}) as editor:
        editor.command("traceNow", "Model")
        editor.until_traced()
        editor.configure(trace={"run": "manual", "mode": "eval"})
        editor.until(
            lambda lenses: (
                " · 5 inputs · " in lenses[0] and lenses[0].endswith("stale: the settings have changed since")
            )
        )
        assert "*Stale: the settings have changed since this was traced.*" in editor.hover("class Mo|del")
        why = "(stale: the settings have changed since)"
        eventually(lambda: any(why in one["message"] for one in editor.diagnostics()), why)
        editor.command("traceNow", "Model")
        editor.until_traced()
        editor.insert(0, "# edited\n")
        editor.until(lambda lenses: lenses[0].endswith("stale: the code has changed since"))


def test_the_partitioner_is_a_setting(tmp_path: Path) -> None:
    forward = "\n\n    def forward(self, x):\n        x = self.up(x)\n        return x.sin().cos()\n"
    made = "    def __init__(self):\n        super().__init__()\n        self.up = nn.Linear(4, 4)"
    head = "\n\n# aotlens: Model()(torch.randn(2, 4))\nclass Model(nn.Module):\n"
    path = write(tmp_path / "model.py", HEADER, head, made, forward)

    def saved(words: str) -> Callable[[list[str]], bool]:
        return lambda lenses: lenses[0].endswith(f" · {words}")

    with editing(path, inlayHints={"saved": True, "values": "off"}, trace={"partitioner": "eager"}) as editor:
        editor.until(saved("saves 64 B in eager"))
        hover = editor.hover("return x.s|in()")
        assert "**saves 32 B for backward in eager** in `Model`" in hover
        assert "`f32[2, 4]` `x.sin()`, kept by `CosBackward0`" in hover
        everything = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
        (_, hint) = editor.client.result(
            "textDocument/inlayHint", {"textDocument": {"uri": editor.uri}, "range": everything}
        )
        assert hint["tooltip"].startswith("kept for backward in eager in Model:")
        editor.configure(trace={"partitioner": "min-cut", "memoryBudget": 0})
        editor.until(saved("saves 0 B at a memory budget of 0"))
        assert "saves nothing for backward at a memory budget of 0" in editor.hover("return x.s|in()")
        editor.configure(trace={})
        editor.until(saved("saves 32 B"))


def test_the_cluster_is_said_by_the_project_and_by_the_settings(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.aotlens]\nworld-size = 4\nrank = 2\n")
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with editing(path) as editor:

        def says(words: str) -> None:
            eventually(lambda: f" · {words} · train" in editor.hover("class Mo|del"), words)

        says("rank 2 of 4")
        editor.configure(trace={"mesh": "tp=8", "rank": 1})
        says("rank 1 of 8 (tp=8)")
        editor.configure(trace={})
        says("rank 2 of 4")
        project.write_text("[tool.aotlens]\nworld-size = 2\n")
        editor.changed_on_disk(project)
        says("rank 0 of 2")


def traced_files(editor: Editor) -> list[str]:
    return [line.split("(")[1].split(")")[0] for line in editor.logged(" traced; ")]


def test_nothing_is_traced_by_itself_where_the_user_traces_by_hand(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    manual = {"run": "manual"}
    with editing(path, trace=manual) as editor:
        editor.until(lambda lenses: lenses[0] == "not traced: click to trace")
        editor.insert(0, "# one\n")
        editor.save()
        assert editor.hover("class Mo|del")
        assert editor.statuses() == []
        editor.command("traceNow", "Model")
        editor.until_traced()
        editor.insert(0, "# two\n")
        editor.save()
        editor.until(lambda lenses: "stale" in lenses[0])
        assert traced_files(editor) == ["model.py"]


def test_settings_that_come_late_are_waited_for(tmp_path: Path) -> None:
    """A document is opened before the client has told its settings."""
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(spawn(stderr=subprocess.DEVNULL))
        stack.callback(server.kill)
        assert server.stdout is not None and server.stdin is not None
        client = Client(server.stdout, server.stdin)
        client.answers["workspace/configuration"] = ...
        root = tmp_path.as_uri()
        client.initialize(capabilities=VSCODE, rootUri=root, initializationOptions={"trusted": True})
        editor = Editor(client, path)
        editor.open()
        asked = client.wait(lambda: next(iter(client.of("workspace/configuration")), None))
        assert editor.lenses()
        section = {"interpreter": sys.executable, "trace": {"run": "manual"}}
        client.send({"jsonrpc": "2.0", "id": asked["id"], "result": [section]})
        editor.until(lambda lenses: lenses[0] == "not traced: click to trace")
        assert editor.statuses() == []


def test_excluded_files_are_traced_when_asked(tmp_path: Path) -> None:
    places = ["tests/model.py", "lib/site-packages/pkg/model.py", "old/model.py", "test_it.py"]
    paths = [write(tmp_path / place, HEADER, module("Model")) for place in places]
    fine = write(tmp_path / "fine.py", HEADER, module("Model"))
    exclude = ["**/site-packages/**", "**/tests/**", "**/test_*.py", "**/old/*"]
    with editing(paths[0], folders=[tmp_path], trace={"exclude": exclude, "run": "onType"}) as editor:
        editors = [editor, *(editor.another(path) for path in paths[1:])]
        editor.another(fine).until_traced()
        for one in editors:
            assert one.lenses()[0] == "not traced: click to trace"
            assert "aotlens.trace.exclude" in one.tooltips()[0]
            one.insert(0, "# edited\n")
            one.save()
        time.sleep(1)
        assert traced_files(editor) == ["fine.py"]
        for one in editors:
            one.command("traceNow", "Model")
            one.until_traced()
        assert len(traced_files(editor)) == 5


def test_text_that_is_in_no_file_is_not_traced(tmp_path: Path) -> None:
    """A new text, a cell of a notebook, an old version that is compared with."""
    path = write(tmp_path / "model.py", HEADER, module("Model"))
    uris = ["untitled:Untitled-1", "vscode-notebook-cell:/nb.ipynb#W0", f"git:{path}?ref"]
    with editing(path, trace={"run": "onType"}) as editor:
        others = [Editor(editor.client, path) for _ in uris]
        for other, uri in zip(others, uris):
            other.uri = uri
            other.open()
            other.insert(0, "# edited\n")
        editor.until_traced()
        for other, uri in zip(others, uris):
            editor.client.result(
                "workspace/executeCommand", {"command": "aotlens.traceNow", "arguments": [f"{uri}::Model"]}
            )
            assert other.lenses()[0] == "not traced: this text is not in a file"
            assert other.hover("class Mo|del") == "*`Model` is not traced: this text is not in a file.*"
        time.sleep(0.5)
        assert traced_files(editor) == ["model.py"] and not editor.logged("failed")
        for other in others:
            assert other.diagnostics() == []


def test_what_is_no_longer_excluded_is_traced(tmp_path: Path) -> None:
    path = write(tmp_path / "tests" / "model.py", HEADER, module("Model"))
    with editing(path, folders=[tmp_path]) as editor:
        editor.until(lambda lenses: lenses[0] == "not traced: click to trace")
        editor.configure(trace={"exclude": []})
        editor.until_traced()


# Order.


def test_an_edit_cancels_a_trace_that_it_makes_obsolete(tmp_path: Path) -> None:
    hold = write(tmp_path / "hold")
    path = write(tmp_path / "model.py", HEADER, module("Model", held(hold)))
    with editing(path, trace={"run": "onType"}) as editor:
        child = running_child()
        editor.replace(held(hold), "self.extra = nn.Parameter(torch.zeros(5))")
        gone(child, "the trace of the old text")
        assert " · 5 inputs · " in editor.until_traced()[0]  # weight, bias, extra, x and a tangent


def test_an_edit_of_an_import_during_the_first_trace(tmp_path: Path) -> None:
    """Before the first trace ends, nobody knows what it imports."""
    hold = write(tmp_path / "hold")
    model, blocks = project(tmp_path)
    write(model, model.read_text().replace("self.block = Block()", f"self.block = Block()\n        {held(hold)}"))
    with editing(model, trace={"run": "onType"}) as editor:
        running_child()
        editor.until(lambda lenses: "tracing: building the example" in lenses[0])
        other = editor.another(blocks)
        other.replace("nn.Linear(2, 2)", "nn.Linear(2, 2, bias=False)")
        time.sleep(1)
        hold.unlink()
        editor.until(bias_gone)


def test_the_class_under_the_cursor_is_traced_first(tmp_path: Path) -> None:
    names = ["First", "Second", "Third"]
    path = write(tmp_path / "model.py", HEADER, *(module(name) for name in names))
    with editing(path) as editor:
        eventually(editor.statuses, "the start of the tracer")  # by now what is next could have been decided
        editor.ask("hover", "class Th|ird")
        eventually(lambda: len(editor.logged(" traced; ")) == 3, "three traces")
        order = [line.split(" ")[0] for line in editor.logged(" traced; ")]
        assert order[0] == "Third"


def test_idle_tracers_make_room(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    pythons = [str(environment(folder / ".venv", torch=True)) for folder in folders]
    paths = [write(folder / "model.py", HEADER, module("Model")) for folder in folders]
    with editing(paths[0], folders=folders, interpreter=None, tracer={"memory": 0.001}) as editor:
        editor.until_traced()
        first = tracer_of_server()
        editor.another(paths[1]).until_traced()
        gone(first, "the idle tracer")
        states = [(status["interpreter"], status["state"]) for status in editor.statuses()]
        assert states[-1] == (pythons[1], "ready")
        assert (pythons[0], "stopped") in states
        editor.insert(0, "# edited\n")
        editor.save()
        editor.until_traced()


# Logs.


def test_each_trace_is_logged_with_its_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "model.py", HEADER, module("Model"), module("Broken", "raise ValueError('no such size')"))
    stderr = tmp_path / "stderr"
    with stderr.open("wb") as file, spawn(stderr=file) as server:
        assert server.stdout is not None and server.stdin is not None
        client = Client(server.stdout, server.stdin)
        try:
            options = {"trusted": True, "settings": {"interpreter": sys.executable}}
            client.initialize(rootUri=tmp_path.as_uri(), initializationOptions=options)
            editor = Editor(client, path)
            editor.open()
            editor.until(lambda lenses: any("failed" in lens for lens in lenses))
            editor.until_traced()
            client.result("shutdown")
            client.notify("exit")
            server.wait(PROMPTLY)
        finally:
            server.kill()
    phases = ("import", "example", "capture", "describe", "eager", "total")
    seconds = "; export convention, " + ", ".join(rf"{phase} [\d.]+ s" for phase in phases)
    outcomes = (r"Model \(model\.py\) traced", r"Broken \(model\.py\) failed at example: .*no such size.*")
    told = "\n".join(editor.logged(""))
    for text in (told, stderr.read_text()):
        for outcome in outcomes:
            assert re.search(outcome + seconds, text), text
        assert "tracer ready in " in text
