"""Exceptions as problems: what is kept of them."""

from __future__ import annotations

from torch._dynamo.exc import Unsupported
from torch._subclasses.fake_tensor import DynamicOutputShapeException

from aotlens.explain.failures import brief
from aotlens_tracer.failures import CaptureError, JointError, problem_of, refusal_of

NONZERO = DynamicOutputShapeException("aten.nonzero.default")


def test_the_refusal_of_a_capture_has_the_type_of_an_error_that_is_not_dynamos() -> None:
    assert refusal_of(NONZERO) == ("DynamicOutputShapeException: aten.nonzero.default", "internal")
    assert refusal_of(Unsupported("a generator was passed")) == ("a generator was passed", "dynamo")


def test_the_refusal_of_aotautograd_has_the_type_of_its_cause() -> None:
    refused = JointError()
    refused.__cause__ = NotImplementedError("no derivative")
    assert refusal_of(refused) == ("NotImplementedError: no derivative", "aotautograd")


def test_an_attempt_whose_capture_fails_says_what_dynamo_met() -> None:
    words = brief(problem_of(CaptureError(NONZERO, NONZERO)))
    assert words.startswith("Dynamo: internal error (DynamicOutputShapeException: aten.nonzero.default)")
