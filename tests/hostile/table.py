"""Trace every kind of hostile module, and print a table: the kind, its bound, its outcome.

    python tests/hostile/table.py [--server] [NAME...]

Through the command line, with one tracer for all kinds; with `--server` through a server in which the files are open.
Exits with 1 if a trace ended otherwise than it has to, took too long, harmed the next one, or left something. Bounds of
time are those of an idle machine; they are multiplied by how much slower this one is meanwhile.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1]
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "server")]

from cli.support import HEADER, Commands, Outcome, commands, processes_in, wait_for, write  # noqa: E402
from hostile.kinds import KINDS  # noqa: E402
from hostile.kinds.kind import BLOCK, End, Kind  # noqa: E402
from hostile.pace import Pace, watched_pace  # noqa: E402
from hostile.through_server import NEXT_SECONDS, through_server  # noqa: E402


def through_command_line(kind: Kind, shared: Commands, folder: Path, pace: Pace) -> tuple[str, list[str]]:
    """Trace a kind, then another file. Gives how the first ended, and what is wrong with it or left behind."""
    write(folder, "model.py", kind.source)
    start, mark = time.monotonic(), pace.mark()
    outcome = shared.trace("model.py::Block", folder, timeout=kind.timeout, memory=kind.memory)
    seconds = time.monotonic() - start
    end = end_of(outcome)
    faults = kind.faults(end, seconds, pace.slowness(mark))
    if end.message.startswith("the tracer "):
        shared.restart()
    if sys.platform.startswith("linux") and not wait_for(lambda: not processes_in(folder), 10 * pace.slowness(mark)):
        faults.append(f"left {processes_in(folder)}")
    write(folder, "next.py", HEADER + BLOCK)
    start, mark = time.monotonic(), pace.mark()
    after = shared.trace("next.py::Block", folder)
    seconds_after = time.monotonic() - start
    if after.trace["status"] != "traced":
        faults.append(f"the next trace failed: {after.text}")
    if seconds_after > NEXT_SECONDS * pace.slowness(mark):
        faults.append(f"the next trace took {seconds_after:.1f} s")
    return f"{seconds:5.1f} s  {end}", faults


def end_of(outcome: Outcome) -> End:
    """How a trace of the command line ended."""
    trace, shown = outcome.trace, outcome.text + outcome.stderr
    codes = [finding["code"] for finding in trace["findings"] if finding["severity"] == "error"]
    failure = trace["failure"]
    if failure is None:
        return End(shown, next(iter(codes), None), "", None, len(codes))
    code = next(iter(codes), "no finding")
    return End(shown, code, failure["message"], failure["line"], len(codes), failure["stage"], failure["reason"])


def _rows(names: list[str], is_server: bool, pace: Pace) -> Iterator[tuple[str, str, list[str]]]:
    with tempfile.TemporaryDirectory() as root:
        temporary = Path(root, "tmp")
        temporary.mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        if is_server:
            yield from through_server({name: KINDS[name] for name in names}, Path(root), pace)
        else:
            with commands() as shared:
                for position, name in enumerate(names):
                    folder = Path(root, str(position))
                    folder.mkdir()
                    yield name, *through_command_line(KINDS[name], shared, folder, pace)
        wait_for(lambda: not _left(temporary), 5 * pace.slowness(pace.mark()))
        left = _left(temporary)
        yield "(at the end)", "nothing is left behind" if not left else "", [f"left {left}"] if left else []
        tempfile.tempdir = None


def _left(temporary: Path) -> list[str]:
    """What lies in the temporary folder, but for the folders of this process, which go when it ends."""
    own = {path for lock in temporary.glob("*/owner.lock") for path in (lock, lock.parent)}
    own |= {path for caches in temporary.glob("aotlens-caches-*") for path in (caches, *caches.rglob("*"))}
    return [str(path.relative_to(temporary)) for path in temporary.rglob("*") if path not in own]


def main(arguments: list[str]) -> int:
    """Print the table. Gives the exit status."""
    wanted = [argument for argument in arguments if not argument.startswith("-")]
    names = [name for name in KINDS if not wanted or name in wanted]
    start, failed = time.monotonic(), 0
    with watched_pace() as pace:
        for name, ended, faults in _rows(names, "--server" in arguments, pace):
            print(f"{name:53} {_bound(KINDS.get(name)):15} {ended}", flush=True)
            for fault in faults:
                print(f"    WRONG: {fault}", flush=True)
            failed += bool(faults)
        minutes, slowness = (time.monotonic() - start) / 60, pace.slowness(0)
    way = "through the server" if "--server" in arguments else "by command line"
    print(f"\n{len(names)} kinds {way}, {failed} wrong, in {minutes:.0f} minutes.")
    print(f"The machine was {slowness:.1f} times slower than an idle one.")
    return 1 if failed else 0


def _bound(kind: Kind | None) -> str:
    if kind is None:
        return ""
    return f"{kind.timeout:g} s" + (f", {kind.memory:g} GiB" if kind.memory else "")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
