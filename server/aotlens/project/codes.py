"""The codes of findings, as users write them in options, settings and comments."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from aotlens.explain.findings.registry import KINDS

from .problems import Misuse


def known_codes(codes: Iterable[str], where: str) -> frozenset[str]:
    """These codes. Raises Misuse if there are no findings with one of them; `where` says where it is written."""
    found = frozenset(codes)
    for code in sorted(found - KINDS.keys()):
        near = nearest_code(code)
        rest = f": did you mean {near}?" if near is not None else f"; the codes are {', '.join(sorted(KINDS))}"
        raise Misuse(f"{where}: there are no findings with the code {code!r}{rest}")
    return found


def nearest_code(code: str) -> str | None:
    """The code that was probably meant; None if no code is similar."""
    near = difflib.get_close_matches(code.lower().replace("_", "-"), KINDS, n=1)
    return near[0] if near else None
