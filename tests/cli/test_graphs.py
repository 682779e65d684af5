"""`aotlens trace --graph` and `--saved`: a graph, or a ranking, in place of the map."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import CORPUS, run_aotlens

FOLDER = CORPUS / "operations"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("joint", ["forward:", "backward:", "# model.py:18  self.norm(x)", "grad_scale: f32[8]  # grad(scale)"]),
        ("forward", ["    blocks.1:  # Block", "        up:  # Linear", "  # saved for "]),
        ("backward", ["tangent_output: f32[2, 8]  # tangent(output), tangents_1", "  # computed again", ": norm(x)"]),
    ],
)
def test_graph(kind: str, expected: list[str]) -> None:
    done = run_aotlens("trace", "model.py::Model", "--graph", kind, cwd=FOLDER)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"# {kind} graph of Model, torch.export's numbering: ")
    for text in expected:
        assert text in done.stdout


def test_shapes() -> None:
    done = run_aotlens("trace", "model.py::Model", "--shapes", "--no-eager", cwd=FOLDER)
    assert done.returncode == 0, done.stderr
    head, *_ = (line for line in done.stdout.splitlines() if line.startswith("Model.forward"))
    assert "model.py:" in head
    assert "# x: f32[" in done.stdout and "return " in done.stdout


def test_saved() -> None:
    done = run_aotlens("trace", "model.py::Model", "--saved", cwd=FOLDER)
    assert done.returncode == 0, done.stderr
    for text in ("Saved by module", "Saved by expression", "blocks.{0,1}", "norm(x)", "needed by 2 × "):
        assert text in done.stdout
    assert "Inputs" not in done.stdout


def test_saved_in_eager() -> None:
    done = run_aotlens("trace", "model.py::Model", "--saved", "--partitioner", "eager", cwd=FOLDER)
    assert done.returncode == 0, done.stderr
    for text in (" B, eager", "blocks.{0,1}", "norm(x)", "needed by 2 × AddmmBackward0"):
        assert text in done.stdout
    assert "—" not in done.stdout


def test_comparison() -> None:
    done = run_aotlens("trace", "model.py::Model", "--saved", "--memory-budget", "0.3", "--compare", cwd=FOLDER)
    assert done.returncode == 0 and done.stderr == ""
    _, separator, table = done.stdout.partition("\nSaved, compared\n")
    assert separator and "100 %" in table
    choices = [line.split("  ")[-1].strip() for line in table.partition("\nKept alive: ")[0].splitlines()[2:]]
    budgets = ["0.75", "0.5", "0.3 (ranked above)", "0.25", "0"]
    assert choices == ["eager", "default", "min-cut", *(f"min-cut, memory budget {budget}" for budget in budgets)]


def test_where_nothing_is_saved_or_known_the_reason_is_told(tmp_path: Path) -> None:
    folder = CORPUS / "saved"
    options = ("--partitioner", "eager", "--saved", "--compare")
    told = " ".join(run_aotlens("trace", "model.py::Compiled", *options, cwd=folder).stdout.split())
    assert "Saved for backward the call fails without a capture, so nothing is known of what is saved" in told
    assert told.count("this is {compiled} only") == 2
    (tmp_path / "model.py").write_text(
        "import torch\n\n\n# aotlens: largest(torch.randn(3))\ndef largest(x):\n    return x.argmax()\n",
        encoding="utf-8",
    )
    told = run_aotlens("trace", "model.py::largest", "--saved", cwd=tmp_path).stdout
    assert "Saved for backward\nNothing: none of the outputs needs a gradient." in told


def test_eager_needs_no_legend() -> None:
    told = run_aotlens("trace", "model.py::Custom", "--partitioner", "eager", cwd=CORPUS / "saved").stdout
    assert "seen on real tensors with CPU kernels." in told and "Legend" not in told


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            ("--memory-budget", "0.5", "--partitioner", "default"),
            "error: --memory-budget is for the min-cut partitioner",
        ),
        (("--memory-budget", "0.5", "--partitioner", "eager"), "error: --memory-budget is for the min-cut partitioner"),
        (("--memory-budget", "1.5"), "'--memory-budget'"),
        (("--partitioner", "eager", "--graph", "backward"), "error: in eager there is no backward graph"),
        (("--compare",), "error: --compare compares what is saved for backward: give it with --saved"),
    ],
)
def test_what_makes_no_sense(options: tuple[str, ...], error: str) -> None:
    done = run_aotlens("trace", "model.py", *options, cwd=FOLDER)
    assert done.returncode == 2 and error in done.stderr and done.stdout == ""


def test_what_has_no_graph_says_why(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        "import torch\n\n\n# aotlens: largest(torch.randn(3))\ndef largest(x):\n    return x.argmax()\n",
        encoding="utf-8",
    )
    done = run_aotlens("trace", f"{path}::largest", "--graph", "backward")
    assert "largest has no backward graph: none of its outputs needs a gradient" in done.stderr
    assert done.stdout == ""
    assert run_aotlens("trace", f"{path}::largest", "--graph", "forward").stdout.startswith(
        "# forward graph of largest"
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--graph", "joint", "--saved"),
        ("--saved", "--format", "json"),
        ("--shapes", "--saved"),
        ("--collectives", "--saved"),
    ],
)
def test_what_excludes_each_other(options: tuple[str, ...]) -> None:
    done = run_aotlens("trace", "model.py", *options, cwd=FOLDER)
    assert done.returncode == 2 and "--saved" in done.stderr
