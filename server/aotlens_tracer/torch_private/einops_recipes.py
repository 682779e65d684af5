"""Einops under Dynamo: its patterns are parsed ahead, not traced."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import torch._dynamo

CONSTANT_RESULT = "assume_constant_result"
"""Part of Dynamo's message when it cannot call what `constant_einops_recipes` gives it."""


@contextlib.contextmanager
def constant_einops_recipes() -> Iterator[bool]:
    """Let einops parse its patterns itself; Dynamo would trace the parser, which takes longest (einops 0.8.2).

    A recipe depends on the pattern, the names of its axes and the rank alone. Yields whether einops is set up so.
    """
    cached = getattr(sys.modules.get("einops.einops"), "_prepare_transformation_recipe", None)
    parser = getattr(cached, "__wrapped__", None)
    variables = getattr(torch._dynamo.variables, "ConstDictVariable", None)
    original = getattr(variables, "install_dict_keys_match_guard", None)
    if parser is None or variables is None or original is None:
        yield False
        return

    def install_dict_keys_match_guard(variable: Any) -> None:
        with contextlib.suppress(NotImplementedError):  # a constant has none (torch 2.13 to 2.15)
            original(variable)

    torch._dynamo.assume_constant_result(parser)  # type: ignore[no-untyped-call]  # torch has no types
    try:
        with patch.object(variables, "install_dict_keys_match_guard", install_dict_keys_match_guard):
            yield True
    finally:
        del parser._dynamo_marked_constant
