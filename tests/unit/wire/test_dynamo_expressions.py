"""Dynamo's expressions as the user would write them."""

from __future__ import annotations

import pytest

from aotlens_tracer.wire.dynamo_expressions import read_expression


@pytest.mark.parametrize(
    ("text", "role", "name"),
    [
        ("L['self']._modules['up']._parameters['weight']", "parameter", "self.up.weight"),
        ("L['self']._modules['layers']._modules['0']._buffers['mean']", "buffer", "self.layers.0.mean"),
        ("L['self'].__dict__['_modules']['l']._parameters['weight']", "parameter", "self.l.weight"),
        (
            "L['self']._modules['net']._orig_mod._modules['up']._parameters['weight']",
            "parameter",
            "self.net._orig_mod.up.weight",
        ),
        ("L['self'].__dict__['_parameters']['scale']", "parameter", "self.scale"),
        ("L['self'].cache", "attribute", "self.cache"),
        ("L['h']", "argument", "h"),
        ("L['batch']['mask']", "argument", "batch['mask']"),
        ("L['args'][0]", "argument", "args[0]"),
        ("dict.__getitem__(L['d'], 'k')", "argument", "d['k']"),
        ("list.__getitem__(L['rest'], 1)", "argument", "rest[1]"),
        ("___from_numpy(L['array'])", "argument", "array"),
        ("___as_tensor(L['scale'])", "number", "scale"),
        ("L['self'].cache[3]", "attribute", "self.cache[3]"),
        ("L['self'].__dict__['t']", "attribute", "self.t"),
        ("getattr(L['self'], 'a b')", "attribute", "self.a b"),
        ("G['TABLE']", "global", "TABLE"),
        ("L['fn'].__closure__[0].cell_contents", "closure", "fn.closure[0]"),
        (
            "L['self']._modules['up'].hooks[list(dict.keys(L['self']._modules['up'].hooks))[0]].__closure__[1].cell_contents",
            "closure",
            "self.up.hooks[0].closure[1]",
        ),
        ("L['x'].size()[0]", "size", "x.size(0)"),
        ("L['x'].stride()[1]", "size", "x.stride(1)"),
        ("L['x'].storage_offset()", "size", "x.storage_offset()"),
        ("not an expression", "other", "not an expression"),
    ],
)
def test_names(text: str, role: str, name: str) -> None:
    found = read_expression(text)
    assert (found.role, found.name, found.path) == (role, name, name.removeprefix("self."))


def test_a_size_knows_its_tensor() -> None:
    assert read_expression("L['self']._buffers['table'].size()[1]").base == "L['self']._buffers['table']"


@pytest.mark.parametrize(("text", "is_unnamed"), [("L['___stack0']", True), ("L['stack']", False)])
def test_a_value_on_the_stack_has_no_name(text: str, is_unnamed: bool) -> None:
    assert read_expression(text).is_unnamed == is_unnamed
