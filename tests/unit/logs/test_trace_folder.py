"""Folders that `TORCH_TRACE` fills, read as logs: kept ones, damaged ones, and pieces that torch wrote elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aotlens.explain.log_report import report
from aotlens.explain.render.plain import plain
from aotlens.logs.break_text import break_of
from aotlens.logs.dynamo_names import sources_by_name
from aotlens.logs.graphs import Log, LoggedGraph
from aotlens.logs.guard_tree import guards_of
from aotlens.logs.names import names_of
from aotlens.logs.trace_folder import read_trace_folder, read_trace_text

TRACES = Path(__file__).parent / "traces"
FILE = "dedicated_log_torch_trace_abcdefgh.log"


def graph(log: Log, kind: str, frame: str, number: int = 0) -> LoggedGraph:
    """The graph of a kind in a compile; the `number`-th of them, from 0."""
    return [some for some in log.graphs if (some.kind, some.compile.frame) == (kind, frame)][number]


def sources(some: LoggedGraph) -> list[str | None]:
    return [value.source for value in some.inputs]


@pytest.fixture(scope="module")
def dynamic() -> Log:
    """A module with symbolic sizes and a graph break."""
    return read_trace_folder(TRACES / "dynamic")


def test_each_input_has_the_expression_that_dynamo_took_it_from(dynamic: Log) -> None:
    layer = "L['self']._modules['layer']._parameters"
    expected = ["L['x'].size()[0]", "L['x']", "L['times']", f"{layer}['weight']", f"{layer}['bias']"]
    assert sources(graph(dynamic, "dynamo", "0/0_1")) == expected
    assert sources(graph(dynamic, "joint", "0/0_1")) == [*expected, None]
    assert sources(graph(dynamic, "forward", "0/0_1")) == expected
    assert sources(graph(dynamic, "joint", "1/0"))[2:6] == ["L['h'].size()[0]", "L['h']", "L['rows']", "L['times']"]


def test_an_abandoned_attempt_is_not_shown(dynamic: Log) -> None:
    assert {some.compile.frame for some in dynamic.graphs} == {"0/0_1", "1/0"}
    assert [some.compile.frame for some in dynamic.compiles] == ["0/0_1", "1/0"]


def test_lines_are_those_of_the_file(dynamic: Log) -> None:
    lines = (TRACES / "dynamic" / FILE).read_text("utf-8").split("\n")
    for some in dynamic.graphs:
        for value in [*some.inputs, *some.outputs]:
            if value.place is not None:
                assert lines[value.place.line - 1][value.place.column - 1 : value.place.end_column - 1] == str(
                    value.node
                )
        assert lines[some.first_line - 1].startswith("\tclass ")
    assert all(some.compile.process == FILE for some in dynamic.graphs)


def test_a_compile_has_its_code_breaks_and_guards(dynamic: Log) -> None:
    first, second = dynamic.compiles
    assert (first.function, first.file, first.line) == ("forward", "/home/user/dynamic.py", 47)
    assert second.function == "torch_dynamo_resume_in_forward_at_50"
    (found,) = first.breaks
    assert (found.file, found.line, found.reason) == (
        "/home/user/dynamic.py",
        50,
        "Call to `torch._dynamo.graph_break()`",
    )
    assert "Hint: Remove the `torch._dynamo.graph_break()` call." in found.text
    assert "Traceback" not in found.text
    (match,) = [guard for guard in first.guards if (guard.kind, guard.expression) == ("TENSOR_MATCH", "L['x']")]
    assert match.conditions[0].endswith("requires_grad=False, size=[None, 8], stride=[8, 1])")
    assert (match.file, match.line) == ("home/user/dynamic.py", 48)
    assert second.breaks == []


def test_names_that_become_equal_are_told_apart() -> None:
    log = read_trace_folder(TRACES / "equal_names")
    by_name = {value.node: value.source for value in graph(log, "dynamo", "0/0").inputs}
    assert by_name["L_self_modules_last_modules_a_b_parameters_bias_"] == (
        "L['self']._modules['last']._modules['a-b']._parameters['bias']"
    )
    assert by_name["L_self_modules_last_modules_a_b_parameters_bias__0"] == (
        "L['self']._modules['last']._modules['a_b']._parameters['bias']"
    )


def test_inputs_that_dynamo_dropped_keep_their_numbers() -> None:
    found = sources_by_name(["L['a.b']", "L['a_b']", "L['a']['b']", "L['a.b']"], {"s0": "L['x'].size()[0]"})
    assert found == {"s0": "L['x'].size()[0]", "L_a_b_": "L['a.b']", "L_a_b__0": "L['a_b']", "L_a_b__1": "L['a']['b']"}


def test_ranks_are_apart_and_the_pieces_of_ddp_have_their_own_inputs() -> None:
    log = read_trace_folder(TRACES / "two_ranks")
    assert [some.compile.rank for some in log.compiles] == [0, 0, 1, 1]
    assert log.compiles[0].breaks[0].reason == "Unsupported method call"
    layer = "L['self']._modules"
    joint = [some for some in log.graphs if some.kind == "joint" and some.compile.rank == 1]
    assert [sources(some) for some in joint] == [
        ["L['x']", f"{layer}['up']._parameters['weight']", f"{layer}['up']._parameters['bias']", None],
        [None, f"{layer}['down']._parameters['weight']", f"{layer}['down']._parameters['bias']", None],
    ]
    pieces = [some.title for some in log.graphs if some.kind == "dynamo" and some.compile.rank == 1]
    assert pieces == [None, "submod_0", "submod_1"]


def test_one_file_is_read_like_its_folder(dynamic: Log) -> None:
    log = read_trace_folder(TRACES / "dynamic" / FILE)
    assert [sources(some) for some in log.graphs] == [sources(some) for some in dynamic.graphs]


def test_a_file_that_was_cut_is_read_up_to_the_cut(tmp_path: Path, dynamic: Log) -> None:
    whole = (TRACES / "dynamic" / FILE).read_bytes()
    start = whole.index(b'{"aot_backward_graph"')
    (tmp_path / FILE).write_bytes(whole[: start + 700])
    log = read_trace_folder(tmp_path)
    assert [some.is_whole for some in log.graphs] == [True, True, True, False]
    assert sources(log.graphs[1]) == sources(dynamic.graphs[1])
    assert [(part.cause, part.line is not None) for part in log.unreadable] == [("truncated", True)]


def test_a_cut_between_two_lines_is_noticed(tmp_path: Path) -> None:
    lines = (TRACES / "dynamic" / FILE).read_bytes().split(b"\n")
    start = next(n for n, line in enumerate(lines) if b'{"aot_joint_graph"' in line)
    (tmp_path / FILE).write_bytes(b"\n".join(lines[: start + 9]) + b"\n")
    assert [part.cause for part in read_trace_folder(tmp_path).unreadable] == ["truncated"]


def test_lines_that_are_no_records_are_reported_once(tmp_path: Path, dynamic: Log) -> None:
    lines = (TRACES / "dynamic" / FILE).read_text("utf-8").split("\n")
    start = next(n for n, line in enumerate(lines) if "aot_joint_graph" in line)
    lines[start:start] = ["some library printed this", 'V1127 10:00:00.000000 1 torch/x.py:1] {"broken": ', ""]
    (tmp_path / FILE).write_text("\n".join(lines), "utf-8")
    log = read_trace_folder(tmp_path)
    assert [(part.cause, part.line) for part in log.unreadable] == [("not-json", start + 1)]
    assert [sources(some) for some in log.graphs] == [sources(some) for some in dynamic.graphs]


def test_a_process_that_counts_anew_has_both_compilations(tmp_path: Path) -> None:
    text = (TRACES / "equal_names" / FILE).read_text("utf-8")
    (tmp_path / FILE).write_text(text + text, "utf-8")
    log = read_trace_folder(tmp_path)
    assert [some.compile.frame for some in log.compiles] == ["0/0", "0/0"]
    assert [some.kind for some in log.graphs].count("joint") == 2


def test_several_processes_are_told_apart_by_their_files(tmp_path: Path) -> None:
    for name in ("bbb", "aaa"):
        shutil.copy(TRACES / "equal_names" / FILE, tmp_path / f"dedicated_log_torch_trace_{name}.log")
    processes = [some.compile.process for some in read_trace_folder(tmp_path).compiles]
    assert processes == ["dedicated_log_torch_trace_aaa.log", "dedicated_log_torch_trace_bbb.log"]


@pytest.mark.parametrize(
    ("content", "cause"), [(b"hello\nworld\n", "not-a-trace"), (b"\x00\xff\xfe" * 50, "not-a-trace")]
)
def test_a_file_that_is_no_trace_is_reported(tmp_path: Path, content: bytes, cause: str) -> None:
    (tmp_path / FILE).write_bytes(content)
    log = read_trace_folder(tmp_path)
    assert ([part.cause for part in log.unreadable], log.graphs) == ([cause], [])


def test_a_folder_without_traces_and_a_missing_one_are_reported(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        assert [(part.file, part.cause) for part in read_trace_folder(path).unreadable] == [(str(path), "missing")]


def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(TRACES / "equal_names" / FILE, tmp_path / FILE)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.open", refused)
    assert [part.cause for part in read_trace_folder(tmp_path).unreadable] == ["permission"]


def test_unknown_records_are_skipped(tmp_path: Path, dynamic: Log) -> None:
    lines = (TRACES / "dynamic" / FILE).read_text("utf-8").split("\n")
    new = 'V1127 10:00:00.000000 1 torch/x.py:1] {"new_in_2_20": {"a": 1}, "frame_id": 0, "frame_compile_id": 0}'
    (tmp_path / FILE).write_text("\n".join([new, "\tits payload", *lines]), "utf-8")
    log = read_trace_folder(tmp_path)
    assert (log.unreadable, len(log.graphs)) == ([], len(dynamic.graphs))


def test_guards_stand_with_what_they_look_at() -> None:
    tree = [
        "TREE_GUARD_MANAGER:",
        "+- RootGuardManager",
        "| +- DEFAULT_DEVICE: utils_device.CURRENT_DEVICE == None      # _dynamo/output_graph.py:1122 in init",
        "| +- GuardManager: source=L['n'], accessed_by=FrameLocalsGuardAccessor(key='n'), type=<class 'int'>",
        "| | +- EQUALS_MATCH: L['n'] == 3     # h = x * n  # user/model.py:7 in forward",
        "| +- GuardManager: source=L['x'], accessed_by=FrameLocalsGuardAccessor(key='x'), type=<class 'T'>",
        "| | +- NO_TENSOR_ALIASING: check_no_aliasing(L['x'], L['y'])",
        "| | +- KeyValueManager pair at index=0",
        "| | | +- KeyManager: GuardManager: source=list(dict.keys(L['d']))[0], type=<class 'str'>, tag_safe=(True)",
        "| | | | +- EQUALS_MATCH: list(dict.keys(L['d']))[0] == 'k'  # d['k']  # user/model.py:8 in forward",
        "| +- GuardManager: source=L['y'], accessed_by=FrameLocalsGuardAccessor(key='y'), type=<class 'T'>",
        "| | +- NO_TENSOR_ALIASING",
        "+- LAMBDA_GUARD: 2 <= L['x'].size()[0]  # rows = x.shape[0]  # user/model.py:6 in forward",
        "Guard latency = 1.00 us",
    ]
    found = [(guard.kind, guard.expression, *guard.conditions, guard.file, guard.line) for guard in guards_of(tree)]
    assert found == [
        ("DEFAULT_DEVICE", None, "utils_device.CURRENT_DEVICE == None", "_dynamo/output_graph.py", 1122),
        ("EQUALS_MATCH", "L['n']", "L['n'] == 3", "user/model.py", 7),
        ("NO_TENSOR_ALIASING", "L['x']", "check_no_aliasing(L['x'], L['y'])", None, None),
        ("EQUALS_MATCH", "list(dict.keys(L['d']))[0]", "list(dict.keys(L['d']))[0] == 'k'", "user/model.py", 8),
        ("LAMBDA_GUARD", None, "2 <= L['x'].size()[0]", "user/model.py", 6),
    ]


def test_the_reason_of_a_break_of_an_older_torch_stands_on_its_line() -> None:
    found = break_of(
        ["Graph break in user code at /m.py:3", "Graph Break Reason: call_function BuiltinVariable(print)"]
    )
    assert (found.file, found.line, found.reason) == ("/m.py", 3, "call_function BuiltinVariable(print)")


def written(log: Log) -> str:
    return plain(report(names_of(log), "trace", None, lambda file: file, False))


def test_the_report_has_graph_breaks_and_what_could_not_be_read(tmp_path: Path) -> None:
    text = (TRACES / "dynamic" / FILE).read_text("utf-8")
    (tmp_path / FILE).write_text(text[:40000], "utf-8")
    lines = [" ".join(line.split()) for line in written(read_trace_folder(tmp_path)).split("\n")]
    assert "0/0_1 forward graph break dynamic.py:50 Call to torch._dynamo.graph_break()" in lines
    assert any("ends inside a record" in line for line in lines)


def test_the_report_names_the_pieces_of_ddp() -> None:
    text = written(read_trace_folder(TRACES / "two_ranks"))
    assert "up.weight" in text and "down.weight" in text
    assert "not known" not in text


def test_records_of_any_form_are_read_or_passed_over() -> None:
    prefix = "V0101 10:00:00.000000 1 torch/x.py:1] "
    start = '{"dynamo_start": {"stack": [{"filename": %s, "name": 1, "line": "x"}]}, "frame_id": {}, "rank": []}'
    texts = [start % "{}", start % "[]", start % "7", '{"dynamo_start": ' + "[" * 100_000, '{"str": [{}, []]}']
    child = '{"optimize_ddp_split_child": {"name": []}, "has_payload": "x"}'
    reasons = '{"recompile_reasons": null, "has_payload": "x"}'
    text = "".join(f"{prefix}{one}\n" for one in texts)
    text += f"{prefix}{reasons}\n\t" + "[" * 100_000 + "\n"
    text += f"{prefix}{child}\n\tclass A(torch.nn.Module):\n\t    def forward(self, a):\n\t        return a\n"
    log = read_trace_text(Path("/x/dedicated_log_torch_trace_x.log"), text)
    assert log.unreadable and log.compiles
    names_of(log)
