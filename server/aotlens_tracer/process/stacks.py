"""The Python stacks of a child that crashes or has to go: written in the child, read by the tracer.

faulthandler writes them to a file, which survives the process.
"""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import types

from ..wire.descriptor_map import Frame

DUMP_SIGNAL = getattr(signal, "SIGUSR2", None)
"""Asks a child for the Python stacks of its threads; None on systems without such signals."""
DUMP_FILE = "stacks"
"""The name of the file, in the child's folder."""
DUMP_BYTES = 1 << 20
"""How much of the file is read; the last stack in it counts."""
_LONGEST_LINE = 5_000
DYNAMO_HEADER = "Dynamo (most recent call first):"
"""Stands in the file above the stack of the code that Dynamo is interpreting."""
_FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+) in (?P<function>.*)$')
_ESCAPE = re.compile(r"\\(x..|u....|U........)")
_OURS = f'  File "{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}'
_kept: list[object] = []
"""The file that faulthandler writes to. faulthandler keeps only its number, so this reference keeps the file open."""


# --- in the child


def report_faults(descriptor: int) -> None:
    """Let a crash, or the tracer's signal, leave the Python stacks in the file that is open as `descriptor`."""
    file = os.fdopen(descriptor, "wb", closefd=False)
    _kept.append(file)
    faulthandler.enable(file, all_threads=False)
    if DUMP_SIGNAL is None:
        return
    write = os.write

    def on_signal(_: int, frame: types.FrameType | None) -> None:
        write(descriptor, _dynamo_stack(frame).encode())

    signal.signal(DUMP_SIGNAL, on_signal)
    faulthandler.register(DUMP_SIGNAL, file, all_threads=False, chain=True)


def forget_faults() -> None:
    """Leave no stacks from now on: this process is a copy of the one whose stacks are wanted."""
    faulthandler.disable()
    if DUMP_SIGNAL is not None:
        faulthandler.unregister(DUMP_SIGNAL)
        signal.signal(DUMP_SIGNAL, signal.SIG_IGN)


def _dynamo_stack(frame: types.FrameType | None) -> str:
    """Return where Dynamo is in the user's code: it interprets that, so that no Python frame stands for it.

    The format is faulthandler's, behind a header of its own; the header alone if Dynamo does not run.
    """
    lines = []
    while frame is not None:
        translator = frame.f_locals.get("self")
        is_step = frame.f_code.co_name == "step" and frame.f_code.co_filename.endswith("symbolic_convert.py")
        if is_step and translator is not None:
            code = translator.f_code
            lines.append(f'  File "{code.co_filename}", line {translator.lineno} in {code.co_name}')
        frame = frame.f_back
    return "\n".join([DYNAMO_HEADER, *lines, ""])


# --- in the tracer


def is_complete(dump: bytes) -> bool:
    """Whether a child that was asked for its stacks has written all: the part about Dynamo comes last."""
    return DYNAMO_HEADER.encode() in dump


def without_ours(dump: bytes) -> str:
    """Return the text of a dump without the frames of this package."""
    lines = dump.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if not line.startswith(_OURS))


def frames_of(dump: bytes) -> list[Frame]:
    """Return the frames of the last stack in a dump, innermost first; those of Dynamo's stack, if it has any."""
    text = dump.decode(errors="replace")
    dynamo = text.partition(DYNAMO_HEADER)[2]
    frames: list[Frame] = []
    for line in (dynamo if dynamo.strip() else text).splitlines():
        if line.startswith(("Current thread", "Stack (most recent")):
            frames = []
        elif len(line) < _LONGEST_LINE and (match := _FRAME.match(line)) is not None:
            # faulthandler writes characters outside ASCII as escapes
            path = _ESCAPE.sub(lambda escape: chr(int(escape[1][1:], 16)), match["path"])
            frames.append(Frame(path, int(match["line"][:9]), match["function"]))
    return frames
