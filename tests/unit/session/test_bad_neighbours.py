"""One bad file beside a target harms no trace, and is named where it is the target. (Nothing is run here.)"""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import aotlens
from aotlens.cli.agents.arguments import Folders
from aotlens.cli.agents.project_tools import decode_log
from aotlens.cli.options import UsageError
from aotlens.cli.target import parse_target
from aotlens.explain.unread_files import why_unread
from aotlens.logs.trace_folder import read_trace_folder
from aotlens.model.trust import EVERYWHERE
from aotlens.project.selection import select
from aotlens.session.examples.call_sites import CallSites
from aotlens.session.examples.project import pinned_in_project
from aotlens.session.examples.project_world import words_in_project
from aotlens.session.files import read_python
from aotlens.session.project_file import BadProjectFile
from aotlens.session.tracer.environments import interpreter_of_folder
from aotlens.syntax.source import UnreadableSource
from aotlens.syntax.training_steps import step_examples
from aotlens_tracer.wire.regular_files import NotRegular, TooLarge, read_regular_file

SERVER = Path(aotlens.__file__).parent
CALL = b"import torch\nfrom model import Net\nNet(3)(torch.ones(1))\n"
MODEL = b"import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x\n"

Make = Callable[[Path], object]


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # the names of sockets are short
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 << 20)


IRREGULAR: dict[str, Make] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "own descriptor": lambda path: path.symlink_to("/proc/self/fd/0"),
    "circle": lambda path: path.symlink_to(path),
    "folder": Path.mkdir,
    "nowhere": lambda path: path.symlink_to("/no/such/file"),
    "impossible": lambda path: path.symlink_to("a" * 300),
    "large": _large,
}
BAD_TEXTS: dict[str, bytes] = {
    "rot_13": b"# coding: rot_13\n" + CALL,
    "hex": b"# -*- coding: hex -*-\n" + CALL,
    "nonsense": b"# coding: nonsense\n" + CALL,
    "idna": b"# coding: idna\n" + CALL + b"\xff",
    "punycode": b"# coding: Punycode\n#" + b"a" * 200_000 + b"-" + b"zzzz9" * 50_000,
    "one word": b"#" + b"a" * 400_000,
    "undefined": b"# coding: undefined\n" + CALL,
    "unicode_escape": b"# coding: unicode_escape\n'\\N{}'\n" + CALL,
    "utf-8 broken": CALL + b"\xff\xfe",
    "utf-16": CALL.decode().encode("utf-16"),
    "utf-32": CALL.decode().encode("utf-32"),
    "null": CALL + b"\0",
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + CALL,
    "mark and latin-1": b"\xef\xbb\xbf# coding: latin-1\n" + CALL,
    "parentheses": b"x = " + b"(" * 4000 + b"Net(1)" + b")" * 4000 + b"\n",
    "attributes": b"Net(1)" + b".a" * 4000 + b"\n",
    "minus": b"x = " + b"-" * 4000 + b"Net(1)\n",
    "blocks": b"".join(b" " * depth + b"if Net(1):\n" for depth in range(900)) + b" " * 900 + b"Net(1)\n",
}


@pytest.mark.parametrize("kind", IRREGULAR)
def test_only_a_regular_file_of_some_size_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.py"
    IRREGULAR[kind](path)
    with pytest.raises(OSError) as raised:
        read_regular_file(str(path))
    assert why_unread(raised.value)
    if kind in ("pipe", "socket", "endless"):
        assert isinstance(raised.value, NotRegular)


def test_the_size_is_counted_while_a_file_is_read() -> None:
    assert b"Name:" in read_regular_file("/proc/self/status")
    with pytest.raises(TooLarge):
        read_regular_file("/proc/self/status", 100)
    with pytest.raises(OSError) as raised:
        read_regular_file("a\0b")
    assert raised.value.errno == errno.EINVAL


@pytest.mark.parametrize("name", ["neighbour.py", "README.md"])
@pytest.mark.parametrize("kind", [*IRREGULAR, *BAD_TEXTS])
def test_calls_are_found_beside_a_bad_neighbour(tmp_path: Path, kind: str, name: str) -> None:
    _project(tmp_path)
    if kind in IRREGULAR:
        IRREGULAR[kind](tmp_path / name)
    else:
        (tmp_path / name).write_bytes(BAD_TEXTS[kind])
    calls = CallSites(tmp_path)
    found = calls.of(tmp_path / "model.py", ["Net"], {})
    assert "Net(3)(torch.ones(1))" in [example.expression for example in found["Net"]]
    calls.steps_with(tmp_path / "model.py", ["Net"], {})
    calls.steps_from(tmp_path / "model.py", {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"x = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"x = '\xff'", "byte 0xff in line 1 is not UTF-8"),
        ("x = 1\n".encode("utf-16"), "is not UTF-8"),
        (b"x = 1\0", "line 1"),
        (b"tool = 3", "[tool] is not a table"),
        (b"[tool]\n" + b"a." * 50_000 + b"a = 1", "line 2 has more than 500 dots"),
    ],
)
def test_a_bad_project_file_is_named_with_the_reason(tmp_path: Path, text: bytes, reason: str) -> None:
    _project(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(text)
    for read in (pinned_in_project, words_in_project):
        with pytest.raises(BadProjectFile) as raised:
            read(tmp_path / "model.py")
        assert reason in str(raised.value)


def test_a_key_that_no_file_can_have_harms_no_other(tmp_path: Path) -> None:
    _project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.aotlens.examples]\n"a\\u0000b.py::Net" = "x"\n'
        f'"{"a" * 5000}.py::Net" = "x"\n"model.py::Net" = "Net(1)"\n'
    )
    assert [each.expression for each in pinned_in_project(tmp_path / "model.py")["Net"]] == ["Net(1)"]


@pytest.mark.parametrize("kind", IRREGULAR)
@pytest.mark.parametrize("name", ["pyproject.toml", ".python-version"])
def test_no_irregular_file_of_a_project_is_waited_for(tmp_path: Path, kind: str, name: str) -> None:
    _project(tmp_path)
    IRREGULAR[kind](tmp_path / name)
    if kind == "large" and name == "pyproject.toml":
        with pytest.raises(BadProjectFile, match="larger than 1 MiB"):
            pinned_in_project(tmp_path / "model.py")
    else:
        assert pinned_in_project(tmp_path / "model.py") == {}
        assert not words_in_project(tmp_path / "model.py")
    interpreter_of_folder(tmp_path, None, None, {}, EVERYWHERE)


@pytest.mark.parametrize("text", ["/etc/passwd", "../../x", "**/**", "[", "\0", "3.1\u202e", "a" * 5000])
def test_a_version_or_name_that_is_no_name_is_no_pattern(tmp_path: Path, text: str) -> None:
    _project(tmp_path)
    (tmp_path / ".python-version").write_text(text)
    quoted = text.replace("\0", "\\u0000")
    (tmp_path / "pyproject.toml").write_text(f'[tool.poetry]\nname = "{quoted}"\n')
    interpreter_of_folder(tmp_path, None, None, {"PYENV_ROOT": str(tmp_path)}, EVERYWHERE)


@pytest.mark.parametrize(
    ("kind", "line", "reason"),
    [
        ("rot_13", 1, "rot_13"),
        ("hex", 1, "hex"),
        ("nonsense", 1, "nonsense"),
        ("idna", 1, "idna"),
        ("punycode", 1, "Punycode is no encoding"),
        ("undefined", 1, "undefined"),
        ("utf-8 broken", 4, "0xff is not UTF-8"),
        ("utf-16", 1, "UTF-16"),
        ("null", 4, "null byte"),
        ("mark and latin-1", 1, "encoding problem"),
    ],
)
def test_a_target_that_is_no_text_says_where(tmp_path: Path, kind: str, line: int, reason: str) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(BAD_TEXTS[kind])
    with pytest.raises(UnreadableSource) as raised:
        read_python(str(path))
    assert (raised.value.line, reason in raised.value.reason) == (line, True), raised.value.reason


@pytest.mark.parametrize("kind", ["pipe", "socket", "endless"])
def test_the_command_line_says_what_is_no_file(tmp_path: Path, kind: str) -> None:
    IRREGULAR[kind](tmp_path / "x.py")
    with pytest.raises(UsageError, match="is not a regular file"):
        parse_target(f"{tmp_path / 'x.py'}::Net")


def test_a_training_step_that_is_nested_too_deeply_is_left_out() -> None:
    deep = "self.a(" * 3000 + "x" + ")" * 3000
    text = f"def train(model, x):\n    loss = {deep}\n    loss.backward()\n"
    assert step_examples("/a/train.py", text, ["train@loss"]).keys() <= {"train@loss"}


def test_a_pipe_among_logs_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dedicated_log_torch_trace_rank_0_x.log")
    (tmp_path / "dedicated_log_torch_trace_rank_1_x.log").symlink_to("/dev/zero")
    assert len(read_trace_folder(tmp_path).unreadable) == 2


def _project(folder: Path) -> None:
    (folder / "model.py").write_bytes(MODEL)
    (folder / "use.py").write_bytes(CALL)


def test_no_other_place_of_the_server_opens_a_file_of_a_workspace() -> None:
    own = {
        "cli/agents/server.py",  # a file of the package
        "cli/decode.py",  # the log that the user names, which may be a pipe
        "explain/findings/documentation.py",  # writes the documentation of this repository
        "logs/trace_records.py",  # what `open_regular_file` has opened
        "lsp/connection.py",  # the state of the client's process
        "lsp/listening.py",  # the token, for this user alone
        "lsp/temporary.py",  # in the scratch folder
        "page/document.py",  # files of the package
        "project/shared_places.py",  # a new file that it has made
        "session/kept/store.py",  # a file that `mkstemp` has made
    }
    opening = re.compile(r"(?<![\w.])open\(|\.(?:read_text|read_bytes)\(")
    found = {
        path.relative_to(SERVER).as_posix()
        for path in SERVER.rglob("*.py")
        if any(opening.search(line) and "def " not in line for line in path.read_text(encoding="utf-8").splitlines())
    }
    assert found - own == set()


def test_more_folders_in_one_another_than_the_stack_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(sys.getrecursionlimit() + 100):
        os.mkdir("a")
        os.chdir("a")
    for name in ("deep.py", "dedicated_log_torch_trace_x.log"):
        Path(name).touch()
    os.chdir(tmp_path)
    Path("a/first.py").touch()
    Path("link.py").symlink_to("a")
    try:
        assert [os.path.basename(each.path) for each in select([str(tmp_path)])] == ["first.py", "deep.py"]
        read_trace_folder(tmp_path)
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "a")], check=True)


def test_an_agent_that_names_a_pipe_as_a_log_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.log")
    place: Any = SimpleNamespace(folders=Folders((str(tmp_path),)))
    call: Any = None
    with pytest.raises(UsageError, match="neither a regular file nor a folder"):
        decode_log({"log": str(tmp_path / "run.log")}, call, place)
