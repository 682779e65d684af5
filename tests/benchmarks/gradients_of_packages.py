"""Compares gradients with those of eager, in whole PyPI packages, and fails where fewer agree than before.

python tests/benchmarks/gradients_of_packages.py FOLDER [PACKAGE...] [--files N] [--pin]

FOLDER is where the packages of reach-requirements.txt are installed. Each class is traced as `make reach` does; what it
was traced with is then called once more in eager on real tensors, by a script that shares no code with aotlens, with a
backward pass from all results. The parameters that get a gradient there must be those that aotlens says get one.
`--files` takes every N-th file alone, for a quick look. `--pin` writes the number of parameters that were compared into
gradients_of_packages.json: fewer are a failure from then on.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import reach

from gradient_sets import Agreement, compare

FLOORS = Path(__file__).with_name("gradients_of_packages.json")


def agreement_of(path: Path) -> Agreement:
    """The result for the classes of one file."""
    return compare(reach.trace(path), Path.cwd())


def main() -> None:
    """Compare, print, and exit with 1 if something differs or fewer parameters are compared than before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--pin", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    os.chdir(folder)
    floors = json.loads(FLOORS.read_text(encoding="utf-8"))
    is_good = True
    with multiprocessing.get_context("spawn").Pool(reach.TRACERS, reach.start) as pool:
        for package in reach.PACKAGES:
            if package.folder not in (arguments.packages or floors) or package.seed not in (None, reach.SEEDS[0]):
                continue
            total = Agreement()
            for part in pool.imap_unordered(agreement_of, reach.files_of(package, folder, arguments.files)):
                total.add(part)
            print(
                f"{package.title}: {total.parameters} parameters of {total.classes} classes compared, {total.missing} "
                f"of them without a gradient, {len(total.differences)} differ; {len(total.left_out)} classes left out",
                flush=True,
            )
            for line in (*total.differences, *(f"left out: {name}: {why}" for name, why in total.left_out.items())):
                print(f"  {line}", flush=True)
            is_good = is_good and not total.differences
            if arguments.pin:
                floors[package.folder] = total.parameters
            elif arguments.files == 1 and total.parameters < floors.get(package.folder, 0):
                print(f"  fewer than before: {floors[package.folder]}")
                is_good = False
    if arguments.pin:
        FLOORS.write_text(json.dumps(floors, indent=2) + "\n", encoding="utf-8")
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
