"""A server on a port or a Unix socket: who is let in, and who is not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aotlens.lsp import listening as listening_module
from aotlens.lsp.listening import BACKLOG, Door, asks_for, say_where_the_token_is
from lsp.client import TIMEOUT, Client, connected, listening, spawn

URI = "file:///work/model.py"


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    with spawn("-m", "aotlens", "serve", "--tcp", "0", stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def leave(client: Client, process: subprocess.Popen[bytes]) -> None:
    client.result("shutdown")
    client.notify("exit")
    assert process.wait(15) == 0
    client.check()


def refused(port: int, data: bytes) -> None:
    """The server closes a connection that sends this, without an answer."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        connection.settimeout(5)
        connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""


def message(**options: object) -> bytes:
    params = {"processId": None, "capabilities": {}, "initializationOptions": {"trusted": True, **options}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_a_token_in_the_first_line(server: subprocess.Popen[bytes]) -> None:
    port, token, file = listening(server)
    assert file.read_text() == f"{token}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with connected(port) as client:
        client.send_bytes(f"aotlens {token}\r\n".encode())
        client.initialize()
        assert not file.exists(), "nobody else can connect: nobody needs it"
        client.open(URI, "\u00f6" * 100_000)
        assert client.text(URI)["text"] == "\u00f6" * 100_000
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), 2).close()
        leave(client, server)


@pytest.mark.skipif(os.unlink not in os.supports_dir_fd, reason="the system does not hold folders open")
@pytest.mark.parametrize("is_visited", [False, True])
def test_no_file_is_removed_in_what_came_in_the_place_of_the_folder_of_the_token(
    server: subprocess.Popen[bytes], tmp_path: Path, is_visited: bool
) -> None:
    port, token, file = listening(server)
    scratch = file.parents[1]
    other = tmp_path / "other" / file.parent.name
    other.mkdir(parents=True)
    (other / file.name).write_text("another token")
    scratch.rename(tmp_path / "cleaned")
    scratch.symlink_to(other.parent)
    try:
        if is_visited:
            with connected(port) as client:
                client.send_bytes(f"aotlens {token}\n".encode())
                client.initialize()
                assert not (tmp_path / "cleaned" / file.parent.name / file.name).exists()
                leave(client, server)
        else:
            server.terminate()
            server.wait(15)
        assert (other / file.name).read_text() == "another token"
    finally:
        scratch.unlink()


def test_a_token_in_the_options_of_initialize(server: subprocess.Popen[bytes]) -> None:
    port, token, _ = listening(server)
    with connected(port) as client:
        client.result("initialize", {"processId": None, "capabilities": {}, "initializationOptions": {"token": token}})
        client.notify("initialized", {})
        assert client.text(URI) is None
        leave(client, server)


def test_strangers_are_refused_and_do_not_take_the_place_of_the_client(server: subprocess.Popen[bytes]) -> None:
    port, token, _ = listening(server)
    real = message()
    posted = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://example.com\r\n"
    for data in (
        posted + real,
        posted + message(token=token),
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"Origin: http://example.com\r\n" + message(token=token),
        real,
        message(token=token[:-1]),
        message(token=[token]),
        message(token="\ud800"),
        b"aotlens\n" + real,
        b"aotlens " + token[:-1].encode() + b"\n" + real,
        b"Content-Length: 99999999\r\n\r\n",
        b"Content-Length: 4\r\n\r\nnull",
        b"Content-Length: x\r\n\r\n",
        b"Content-Type: y\r\n" * 30,
        b"\x16\x03\x01\n",
        b"x" * 200_000,
    ):
        refused(port, data)
    silent = [socket.create_connection(("127.0.0.1", port), TIMEOUT) for _ in range(40)]
    with connected(port) as client:
        client.send_bytes(f"aotlens {token}\n".encode())
        client.initialize()
        leave(client, server)
    for one in silent:
        one.close()
    assert server.stderr is not None
    said = server.stderr.read().decode()
    assert "refused a connection: it speaks HTTP" in said and token not in said and "Traceback" not in said


def test_a_token_of_the_users_own_and_an_address_that_others_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTLENS_TOKEN", "a-token-of-my-own")
    with spawn("-m", "aotlens", "serve", "--tcp", "0.0.0.0:0", stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().rpartition(b":")[2])
        assert b"WARNING: other machines can reach 0.0.0.0:" in process.stderr.readline()
        with connected(port) as client:
            client.send_bytes(b"aotlens a-token-of-my-own\n")
            client.initialize()
            leave(client, process)
        assert process.stderr.read() == b""
    monkeypatch.setenv("AOTLENS_TOKEN", "short")
    with spawn("-m", "aotlens", "serve", "--tcp", "0", stderr=subprocess.PIPE) as process:
        _, said = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 2 and said.startswith(b"error: AOTLENS_TOKEN has to have 16 ")


def test_a_unix_socket() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s")
        with spawn("-m", "aotlens", "serve", "--socket", str(path), stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            assert process.stderr.readline() == f"aotlens: listening on {path}\n".encode()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            with spawn("-m", "aotlens", "serve", "--socket", str(path), stderr=subprocess.PIPE) as second:
                assert b"another server listens there" in second.communicate(timeout=TIMEOUT)[1]
                assert second.returncode == 2
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                client = Client(connection.makefile("rb"), connection.makefile("rwb", buffering=0))
                client.initialize()
                assert not path.exists()
                leave(client, process)

        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        with spawn("-m", "aotlens", "serve", "--socket", str(path), stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            assert b"listening on" in process.stderr.readline()
            process.terminate()
            process.wait(TIMEOUT)
        assert not path.exists()


@pytest.mark.parametrize("kind", ["shared", "shared above", "file"])
def test_a_unix_socket_where_others_can_write_or_in_the_place_of_a_file(kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own", "s") if kind == "shared above" else Path(folder, "s")
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if kind != "file":
            os.chmod(folder, 0o777)
        else:
            path.write_text("mine")
        with spawn("-m", "aotlens", "serve", "--socket", str(path), stderr=subprocess.PIPE) as process:
            _, said = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 2 and b"Traceback" not in said
        assert (b"others can write to it" if kind != "file" else b"is not a socket") in said
        assert kind != "file" or path.read_text() == "mine"


def test_modules_of_the_working_directory_do_not_take_the_places_of_ours(tmp_path: Path) -> None:
    for name in ("lsprotocol", "pygls", "cattrs", "typer", "platformdirs"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('sprung')\n")
    with spawn("-m", "aotlens", "serve", "--tcp", "0", stderr=subprocess.PIPE, cwd=tmp_path) as process:
        listening(process)
        process.terminate()
        process.wait(TIMEOUT)


def test_few_of_many_silent_connections_are_kept_open(server: subprocess.Popen[bytes]) -> None:
    port, token, _ = listening(server)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            connection = stack.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
        with connected(port) as client:
            client.send_bytes(f"aotlens {token}\n".encode())
            client.initialize()
            leave(client, server)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_token_is_shown_on_a_terminal_alone(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log (`2>/tmp/log`) may be read by others."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    say_where_the_token_is("secret", "/scratch/token")
    said = capsys.readouterr().err
    assert ("secret" in said) == is_terminal and "/scratch/token" in said


def test_refusals_beyond_the_first_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(listening_module, "_SUMMARY_SECONDS", 0.01)

    async def report() -> None:
        door = Door(asks_for("token"))
        for _ in range(320):
            door._report("noise")
        door._report("it speaks HTTP")
        await asyncio.sleep(0.1)
        assert len(capsys.readouterr().err.splitlines()) == 22
        door._report("late")
        door.close()

    asyncio.run(report())
    assert capsys.readouterr().err == "aotlens: refused 1 more connection: late\n"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list open files")
def test_connections_that_come_together_do_not_use_up_the_open_files() -> None:
    async def most_open() -> int:
        door, most = Door(asks_for("token")), 0
        listener = await asyncio.start_server(door.knock, "127.0.0.1", 0, backlog=BACKLOG)
        clients = []
        for _ in range(300):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.sockets[0].getsockname())
            clients.append(client)
        for _ in range(300):
            await asyncio.sleep(0.001)
            most = max(most, len(os.listdir("/proc/self/fd")) - len(clients))
        door.close()
        listener.close()
        for client in clients:
            client.close()
        return most

    before = len(os.listdir("/proc/self/fd"))
    assert asyncio.run(most_open()) < before + 150


def test_a_server_that_ends_leaves_the_socket_of_the_next_one() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s")
        with spawn("-m", "aotlens", "serve", "--socket", str(path), stderr=subprocess.PIPE) as first:
            assert first.stderr is not None and b"listening on" in first.stderr.readline()
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                client = Client(connection.makefile("rb"), connection.makefile("rwb", buffering=0))
                client.initialize()
                with spawn("-m", "aotlens", "serve", "--socket", str(path), stderr=subprocess.PIPE) as second:
                    assert second.stderr is not None and b"listening on" in second.stderr.readline()
                    leave(client, first)
                    assert path.is_socket()
                    second.terminate()
