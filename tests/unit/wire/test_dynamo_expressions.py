"""The user's names for Dynamo's expressions."""

from __future__ import annotations

import pytest

from aotlens_tracer.wire.dynamo_expressions import read_expression

NAMES = {
    "L['self']._modules['up']._parameters['weight']": ("up.weight", "parameter"),
    "L['self'].__dict__['_modules']['up']._parameters['weight']": ("up.weight", "parameter"),
    "L['self'].__dict__['_parameters']['scale']": ("scale", "parameter"),
    "L['self'].cache": ("cache", "attribute"),
    "G['TABLE']": ("TABLE", "global"),
}


@pytest.mark.parametrize("expression", NAMES)
def test_an_expression_has_the_name_that_the_user_knows(expression: str) -> None:
    read = read_expression(expression)
    assert (read.path, read.role) == NAMES[expression]
