"""Training scripts on the command line: which steps are traced for which target, and classes recorded in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.support import HEADER, Commands, Outcome, assert_no_internals, commands, write

NET = f"""\
{HEADER}
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.base = nn.Linear(6, width)
        self.head = nn.Linear(width, 3)

    def forward(self, x, targets=None):
        logits = self.head(self.base(x).relu())
        return logits if targets is None else nn.functional.cross_entropy(logits, targets)
"""
ENGINE = """\
def train(model, loader, optimizer, device, scaler=None):
    model.train()
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        loss = model(x, y)
        if scaler is not None:
            scaler.scale(loss).backward()
            scaler.step(optimizer)
        else:
            loss.backward()
            optimizer.step()
        print(loss.item())
"""
MAIN = f"""\
{HEADER}
import argparse
from torch.utils.data import DataLoader, TensorDataset
from engine import train
from net import Net

def main(args):
    data = TensorDataset(torch.rand(32, 6), torch.randint(3, (32,)))
    net = Net(args.width).to("cpu")
    for p in net.base.parameters():
        p.requires_grad = False
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    train(net, DataLoader(data, batch_size=8, shuffle=True), optimizer, "cpu")

parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=16)
if __name__ == "__main__":
    main(parser.parse_args())
"""
SCRIPT = f"""\
{HEADER}
from net import Net
width = 6
class Small(Net):
    def __init__(self, size=width):
        super().__init__(size)
class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Small()
    def forward(self, x, y):
        return self.inner(x, y)
model = Wrapped()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
while True:
    loss = model(torch.rand(5, 6), torch.randint(3, (5,)))
    loss.backward()
    optimizer.step()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name, text in {"net.py": NET, "engine.py": ENGINE, "main.py": MAIN, "forever.py": SCRIPT}.items():
        write(folder, name, text)
    write(folder, "pyproject.toml", "")
    return folder


@pytest.fixture(scope="module")
def shared() -> Iterator[Commands]:
    with commands() as running:
        yield running


def arguments(outcome: Outcome) -> dict[str, list[str]]:
    return {
        trace["target"]["qualname"]: [argument["value"] for argument in trace["example"]["arguments"]]
        for trace in outcome.traces
    }


@pytest.mark.parametrize("target", ["engine.py", "engine.py::train", "engine.py::train@loss", "main.py"])
def test_a_step_is_traced_by_its_name_its_function_its_file_and_the_script_that_calls_it(
    target: str, folder: Path, shared: Commands
) -> None:
    outcome = shared.trace(target, folder)
    assert outcome.status == 0, outcome.text
    assert arguments(outcome) == {"train@loss": ["f32[8, 6]", "i64[8]"]}
    assert outcome.trace["target"]["line"] == 7
    assert {"engine.py", "main.py", "net.py"} <= {Path(file).name for file in outcome.trace["files"]}
    assert_no_internals(outcome.text)


def test_a_class_is_recorded_in_the_step_with_its_targets(folder: Path, shared: Commands) -> None:
    outcome = shared.trace("net.py::Net", folder)
    example = outcome.trace["example"]
    assert (example["origin"], example["recorded_in"]) == ("recorded", "engine.py::train@loss")
    assert arguments(outcome) == {"Net": ["f32[8, 6]", "i64[8]"]}


def test_a_script_that_would_train_when_it_is_imported_is_not_imported(folder: Path, shared: Commands) -> None:
    outcome = shared.trace("forever.py", folder)
    assert outcome.status == 0, outcome.text
    assert [trace["target"]["qualname"] for trace in outcome.traces] == ["Wrapped", "@loss"]
    assert outcome.traces[0]["example"]["recorded_in"] == "forever.py::@loss"
