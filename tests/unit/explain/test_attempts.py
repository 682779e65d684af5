"""Examples that were passed over, in words."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.examples import attempts, brief_origin, origin, used
from aotlens_tracer.wire.descriptor_map import Attempt, DescriptorMap, Example, Span, Target
from aotlens_tracer.wire.problems import Raised


def told(*found: Attempt) -> list[tuple[str, str]]:
    map = DescriptorMap(Target("/m.py", "Net", 1), "failed", "export", attempts=found)
    return attempts(map, str)


def test_guesses_that_differ_in_numbers_are_told_once() -> None:
    def guess(size: int) -> Attempt:
        return Attempt("inferred", Raised("RuntimeError", f"got [2, {size}]"), f"Net()(torch.randn(2, {size}))")

    other = Attempt("inferred", Raised("TypeError", "no integers"), "Net()(torch.ones(3))")
    assert told(guess(4), other, guess(5), guess(6)) == [
        ("inferred: Net()(torch.randn(2, 4))", "RuntimeError: got [2, 4] (and 2 more like it)"),
        ("inferred: Net()(torch.ones(3))", "TypeError: no integers"),
    ]


def test_guesses_name_the_rule_that_proposed_them() -> None:
    error = Raised("RuntimeError", "no")
    assert told(
        Attempt("inferred", error, "Net()(a)"),
        Attempt("inferred", error, "Net()(a)", rule="wrong-rank"),
        Attempt("inferred", error, rule="wrong-size"),
    ) == [
        ("inferred: Net()(a)", "RuntimeError: no"),
        ("inferred by the rule wrong-rank: Net()(a)", "RuntimeError: no"),
        ("the rule wrong-size failed", "RuntimeError: no"),
    ]


def test_what_somebody_wrote_is_told_each() -> None:
    sites = [
        Attempt("call-site", Raised("OSError", "no such file"), f"Net({n})(x)", Span("/README.md", n)) for n in (1, 2)
    ]
    assert [what for what, _ in told(*sites)] == [
        "call site /README.md:1: Net(1)(x)",
        "call site /README.md:2: Net(2)(x)",
    ]


def test_a_guess_says_which_arguments_it_passes_for_a_loss() -> None:
    guess = Example("inferred", tried_with=("starts", "ends"))
    assert origin(guess, str) == brief_origin(guess, str) == "inferred, with starts and ends for a loss"
    chosen = Example("pinned", passed=("targets",), left_out=("mask",))
    assert brief_origin(chosen, str) == "pinned, with targets and without mask as you chose"


def used_by(example: Example, *tried: Attempt) -> tuple[str, str] | None:
    return used(DescriptorMap(Target("/m.py", "Net", 1), "traced", "export", example=example, attempts=tried), str)


def test_the_example_that_is_used_says_where_it_is_from_or_what_found_it() -> None:
    failed = Attempt("inferred", Raised("ValueError", "no"), "Net(7)()")
    guess = Example("inferred", expression="Net(8)(torch.randn(2, 8))")
    assert used_by(guess) == ("inferred: Net(8)(torch.randn(2, 8))", "the first guess")
    by_rule = replace(guess, rule="wrong-size")
    assert used_by(by_rule, failed) == ("inferred: Net(8)(torch.randn(2, 8))", "found by the rule wrong-size")
    call = Example(
        "call-site", expression="self.net(x)", source=Span("/test_m.py", 16), pin="Net(8)(torch.randn(2, 8))"
    )
    assert used_by(call) == ("call site /test_m.py:16: self.net(x)", "the first choice")
    assert used_by(call, failed) == ("call site /test_m.py:16: self.net(x)", "")


def test_a_guess_names_the_class_of_the_file_whose_values_it_has() -> None:
    example = Example("inferred", expression="Net(8)(torch.randn(2, 8))", as_for="Block")
    map = DescriptorMap(Target("/m.py", "Net", 1), "traced", "export", example=example)
    assert used(map, str) == ("inferred: Net(8)(torch.randn(2, 8))", "as for `Block` of this file")
