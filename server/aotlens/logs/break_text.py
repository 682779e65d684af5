"""Torch's text about one graph break, as data.

The text is that of `torch._dynamo.symbolic_convert.log_graph_break`, in `TORCH_LOGS=graph_breaks` and in traces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .graphs import LoggedBreak

_PLACE = re.compile(r"Graph break in user code at (.+):(\d{1,9})$")
_REASON = "Graph Break Reason:"
_END = ("User code traceback:", "Stack variable source attribution:", "Traceback (most recent call last):")


def break_of(lines: Sequence[str]) -> LoggedBreak:
    """The graph break that some lines of a log, without prefixes, are about.

    `reason` is the line with the name of its kind; torch puts it below the line that says what it was doing.
    """
    file, line = None, None
    for text in lines:
        if match := _PLACE.search(text.rstrip()):
            file, line = match[1], int(match[2])
            break
    end = next((n for n, text in enumerate(lines) if text.strip() in _END), len(lines))
    own = [text.rstrip() for text in lines[:end]]
    start = next((n for n, text in enumerate(own) if text.startswith(_REASON)), None)
    below = () if start is None else own[start + 1 :]
    reason = next((text for text in below if text and not text.startswith(" ")), None)
    if reason is None and start is not None:
        # Torch 2.6 and older write the reason on the same line.
        reason = own[start].removeprefix(_REASON).strip() or None
    return LoggedBreak(file, line, reason, "\n".join(own).strip())
