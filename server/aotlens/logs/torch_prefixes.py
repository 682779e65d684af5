"""Torch's own prefix of a line in its logs."""

from __future__ import annotations

import re

PREFIX_REACH = 400
"""The characters of a line in which a prefix is looked for: a line may hold a megabyte of data."""

GLOG = re.compile(
    r"[VIWECF]\d{4} \d\d:\d\d:\d\d\.\d+ (\d+) [^\s\]]+:\d+\]"
    r"(?: \[(!\d+(?:/[\d_]+)*|\d+(?:/[\d_]+)+)\])?(?: \[__(\w+)\])? ?"
)
# Before torch 2.2: `[2023-10-23 10:11:12,345] [0/0] torch._dynamo.output_graph.__graph_code: [DEBUG] TRACED GRAPH`.
DATED = re.compile(
    r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\](?: \[(!\d+(?:/[\d_]+)*|\d+(?:/[\d_]+)+)\])? ([\w.]+): \[[A-Z]+\] ?"
)
"""They match a prefix up to the text of the message: process, compile id and artifact; compile id and logger."""


def has_torch_prefix(line: str) -> bool:
    """Whether torch's prefix stands near the beginning of a line."""
    head = line[:PREFIX_REACH]
    return GLOG.search(head) is not None or DATED.search(head) is not None
