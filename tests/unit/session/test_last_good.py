"""The call of the last good trace among the examples of a target."""

from __future__ import annotations

from aotlens.session.examples.last_good import LastGood, last_good_call, with_last_good
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Example, Target
from aotlens_tracer.wire.protocol import ExampleSource, Root

GUESS = ExampleSource("", "inferred")
SITE = ExampleSource("Net(3)(x)", "call-site", "/t/test_net.py", 12)
ROOT = ExampleSource("", "recorded", root=Root("/t/model.py", "GPT", (ExampleSource("GPT()(x)", "inferred"),)))


def traced(candidate: int, origin: str = "inferred", pin: str | None = "Net(8)(torch.randn(2, 8))") -> DescriptorMap:
    example = Example(origin, candidate=candidate, pin=pin)
    return DescriptorMap(Target("/t/model.py", "Net"), "traced", "export", example)


def test_a_guess_that_was_traced_is_tried_before_a_new_one() -> None:
    last = last_good_call(traced(1), (SITE, GUESS), "forward(self, x)")
    assert last is not None
    served = ExampleSource("Net(8)(torch.randn(2, 8))", "inferred", served=True)
    assert with_last_good((SITE, GUESS), last, "forward(self, x)") == (SITE, served, GUESS)


def test_a_class_that_asks_for_other_arguments_is_guessed_anew() -> None:
    last = LastGood(ExampleSource("Net(8)(torch.randn(2, 8))", "inferred"), "forward(self, x)")
    assert with_last_good((SITE, GUESS), last, "forward(self, x, mask=None)") == (SITE, GUESS)


def test_a_written_or_recorded_call_keeps_its_place_and_is_marked() -> None:
    for place, source in enumerate((SITE, ROOT)):
        last = last_good_call(traced(place, source.origin), (SITE, ROOT, GUESS), "")
        assert last is not None
        marked = with_last_good((SITE, ROOT, GUESS), last, "")
        assert [example.served for example in marked] == [index == place for index in range(3)]


def test_a_trace_that_failed_or_has_no_expression_leaves_no_call() -> None:
    failed = DescriptorMap(Target("/t/model.py", "Net"), "failed", "export", Example("inferred", candidate=0))
    assert last_good_call(failed, (GUESS,), "") is None
    assert last_good_call(traced(0, pin=None), (GUESS,), "") is None
