"""The requirements of LSP and JSON-RPC on a server, over the wire."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.lsp.connection import Unframer, frame
from lsp.client import TIMEOUT, Client, connected, listening, serving, spawn

SAMPLE = str(Path(__file__).parent / "sample_server.py")
URI = "file:///project/model%20%C3%B6.py"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
CANCELLED = -32800


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with serving(SAMPLE, expect_errors=True) as client:
        yield client


@pytest.fixture
def client(shared: Client) -> Iterator[Client]:
    """One server for the tests that leave it as it was."""
    before = shared.result("test/state")
    yield shared
    shared.check(expect_errors=True)
    after = shared.result("test/state")
    for leak in ("requests", "results", "running", "tokens"):
        assert after[leak] == before[leak], leak


# Lifecycle.


def test_a_session_from_the_command_line() -> None:
    with serving(initialize=False) as client:
        answer = client.initialize()
        assert answer["serverInfo"]["name"] == "aotlens"
        assert answer["capabilities"]["positionEncoding"] == "utf-16"
        assert answer["capabilities"]["textDocumentSync"]["change"] == 2
        client.open(URI, "x = 1\n")
        assert client.text(URI) == {"text": "x = 1\n", "version": 1}


def test_requests_before_initialize_and_after_shutdown() -> None:
    with serving(SAMPLE, initialize=False) as client:
        assert client.error("textDocument/hover", {})["code"] == NOT_INITIALIZED
        assert client.error("shutdown")["code"] == NOT_INITIALIZED
        assert client.error("no/such")["code"] == NOT_INITIALIZED
        client.open(URI, "ignored, because it comes too early")
        assert client.error("initialize", {"capabilities": 5})["code"] == INVALID_PARAMS
        client.initialize()
        assert client.text(URI) is None
        assert client.error("initialize", {"capabilities": {}})["code"] == INVALID_REQUEST
        slow = client.request("test/slow", {"seconds": 60})
        client.result("shutdown")
        assert client.reply(slow)["error"]["code"] == CANCELLED
        assert client.error("textDocument/hover", {})["code"] == INVALID_REQUEST
        assert client.error("shutdown")["code"] == INVALID_REQUEST
        client.open(URI, "ignored, because it comes too late")
        client.notify("exit")


def test_exit_without_shutdown() -> None:
    with serving(SAMPLE, status=1) as client:
        client.notify("exit")


def test_exit_before_initialize() -> None:
    with serving(SAMPLE, status=1, initialize=False) as client:
        client.notify("exit")


@pytest.mark.parametrize("handler", ["test/slow", "test/stubborn", "test/hang", "test/block"])
def test_a_client_that_vanishes_ends_the_server(handler: str, tmp_path: Path) -> None:
    """Whatever a handler does: also when it has a thread that does not end, or blocks the event loop."""
    mark = tmp_path / "mark"
    with spawn(SAMPLE, str(mark), stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        client = Client(process.stdout, process.stdin)
        client.initialize()
        client.request(handler, {"seconds": 300})
        process.stdin.close()
        assert process.wait(15) == 1
    assert mark.exists() == (handler != "test/block")


def test_a_client_that_no_longer_reads_ends_the_server() -> None:
    with spawn(SAMPLE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.close()
        Client(io.BytesIO(), process.stdin).request("initialize", {"capabilities": {}})
        assert process.wait(15) == 1


def test_the_end_of_stdin_after_shutdown_is_a_good_end() -> None:
    with spawn(SAMPLE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        client = Client(process.stdout, process.stdin)
        client.initialize()
        client.result("shutdown")
        process.stdin.close()
        assert process.wait(15) == 0


def test_the_server_ends_with_the_clients_process() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    with serving(SAMPLE, status=1, initialize=False) as client:
        client.initialize(processId=other.pid)
        time.sleep(1.5)
        client.result("test/echo")
        client.left = True
        other.kill()  # and not waited for: a zombie has gone, too
    other.wait()


def test_a_process_of_another_machine_is_not_watched() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with serving(SAMPLE, initialize=False) as client:
        client.initialize(processId=gone.pid)
        time.sleep(1.5)
        client.result("test/echo")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_what_it_started(number: signal.Signals, tmp_path: Path) -> None:
    with spawn(SAMPLE, str(tmp_path / "mark"), stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        client = Client(process.stdout, process.stdin)
        client.initialize()
        slow = client.request("test/slow", {"seconds": 300})
        client.result("test/echo")
        process.send_signal(number)
        assert client.reply(slow)["error"]["code"] == CANCELLED
        assert process.wait(15) == 128 + number
    assert (tmp_path / "mark").read_text() == "cleaned up"


# Messages that make no sense.


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", PARSE_ERROR),
        (b"", PARSE_ERROR),
        (b"\xff\xfe{}", PARSE_ERROR),
        (b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b', "method": "test/echo"}', PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        (b"5", INVALID_REQUEST),
        (b'"initialize"', INVALID_REQUEST),
        (b"null", INVALID_REQUEST),
        (b"[]", INVALID_REQUEST),
        (b"[1, 2]", INVALID_REQUEST),
        (b"{}", INVALID_REQUEST),
        (b'{"jsonrpc": "2.0"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": null, "method": "test/echo"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "test/echo"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": true, "method": "test/echo"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "test/echo"}', INVALID_REQUEST),
    ],
)
def test_a_message_without_an_id_that_could_be_answered(client: Client, body: bytes, code: int) -> None:
    seen = len(list(client.replies(None)))
    client.send_body(body)
    client.wait(lambda: True if len(list(client.replies(None))) > seen else None)
    assert client.reply(None) and list(client.replies(None))[-1]["error"]["code"] == code
    assert client.result("test/echo", {"still": "there"}) == {"still": "there"}
    assert len(list(client.replies(None))) == seen + 1


@pytest.mark.parametrize(
    "message",
    [
        {"method": "test/echo"},
        {"jsonrpc": "1.0", "method": "test/echo"},
        {"jsonrpc": 2.0, "method": "test/echo"},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "method": 5},
        {"jsonrpc": "2.0", "method": None, "params": {}},
    ],
    ids=str,
)
@pytest.mark.parametrize("id", [-7, "a string", 0, ""])
def test_a_malformed_request_is_answered_under_its_id(client: Client, message: dict[str, Any], id: int | str) -> None:
    seen = len(list(client.replies(id)))
    client.send({**message, "id": id})
    client.wait(lambda: True if len(list(client.replies(id))) > seen else None)
    assert list(client.replies(id))[-1]["error"]["code"] == INVALID_REQUEST


def test_each_request_of_a_batch_is_answered(client: Client) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": "in a batch", "method": "test/echo"},
        {"jsonrpc": "2.0", "method": "test/failingNotification"},
        {"jsonrpc": "2.0", "id": "another", "method": "no/such"},
    ]
    client.send(batch)
    for id in ("in a batch", "another"):
        assert client.reply(id)["error"]["code"] == INVALID_REQUEST
    assert client.result("test/echo", [1]) == [1]


ECHO = frame(b'{"jsonrpc": "2.0", "id": "echo", "method": "test/echo", "params": [1]}')


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Type: application/json\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00\xff" * 10_000,
        b"Content-Length: 5\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n[{}]\n",
        ECHO.replace(b": 70", b": 700", 1),
        ECHO[:40] + ECHO,
    ],
    ids=lambda data: repr(data[:24]),
)
def test_a_stream_that_cannot_be_split_is_lost_once(data: bytes) -> None:
    assert ECHO.startswith(b"Content-Length: 70\r\n")
    for size in (1, 7, 1 << 16):
        unframer = Unframer()
        whole = data + ECHO * 3
        found = [body for at in range(0, len(whole), size) for body in unframer.feed(whole[at : at + size])]
        assert found == [None], size


def test_a_length_that_is_a_little_wrong_is_found_at_the_next_header() -> None:
    for wrong in (60, 69, 71):
        body, rest = list(Unframer().feed(ECHO.replace(b": 70", b": %d" % wrong, 1) + ECHO * 2))
        assert len(body or b"") == wrong and rest is None


def test_a_length_that_is_too_large_is_found_when_nothing_more_comes() -> None:
    unframer = Unframer()
    assert list(unframer.feed(ECHO.replace(b": 70", b": 72", 1))) == []
    assert list(unframer.quiet()) == [None]
    assert list(unframer.feed(ECHO)) == list(unframer.quiet()) == []
    slow = Unframer()
    assert list(slow.feed(ECHO[:50])) == list(slow.quiet()) == []
    assert [len(body or b"") for body in slow.feed(ECHO[50:])] == [70]


@pytest.mark.parametrize(
    "data", [b"Content-Length: x\r\n\r\n", ECHO.replace(b": 70", b": 700", 1) + ECHO, ECHO.replace(b": 70", b": 71", 1)]
)
def test_the_server_ends_with_a_word_when_its_stream_is_lost(data: bytes, tmp_path: Path) -> None:
    """A server that stays would be mute for ever."""
    log = tmp_path / "log"
    with log.open("wb") as stderr, spawn(SAMPLE, stderr=stderr) as process:
        assert process.stdin is not None and process.stdout is not None
        client = Client(process.stdout, process.stdin)
        client.initialize()
        client.send_bytes(data)
        assert client.reply(None)["error"]["code"] == PARSE_ERROR
        assert process.wait(15) == 1
        assert len(list(client.replies(None))) == 1
    assert "the server ends: a header has no valid Content-Length, or a wrong one" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_headers_in_other_ways(client: Client) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "odd header", "method": "test/echo", "params": ["ö"]}).encode()
    header = f"content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:{len(body)}\r\n\r\n"
    for byte in header.encode() + body:
        client.send_bytes(bytes([byte]))
    assert client.reply("odd header")["result"] == ["ö"]


# Methods and their params.


@pytest.mark.parametrize("method", ["no/such", "$/noSuch", "", "textDocument/rename", "window/showMessage", "ö\n"])
def test_unknown_requests(client: Client, method: str) -> None:
    error = client.error(method, {})
    if method != "window/showMessage":
        assert error["code"] == METHOD_NOT_FOUND
        assert method in error["message"]


@pytest.mark.parametrize("method", ["no/such", "$/noSuch", "textDocument/didSave", "notebookDocument/didOpen"])
@pytest.mark.parametrize("params", [None, {"id": 5}, [1], 5])
def test_unknown_notifications(client: Client, method: str, params: Any) -> None:
    client.notify(method, params)
    assert client.result("test/echo", [1]) == [1]


@pytest.mark.parametrize(
    "params",
    [
        None,
        5,
        "text",
        [],
        [1],
        {},
        {"textDocument": {"uri": "file:///a"}},
        {"textDocument": 5, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": "file:///a"}, "position": {"line": "x", "character": 0}},
        {"textDocument": {"uri": "file:///a"}, "position": {"line": None, "character": 0}},
        {"textDocument": {"uri": "file:///a"}, "position": [0, 0]},
    ],
    ids=str,
)
def test_params_that_make_no_sense(client: Client, params: Any) -> None:
    error = client.error("textDocument/hover", params)
    assert error["code"] == INVALID_PARAMS
    assert error["message"].startswith("textDocument/hover: ")
    assert "Traceback" not in json.dumps(error) and "data" not in error


def test_what_is_wrong_with_params_is_said_in_the_clients_words(client: Client) -> None:
    params = {"textDocument": {"uri": "file:///a"}, "position": {"line": "x", "character": 0}}
    assert client.error("textDocument/hover", params)["message"] == (
        "textDocument/hover: invalid value for type, expected int @ $.position.line"
    )


@pytest.mark.parametrize("line", [1, (1 << 31) - 1])
def test_positions_outside_the_text_are_no_error(client: Client, line: int) -> None:
    client.open("file:///short.py", "x")
    params = {"textDocument": {"uri": "file:///short.py"}, "position": {"line": line, "character": line}}
    assert client.result("textDocument/hover", params)["contents"]["value"] == ""
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///short.py"}})


def test_a_request_of_a_notifications_method_and_the_other_way_round(client: Client) -> None:
    assert client.error("textDocument/didOpen", {})["code"] == INVALID_REQUEST
    assert client.error("exit")["code"] == INVALID_REQUEST
    assert client.error("$/cancelRequest", {"id": 5})["code"] == INVALID_REQUEST
    client.notify("shutdown")
    client.notify("textDocument/hover", {})
    assert client.result("test/echo", [1]) == [1]


def test_an_unknown_command(client: Client) -> None:
    assert client.error("workspace/executeCommand", {"command": "no.such"})["code"] == INVALID_PARAMS
    error = client.error("workspace/executeCommand", {"command": "test.slow", "arguments": [1, 2]})
    assert error["code"] == INVALID_PARAMS


# Replies.


@pytest.mark.parametrize("method", ["test/fail", "test/failLater"])
def test_a_handler_that_raises(client: Client, method: str) -> None:
    error = client.error(method)
    assert error["code"] == INTERNAL_ERROR
    assert error["message"].startswith(f"aotlens could not answer {method}: ")
    assert "data" not in error and "Traceback" not in json.dumps(error)


def test_a_handler_that_refuses(client: Client) -> None:
    assert client.error("test/refuse") == {"code": INVALID_PARAMS, "message": "not like this", "data": {"why": "so"}}


@pytest.mark.parametrize("params", [None, []])
def test_a_result_that_is_no_json(client: Client, params: Any) -> None:
    assert client.error("test/noJson", params)["code"] == INTERNAL_ERROR


def test_a_notification_whose_handler_raises(client: Client) -> None:
    client.notify("test/failingNotification")
    assert client.result("test/echo", [1]) == [1]


def test_tracebacks_are_on_stderr(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stderr, spawn(SAMPLE, stderr=stderr) as process:
        assert process.stdin is not None and process.stdout is not None
        client = Client(process.stdout, process.stdin)
        client.initialize()
        client.error("test/fail")
        shown = client.wait(lambda: next((m for m in client.of("window/logMessage") if m["params"]["type"] == 1), None))
        assert shown["params"]["message"] == "test/fail failed"
        client.result("shutdown")
        client.notify("exit")
        process.wait(TIMEOUT)
    assert "Traceback" in log.read_text()
    assert "ZeroDivisionError: division by zero" in log.read_text()


@pytest.mark.parametrize(
    "value",
    ["ö 漢 😀 \u2028 \x00 \x7f", "\ud83d", "\udc00\ud800", {"😀": ["é" * 10_000]}, [None, True, 1 << 70, 0.1]],
    ids=ascii,
)
def test_values_go_over_the_wire_as_they_are(client: Client, value: Any) -> None:
    assert client.result("test/echo", [value]) == [value]


def test_params_with_odd_keys(client: Client) -> None:
    params = {"jsonrpc": "2.0", "id": 5, "method": "x", "type_name": 3, "class": 1, "": 2}
    assert client.result("test/echo", params) == params


def test_ids_of_both_kinds_are_different_ids(client: Client) -> None:
    first = client.request("test/slow", {"seconds": 0.2}, id=4711)
    second = client.request("test/slow", {"seconds": 0.1}, id="4711")
    assert client.reply(first)["id"] == 4711
    assert client.reply(second)["id"] == "4711"


def test_an_id_that_is_in_use(client: Client) -> None:
    client.request("test/slow", {"seconds": 0.3}, id="twice")
    client.send({"jsonrpc": "2.0", "id": "twice", "method": "test/echo"})
    client.wait(lambda: True if len(list(client.replies("twice"))) == 2 else None)
    refused, answered = client.replies("twice")
    assert refused["error"]["code"] == INVALID_REQUEST
    assert answered["result"] == "slept"
    client._sent.remove("twice")


# Cancelling.


def test_a_request_that_is_cancelled(client: Client) -> None:
    slow = client.request("test/slow", {"seconds": 60})
    client.notify("$/cancelRequest", {"id": slow})
    assert client.reply(slow)["error"]["code"] == CANCELLED
    client.notify("$/cancelRequest", {"id": slow})


def test_a_command_that_is_cancelled(client: Client) -> None:
    slow = client.request("workspace/executeCommand", {"command": "test.slow", "arguments": [60]})
    client.notify("$/cancelRequest", {"id": slow})
    assert client.reply(slow)["error"]["code"] == CANCELLED
    assert client.result("workspace/executeCommand", {"command": "test.slow", "arguments": [0.01]}) == "slept"


def test_a_request_that_will_not_be_cancelled(client: Client) -> None:
    stubborn = client.request("test/stubborn")
    client.result("test/echo")
    client.notify("$/cancelRequest", {"id": stubborn})
    assert client.reply(stubborn)["result"] == "finished all the same"


@pytest.mark.parametrize("params", [None, {}, {"id": None}, {"id": []}, {"id": 1 << 80}, {"id": "no such"}, [], 5])
def test_cancelling_nothing(client: Client, params: Any) -> None:
    client.notify("$/cancelRequest", params)
    assert client.result("test/echo", [1]) == [1]


def test_slow_requests_keep_nobody_waiting(client: Client) -> None:
    slow = [client.request("test/slow", {"seconds": 60}) for _ in range(100)]
    threads = [client.request("test/thread") for _ in range(20)]
    start = time.monotonic()
    client.result("test/echo", [1])
    assert time.monotonic() - start < 2
    for id in slow:
        client.notify("$/cancelRequest", {"id": id})
    for id in slow:
        assert client.reply(id)["error"]["code"] == CANCELLED
    for id in threads:
        assert "MainThread" not in client.reply(id)["result"]


# Requests of the server's.


def test_a_request_of_the_servers(client: Client) -> None:
    client.answers["workspace/configuration"] = [{"answer": 42}]
    assert client.result("test/configuration") == [{"answer": 42}]


def test_an_error_in_answer_to_the_servers_request(client: Client) -> None:
    def refuse(message: dict[str, Any]) -> Any:
        error = {"code": -32601, "message": "we have no configuration"}
        client.send({"jsonrpc": "2.0", "id": message["id"], "error": error})
        return ...

    client.answers["workspace/configuration"] = refuse
    error = client.error("test/configuration")
    assert (error["code"], error["message"]) == (-32601, "we have no configuration")


@pytest.mark.parametrize("bad", [{"result": 5}, {"error": 5}, {"error": {"message": []}}], ids=str)
def test_a_response_that_makes_no_sense(client: Client, bad: dict[str, Any]) -> None:
    def answer(message: dict[str, Any]) -> Any:
        client.send({"id": message["id"], **bad})
        return ...

    client.answers["workspace/configuration"] = answer
    assert "error" in client.reply(client.request("test/configuration"))


def test_responses_to_nothing(client: Client) -> None:
    slow = client.request("test/slow", {"seconds": 0.2})
    for id in (slow, "no such", None, [], {}):
        client.send({"jsonrpc": "2.0", "id": id, "result": None})
        client.send({"jsonrpc": "2.0", "id": id, "error": {"code": 1, "message": "x"}})
    client.send({"jsonrpc": "2.0", "result": None})
    assert client.reply(slow)["result"] == "slept"


def test_progress_tokens_are_freed(client: Client) -> None:
    client.answers.clear()
    for _ in range(3):
        assert client.result("test/progress") == "done"
    client.notify("window/workDoneProgress/cancel", {"token": "a token"})
    assert [m["params"]["value"]["kind"] for m in client.of("$/progress")[-2:]] == ["begin", "end"]


# Documents.


def change(client: Client, uri: str, version: Any, *changes: Any) -> None:
    client.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}
    )


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    places = {name: {"line": at[0], "character": at[1]} for name, at in (("start", start), ("end", end))}
    return {"range": places, "text": text}


def test_documents_are_open_until_they_are_closed(client: Client) -> None:
    client.open(URI, "x = '😀'\f\u2028\r\ny = 2")
    assert client.text("file:///project/model ö.py") == {"text": "x = '😀'\f\u2028\r\ny = 2", "version": 1}
    change(client, URI, 2, edit((0, 7), (0, 7), "!"), edit((1, 99), (99, 0), "\n"), edit((0, 0), (0, 1), "z"))
    assert client.text(URI) == {"text": "z = '😀!'\f\u2028\r\ny = 2\n", "version": 2}
    change(client, URI, 3, {"text": "new"}, {"text": "newer"})
    assert client.text(URI) == {"text": "newer", "version": 3}
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert client.text(URI) is None
    change(client, URI, 4, {"text": "nobody has this open"})
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert client.text(URI) is None


def test_changes_as_less_strict_clients_send_them(client: Client) -> None:
    client.open("untitled:Untitled-1", "a")
    change(client, "untitled:Untitled-1", None, {"text": "b", "range": None, "rangeLength": None})
    assert client.text("untitled:Untitled-1") == {"text": "b", "version": 2}
    change(client, "untitled:Untitled-1", 2, edit((0, 1), (0, 0), "c"))
    assert client.text("untitled:Untitled-1") == {"text": "c", "version": 3}
    change(client, "untitled:Untitled-1", 4, edit((-1, -1), (1 << 32, 1 << 64), "d"))
    assert client.text("untitled:Untitled-1") == {"text": "d", "version": 4}
    client.notify("textDocument/didClose", {"textDocument": {"uri": "untitled:Untitled-1"}})


@pytest.mark.parametrize("params", [None, {}, {"textDocument": 5}, {"textDocument": {"uri": 5}}, {"textDocument": {}}])
def test_the_text_of_nothing(client: Client, params: Any) -> None:
    assert client.error("aotlens/debugText", params)["code"] == INVALID_PARAMS


def test_a_handler_sees_the_documents_as_they_were_when_it_was_asked(client: Client) -> None:
    client.open("file:///seen.py", "a")
    ids = []
    bodies = []
    for version in range(2, 12):
        changed = {"textDocument": {"uri": "file:///seen.py", "version": version}, "contentChanges": [{"text": "b"}]}
        bodies.append({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": changed})
        ids.append(f"seen {version}")
        bodies.append({"jsonrpc": "2.0", "id": ids[-1], "method": "test/seen", "params": {"uri": "file:///seen.py"}})
    encoded = [json.dumps(body).encode() for body in bodies]
    client.send_bytes(b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in encoded))
    assert [client.reply(id)["result"] for id in ids] == [[version, 11] for version in range(2, 12)]
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///seen.py"}})


def test_features_hear_of_documents_and_trust_after_the_server_knows(client: Client) -> None:
    client.open("file:///heard.py", "a")
    client.notify("aotlens/didChangeTrust", {"trusted": True})
    assert client.result("test/state")["trusted"] is True
    for nonsense in (None, {}, {"trusted": "true"}, {"trusted": 1}, [True]):
        client.notify("aotlens/didChangeTrust", nonsense)
    client.notify("aotlens/didChangeTrust", {"trusted": False})
    for nonsense in (None, {}, {"trusted": "true"}, {"trusted": 1}, [True]):
        client.notify("aotlens/didChangeTrust", nonsense)
    state = client.result("test/state")
    assert state["trusted"] is False
    assert state["heard"][-3:] == [["open", "file:///heard.py"], ["trust", True], ["trust", False]]
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///heard.py"}})


@pytest.mark.parametrize(
    ("options", "trusted"),
    [({"trusted": True}, True), ({"trusted": "true"}, False), ({"trusted": 1}, False), ([True], False), (None, False)],
    ids=str,
)
def test_trust_has_to_be_stated(options: Any, trusted: bool) -> None:
    with serving(SAMPLE, initialize=False) as client:
        client.initialize(initializationOptions=options)
        assert client.result("test/state")["trusted"] is trusted


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["utf-16"], "utf-16"), (["utf-16", "utf-8"], "utf-8"), (["utf-32", "utf-8"], "utf-32")]
)
def test_the_encoding_of_positions(offered: list[str], chosen: str) -> None:
    with serving(SAMPLE, initialize=False) as client:
        assert client.initialize(offered)["capabilities"]["positionEncoding"] == chosen
        client.open(URI, "'é😀' + x")
        at = {"utf-8": 7, "utf-16": 4, "utf-32": 3}[chosen]
        change(client, URI, 2, edit((0, at), (0, at), "|"))
        assert client.text(URI)["text"] == "'é😀|' + x"


def test_many_changes_leave_nothing_behind(client: Client) -> None:
    client.open("file:///many.py", "")
    for version in range(2, 1002):
        change(client, "file:///many.py", version, edit((0, 0), (0, 0), "x"))
    assert client.text("file:///many.py") == {"text": "x" * 1000, "version": 1001}
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///many.py"}})


def test_stdin_and_stdout_belong_to_the_protocol(client: Client) -> None:
    assert client.result("test/print") == ""


# The command line.


def test_a_client_that_vanishes_from_tcp() -> None:
    with spawn("-m", "aotlens", "serve", "--tcp", "127.0.0.1:0", stderr=subprocess.PIPE) as process:
        port, token, _ = listening(process)
        with connected(port) as client:
            client.send_bytes(f"aotlens {token}\n".encode())
            client.initialize()
        assert process.wait(15) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stdio", "--tcp", "0"],
        ["--tcp", "nowhere"],
        ["--tcp", "127.0.0.1:99999"],
        ["--tcp", "0", "--socket", "x"],
        ["--log-level", "loud"],
    ],
    ids=str,
)
def test_wrong_usage(arguments: list[str]) -> None:
    with spawn("-m", "aotlens", "serve", *arguments, stderr=subprocess.PIPE) as process:
        out, error = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 2
        assert out == b"" and error and b"Traceback" not in error


@pytest.mark.parametrize(
    "arguments", [[], ["--stdio"], ["--log-level", "debug", "--stdio"], ["--log-level=error"]], ids=str
)
def test_ways_to_start_on_stdio(arguments: list[str]) -> None:
    with serving("-m", "aotlens", "serve", *arguments) as client:
        assert client.text(URI) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_nobody_is_connected(number: signal.Signals) -> None:
    with spawn("-m", "aotlens", "serve", "--tcp", "0", stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        _, _, file = listening(process)
        process.send_signal(number)
        assert process.wait(TIMEOUT) == 128 + number
        assert process.stderr.read() == b""
        assert not file.exists()


def test_a_port_that_is_taken() -> None:
    with spawn("-m", "aotlens", "serve", "--tcp", "0", stderr=subprocess.PIPE) as first:
        assert first.stderr is not None
        address = re.search(rb":(\d+)", first.stderr.readline())
        assert address is not None
        with spawn("-m", "aotlens", "serve", "--tcp", address[1].decode(), stderr=subprocess.PIPE) as second:
            _, error = second.communicate(timeout=TIMEOUT)
            assert second.returncode == 2
            assert error.startswith(b"error: cannot listen on ")
        first.terminate()
        first.wait(TIMEOUT)


def test_serving_imports_nothing_that_the_other_commands_need() -> None:
    code = (
        "import sys, aotlens.cli, aotlens.lsp.app;"
        "print(sorted({'rich', 'torch', 'numpy'} & {name.split('.')[0] for name in sys.modules}))"
    )
    with spawn("-c", code) as process:
        assert process.communicate()[0].strip() == b"[]"
