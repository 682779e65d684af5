"""The numbers in the errors of DistributedDataParallel are read as torch means them: each case is run for real."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aotlens.explain.ddp import ddp_error
from aotlens.explain.render.plain import plain
from aotlens.model.ddp_errors import DdpError, named_parameters, read_ddp_error
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.protocol import ExampleSource, TraceParams
from support import CORPUS

FOLDER = CORPUS / "reports"
FILE = FOLDER / "ddp_more.py"


@pytest.fixture(scope="module")
def errors() -> dict[str, str | None]:
    """The errors of real runs, by the name of the run; None for a run that works."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    script = str(Path(__file__).parent / "ddp_runs.py")
    environment = os.environ | {"TORCH_DISTRIBUTED_DEBUG": "INFO"}
    command = [sys.executable, script, str(FOLDER), port]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def maps() -> Iterator[dict[str, DescriptorMap]]:
    """The maps of all pinned classes of the file."""
    pins = re.findall(r"^# aotlens: ((\w+)\(.+)$", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    with TracerProcess(sys.executable, str(FOLDER)) as tracer:
        found = {}
        for expression, name in pins:
            params = TraceParams(str(FILE), name, (ExampleSource(expression, "option"),))
            found[name] = tracer.trace(params, lambda stage: None).map
        yield found


def error_in(errors: dict[str, str | None], run: str) -> DdpError:
    text = errors[run]
    assert text is not None, run
    error = read_ddp_error(text)
    assert error is not None, text
    return error


def explained(map: DescriptorMap, text: str) -> str:
    error = read_ddp_error(text)
    assert error is not None, text
    return plain(ddp_error(map, error, lambda path: Path(path).name))


MISSING = {
    "LastLayer": ["layers.2.weight", "layers.2.bias"],
    "LentBias": ["bias", "first.weight"],
    "TwoPredictions": ["target.weight", "target.bias"],
    "Adapted": ["up.1.weight", "down.1.weight"],
    "Routed": ["router.weight", "router.bias"],
    "Ignoring": ["scale", "spare.bias"],
    "TiedAndProbed": ["probe.weight", "probe.bias"],
}


@pytest.mark.parametrize("name", MISSING)
def test_the_numbers_of_a_real_error_are_these_parameters(
    errors: dict[str, str | None], maps: dict[str, DescriptorMap], name: str
) -> None:
    """DDP gives numbers and, because the run is debugged, names. Each leads to the same parameters."""
    error, parameters = error_in(errors, name), maps[name].ddp_parameters
    assert error.kind == "no-gradient" and error.indices and error.names
    assert [parameters[index].names[0] for index in error.indices] == MISSING[name]
    for asked in (error, DdpError("no-gradient", error.indices), DdpError("no-gradient", names=error.names)):
        named = named_parameters(asked, parameters)
        assert [one.parameter.names[0] for one in named.found] == MISSING[name]
        assert not named.missing and not named.by_name


@pytest.mark.parametrize(
    ("run", "parameter"),
    [
        ("Routed, balance in the loss, unused", "router.bias"),
        ("Checkpointed", "block.bias"),
        ("Boxed unused", "net.bias"),
        ("TwoPredictions, two backwards", "source.bias"),
    ],
)
def test_the_parameter_whose_gradient_arrives_twice(
    errors: dict[str, str | None], maps: dict[str, DescriptorMap], run: str, parameter: str
) -> None:
    error = error_in(errors, run)
    assert error.kind == "twice"
    for asked in (error, DdpError("twice", error.indices)):
        (one,) = named_parameters(asked, maps[re.split("[ ,]", run)[0]].ddp_parameters).found
        assert one.parameter.names[0] == parameter


def test_the_error_of_a_module_around_the_target(errors: dict[str, str | None], maps: dict[str, DescriptorMap]) -> None:
    named = named_parameters(error_in(errors, "Wrapper"), maps["Encoder"].ddp_parameters)
    assert [one.parameter.names[0] for one in named.found] == ["pooler.weight", "pooler.bias"]
    assert named.by_name


def test_every_advice_works_in_torch(errors: dict[str, str | None]) -> None:
    """`static_graph` and `find_unused_parameters` do what the advice says, and what it says that they do not."""
    works = [run for run, error in errors.items() if error is None]
    assert works == [
        "LastLayer static",
        "LastLayer unused",
        "TwoPredictions unused",
        "Routed, balance in the loss",
        "Checkpointed static",
        "Boxed",
    ]
    assert error_in(errors, "TwoPredictions static").kind == "no-gradient"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("LastLayer", ["none: used by layer(x)", "layers.2.{weight,bias}: the traced call gives no gradient."]),
        ("LentBias", ["0      bias", "none: forward never uses it"]),
        (
            "TwoPredictions",
            ["only from output['target']", "target.{weight,bias}: the gradient comes only from output["],
        ),
        ("Adapted", ["up.1.weight", "forward never uses it"]),
        ("Routed", ["only through self.balance", "DDP sees only what forward returns"]),
        ("TiedAndProbed", ["used under torch.no_grad() only, by self.probe(x)", "1      probe.weight"]),
    ],
)
def test_the_reasons_and_what_to_do(
    errors: dict[str, str | None], maps: dict[str, DescriptorMap], name: str, lines: list[str]
) -> None:
    text = explained(maps[name], errors[name] or "")
    for line in lines:
        assert line in text


def test_a_parameter_with_a_gradient_in_the_traced_call(maps: dict[str, DescriptorMap]) -> None:
    text = explained(maps["LastLayer"], "0")
    assert "yes" in text and "The step in your run took another way" in text


def test_a_number_that_is_too_large(maps: dict[str, DescriptorMap]) -> None:
    text = explained(maps["Encoder"], "3 17")
    assert "17 is not among the parameters of Encoder, which DDP counts from 0 to 3." in text
    assert "pooler.bias" in text


def test_all_numbers(maps: dict[str, DescriptorMap]) -> None:
    text = explained(maps["TiedAndProbed"], "all")
    assert text.startswith("Parameters in DDP's order  5 of 5")
    assert "What to do" not in text
