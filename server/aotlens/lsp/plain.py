"""Markdown for clients that show none."""

from __future__ import annotations

import re

_TABLE_RULE = re.compile(r"^\|[\s:|-]+\|$", re.MULTILINE)


def plain_text(markdown: str) -> str:
    """A hover for clients that show no markdown."""
    text = _TABLE_RULE.sub("", markdown)
    return re.sub(r"\n{3,}", "\n\n", text.replace("`", "").replace("**", "").replace("\\", "")).strip()
