"""Trace every kind of hostile module, and print a table: the kind, its bound, its outcome.

    python tests/hostile/table.py [--server] [NAME...]

Through the command line, with one tracer for all kinds; with `--server` through a server in which the files are open.
Exits with 1 if a trace ended otherwise than it has to, took too long, harmed the next one, or left something.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1]
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "server")]

from cli.support import HEADER, Commands, commands, processes_in, wait_for, write  # noqa: E402
from hostile.kinds import KINDS  # noqa: E402
from hostile.kinds.kind import BLOCK, Kind  # noqa: E402
from hostile.through_server import through_server  # noqa: E402

NEXT_SECONDS = 15.0
"""How long the trace after a hostile one may take, on a machine that does other things too."""


def through_command_line(kind: Kind, shared: Commands, folder: Path) -> tuple[str, list[str]]:
    """Trace a kind, then another file. Gives how the first ended, and what is wrong with it or left behind."""
    write(folder, "model.py", kind.source)
    start = time.monotonic()
    outcome = shared.trace("model.py::Block", folder, timeout=kind.timeout, memory=kind.memory)
    seconds = time.monotonic() - start
    faults = kind.faults(outcome, seconds)
    failure = outcome.trace["failure"]
    if failure is not None and failure["message"].startswith("the tracer "):
        shared.restart()
    if sys.platform.startswith("linux") and not wait_for(lambda: not processes_in(folder), 3):
        faults.append(f"left {processes_in(folder)}")
    write(folder, "next.py", HEADER + BLOCK)
    start = time.monotonic()
    after = shared.trace("next.py::Block", folder)
    if after.trace["status"] != "traced":
        faults.append(f"the next trace failed: {after.text}")
    if time.monotonic() - start > NEXT_SECONDS:
        faults.append(f"the next trace took {time.monotonic() - start:.1f} s")
    ended = "traced" if failure is None else f"{failure['stage']}, {failure['reason']}, line {failure['line']}"
    return f"{seconds:5.1f} s  {ended}", faults


def _rows(names: list[str], is_server: bool) -> Iterator[tuple[str, str, list[str]]]:
    with tempfile.TemporaryDirectory() as root:
        if is_server:
            yield from through_server({name: KINDS[name] for name in names}, Path(root))
            return
        with commands() as shared:
            for position, name in enumerate(names):
                folder = Path(root, str(position))
                folder.mkdir()
                yield name, *through_command_line(KINDS[name], shared, folder)


def main(arguments: list[str]) -> int:
    """Print the table. Gives the exit status."""
    wanted = [argument for argument in arguments if not argument.startswith("-")]
    names = [name for name in KINDS if not wanted or name in wanted]
    failed = 0
    for name, ended, faults in _rows(names, "--server" in arguments):
        kind = KINDS[name]
        memory = f", {kind.memory:g} GiB" if kind.memory else ""
        print(f"{name:55} {f'{kind.timeout:g} s{memory}':16} {ended}", flush=True)
        for fault in faults:
            print(f"    WRONG: {fault}", flush=True)
        failed += bool(faults)
    print(f"\n{len(names)} kinds, {failed} of them not as they have to be")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
