"""What Python refuses, in words."""

from __future__ import annotations

import pytest

from aotlens.explain.failures import brief_message
from aotlens.explain.misuses import misuse_in_words
from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.misuses import Absent, Misuse, OtherArguments, Unpacked
from aotlens_tracer.wire.operands import FailedOperation
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.problems import Raised


def test_what_the_error_says_already_is_not_said_again() -> None:
    absent = Absent("attribute", "x", "Tensor", "masked")
    assert misuse_in_words(FailedOperation(None, (), "x.masked", misuse=absent), "m.py") is None


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        (Absent("key", "batch", "dict", "'b'", ("'a'", "'c'"), 2, "'c'"), "`e`: batch has 'a', 'c'"),
        (
            Absent("key", "batch", "dict", "'b'", ("'a'", "'c'"), 9, "'d'"),
            "`e`: batch has 'a', 'c' and 7 more; 'd' is similar",
        ),
        (Absent("key", "batch", "dict", "'b'"), "`e`: batch is empty"),
        (Absent("index", "xs", "list", "1", (), 1), "`e`: xs has 1 item, the index is 1"),
        (Absent("attribute", "self", "Net", "fc", ("up",), 1), "`e`: self (Net) has up"),
        (
            Absent("attribute", "self", "Net", "fc", ("up", "fcs"), 2, "fcs"),
            "`e`: self (Net) has no attribute fc; fcs is similar",
        ),
        (Absent("attribute", "mask", "NoneType", "float"), "`e`: mask is None"),
        (Unpacked("f(x)", 1, ("a", "b")), "`f(x)` gives 1 value for 2 names: a, b"),
        (Unpacked("f(x)", None, ("a",)), "`f(x)` gives more values than the 1 name: a"),
        (OtherArguments("f", "(x)", Span("m.py", 3)), "`e`: f takes (x), line 3"),
        (OtherArguments("f", "(x)", Span("n.py", 3), "x"), "`e`: f takes (x), line 3 of n.py; `x` is similar"),
    ],
)
def test_a_misuse_is_a_sentence(misuse: Misuse, words: str) -> None:
    operation = FailedOperation(None, (), "e", misuse=misuse)
    assert misuse_in_words(operation, "m.py") == words
    assert from_json(FailedOperation, to_json(operation)) == operation
    failure = Failure("forward", "error", Raised("KeyError", "'b'"), "m.py", 3, operation=operation)
    assert brief_message(failure).startswith(words)
