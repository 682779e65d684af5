"""Dimensions that are said to be the same change together, and their names do not depend on sizes."""

from __future__ import annotations

import pytest

from .dimension_models import MODELS
from .dimension_runs import compare, named, run

_KNOWN = {"tagger": 0.9, "unet": 0.85, "experts": 0.85, "operations": 0.75}
"""The least share of dimensions whose origin, or whose relation to another one, is known, where it is under 95 %."""
_NAMED = {"llama": 0.2, "t5": 0.4, "transformer": 0.0, "unet": 0.85, "experts": 0.85, "operations": 0.8}
"""The least share of dimensions of recorded values that have names, where it is under 90 %."""


@pytest.mark.parametrize("name", MODELS)
def test_dimensions_change_as_those_that_they_are_said_to_be(name: str) -> None:
    build, sizes, others = MODELS[name]
    verdict = compare(run(build, **sizes), run(build, **others))
    assert verdict.wrong == []
    assert verdict.known / verdict.total >= _KNOWN.get(name, 0.95), verdict.unknown.most_common(5)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "transformer"])
def test_names_are_those_of_other_sizes_too(name: str) -> None:
    build, sizes, others = MODELS[name]
    before, after = named(build, **sizes), named(build, **others)
    assert before.names == after.names
    assert before.share >= _NAMED.get(name, 0.9)
