"""The bounds of all figures that `make bench` measures, in one table.

A benchmark hands its figures to `hold`, and calls `finish` last: the exit status is 1 if one of them broke its bound.
`python tests/benchmarks/bounds.py` runs all benchmarks (`make bench`) and says at the end which figures broke theirs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BOUNDS: dict[str, float] = {
    "spawn to initialize": 1.3,
    "warm hover": 1.5,
    "warm code lens": 1.5,
    "warm code lens resolve": 1.5,
    "hover while tracing": 2.0,
    "code lens while tracing": 2.0,
    "code lens resolve while tracing": 2.0,
    "edit and hover while tracing": 2.0,
    "compile convention: decoder, 6 layers": 1.15,
    "compile convention: GPT-2, 2 layers": 1.15,
    "compile convention: four layers, three breaks": 1.15,
    "edit to shapes: one block": 1.2,
    "edit to shapes: ViT": 1.2,
    "edit to shapes: 2 layers": 1.2,
    "edit to shapes: 80 layers": 1.2,
    "edit to whole: one block": 1.15,
    "edit to whole: ViT": 1.15,
    "edit to whole: 2 layers": 1.15,
    "edit to whole: 80 layers": 1.15,
    "Llama 70B: inputs": 0.05,
    "Llama 70B: shapes": 0.1,
    "Llama 70B: provisional map": 0.2,
    "Llama 70B: exact map": 1.05,
    "Llama 70B: peak, GB": 0.8,
}
"""The largest value that each figure may have: a ratio to the program next to it in the same run, unless it says GB."""

BENCHMARKS = ("server.py", "answers.py", "graphs.py", "compile_convention.py", "edits.py", "giant.py")
_FILE = "AOTLENS_FIGURES"
"""The environment variable with the file to which benchmarks append their figures, for `main`."""
_broken: list[str] = []


def hold(figure: str, value: float) -> None:
    """Note a figure of this run, and whether it holds its bound. It has to be one of the table's."""
    if value > BOUNDS[figure]:
        _broken.append(sentence(figure, value))
    if file := os.environ.get(_FILE):
        with open(file, "a", encoding="utf-8") as figures:
            figures.write(json.dumps([figure, value]) + "\n")


def sentence(figure: str, value: float) -> str:
    """What is wrong with a figure."""
    return f"{figure}: {value:.2f} is above its bound, {BOUNDS[figure]:g}"


def finish() -> None:
    """End this benchmark; name the figures that broke their bounds, if it was started alone."""
    if _FILE not in os.environ:
        for line in _broken:
            print(f"BROKEN {line}")
    sys.exit(bool(_broken))


def main() -> None:
    """Run all benchmarks, then show all figures next to their bounds."""
    import tempfile

    folder = Path(__file__).parent
    crashed = []
    with tempfile.TemporaryDirectory() as own:
        file = Path(own, "figures")
        file.touch()
        for name in BENCHMARKS:
            print(f"\n{name}", flush=True)
            done = subprocess.run([sys.executable, folder / name], env={**os.environ, _FILE: str(file)}, check=False)
            if done.returncode not in (0, 1):
                crashed.append(f"{name} ended with status {done.returncode}")
        found: dict[str, float] = dict(map(json.loads, file.read_text(encoding="utf-8").splitlines()))
    print(f"\n{'figure':<48}{'measured':>10}{'bound':>8}")
    for figure, bound in BOUNDS.items():
        value = found.get(figure)
        measured = "none" if value is None else f"{value:.2f}"
        print(f"{figure:<48}{measured:>10}{bound:>8g}{'' if value is not None and value <= bound else '  BROKEN'}")
    broken = [sentence(figure, value) for figure, value in found.items() if value > BOUNDS[figure]]
    broken += [f"{figure} was not measured" for figure in BOUNDS if figure not in found]
    for line in [*crashed, *broken]:
        print(f"BROKEN {line}")
    if not crashed and not broken:
        print("every figure holds its bound")
    sys.exit(bool(crashed or broken))


if __name__ == "__main__":
    main()
