"""The experiment that tells whose fault a failure is: the guesses are varied, one at a time.

The class is to blame if its failure stays: at the same expression, in the same layer, with the same words, whatever is
guessed. Sizes that clash have to stay as they are, or to keep their ratio or their difference, so that no guess makes
them equal. If any other guess runs, or comes further, the class is not to blame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ....failures import Codebase
from ..attempts import Outcome, Runner, Target
from ..calling.inputs import Inputs
from ..repairs.failed_attempt import FailedAttempt
from ..values import Arguments, Tensor, Value
from .failing import NONE, Failing, Pair, failing, is_before, is_equally_far, is_never_equal, site_of
from .unlike import unlike
from .variations import ConstructorCall, OtherConstructor, of_other_kinds, of_other_sizes, resized

SECONDS = 3.0
"""Seconds of processor time that one experiment may take; without a result by then, nobody is blamed."""


@dataclass(frozen=True)
class Called:
    """A call that was made: of what, with which arguments, and how it ended."""

    target: Target
    inputs: Inputs
    arguments: Arguments
    outcome: Outcome

    @property
    def expression(self) -> str:
        """The whole call, as code."""
        return self.target.call(self.inputs, self.arguments)

    def failed(self, arguments: Arguments | None = None) -> FailedAttempt:
        """The failed call as the repair rules read it; with these `arguments`, which may be those of the constructor.

        Raises AssertionError if it did not fail.
        """
        outcome = self.outcome
        assert outcome.error is not None
        function = self.inputs.function
        return FailedAttempt(
            outcome.error,
            arguments if arguments is not None else self.arguments,
            outcome.values,
            function,
            outcome.origins,
            outcome.containers,
            outcome.unpacked,
        )


class Runs(Exception):
    """A varied guess runs: it is an example."""

    def __init__(self, called: Called) -> None:
        super().__init__(called.expression)
        self.called = called


class _NotProven(Exception):
    """A guess decides about the failure, or time is up."""


class Experiment:
    """Varies the guesses of one call that failed.

    `sizes` has the constructor's integers by name, and `first_of` gives the likeliest arguments of a call.
    `optional` are arguments of the constructor that were left out, by name and as code.
    `is_configuration` says whether a name in the constructor's call is a configuration that the class means.
    With `has_usual_sizes`, arguments for which that is False by comparison with the likeliest ones are no evidence, and
    sizes that clash have to be equally far apart: a ratio may be the scale of an image.
    """

    def __init__(
        self,
        runner: Runner,
        codebase: Codebase,
        failed: Called,
        sizes: Mapping[str, int],
        first_of: Callable[[Inputs], Arguments],
        optional: Sequence[tuple[str, str]],
        is_configuration: Callable[[str], bool],
        has_usual_sizes: Callable[[Arguments, Arguments], bool] | None = None,
    ) -> None:
        self._runner = runner
        self._codebase = codebase
        self._failed = failed
        self._sizes = sizes
        self._first_of = first_of
        self._optional = optional
        self._is_configuration = is_configuration
        self._has_usual_sizes = has_usual_sizes
        self._first = first_of(failed.inputs)
        self._until = time.process_time() + SECONDS

    def is_of_the_class(self) -> bool:
        """Whether the class fails like this whatever is guessed. Raises Runs if another guess runs."""
        error = self._failed.outcome.error
        base = failing(error, self._failed.target.module, self._codebase) if error is not None else None
        values = self._failed.arguments.values()
        if base is None or not all(map(_is_varied, values)):
            return False
        if self._failed.outcome.is_real and not (base.pairs or isinstance(error, (AttributeError, TypeError))):
            return False  # the values of the tensors may decide
        if NONE in base.words and any(value.expression == "None" for value in values):  # in place of an unknown object
            return False
        constructor = ConstructorCall(self._failed.target.expression, self._is_configuration)
        if not constructor.is_known:
            return False
        is_kept = is_never_equal if self._has_usual_sizes is None else is_equally_far
        unlike_ones = unlike(self._sizes)
        comparison = _Comparison(base, self._failed.outcome, self._codebase, is_kept, unlike_ones)
        try:
            target, inputs, arguments = self._failed.target, self._failed.inputs, self._failed.arguments
            for other in filter(self._is_evidence, of_other_kinds(inputs, arguments, base.is_of_dtypes)):
                comparison.add(self._call(target, inputs, other))
            for other in filter(self._is_evidence, of_other_sizes(arguments)):
                comparison.add(self._call(target, inputs, other), other_failures=not base.is_of_sizes)
            return self._varied(constructor, comparison)
        except _NotProven:
            return False

    def _varied(self, constructor: ConstructorCall, comparison: _Comparison) -> bool:
        """Whether each guess in the constructor's call was changed, and the failure stayed."""
        proven: set[int] = set()
        more = (OtherConstructor(constructor.with_argument(*each)) for each in self._optional)
        for other in (*more, *constructor.others()):
            try:
                module = self._runner.build(other.expression, self._failed.target.mode)
            except Exception:  # the class refuses this size
                continue
            target = Target(other.expression, module, self._failed.target.mode)
            for inputs, arguments in self._arguments(target, other.size, other.other):
                if not self._is_evidence(arguments):
                    continue
                if comparison.add(self._call(target, inputs, arguments), changed=(other.size, other.other)):
                    proven |= other.places
                    break
        return len(proven) == constructor.count

    def _arguments(self, target: Target, size: int | None, other: int | None) -> Iterator[tuple[Inputs, Arguments]]:
        """The arguments for a module that was built with another size: these may depend on that size too."""
        given = self._failed.arguments
        sizes = {name: other if one == size and other is not None else one for name, one in self._sizes.items()}
        inputs = Inputs(target.module, sizes)
        self._first = self._first_of(inputs)
        if size is not None and other is not None:

            def change(one: int) -> int:
                return one // size * other if one % size == 0 else one

            yield self._failed.inputs, resized(given, change)
        yield inputs, self._first
        yield self._failed.inputs, given

    def _is_evidence(self, arguments: Arguments) -> bool:
        return self._has_usual_sizes is None or self._has_usual_sizes(arguments, self._first)

    def _call(self, target: Target, inputs: Inputs, arguments: Arguments) -> Called:
        if time.process_time() > self._until:
            raise _NotProven
        called = Called(target, inputs, arguments, self._runner.call(target, inputs, arguments))
        if called.outcome.error is None:
            raise Runs(called)
        return called


class _Comparison:
    """Compares failures with the first one, whose call had the outcome `first`.

    `is_kept` says whether two sizes that clash still do in the same way. `unlike` are sizes of the constructor that
    nobody means to be equal: a clash of two of them stays if it follows both.
    """

    def __init__(
        self,
        base: Failing,
        first: Outcome,
        codebase: Codebase,
        is_kept: Callable[[Pair, Pair], bool],
        unlike: frozenset[Pair],
    ) -> None:
        self._codebase = codebase
        self._is_kept = is_kept
        self._base = base
        self._first = first
        self._kept = set(range(len(base.pairs)))
        self._following = {index for index, pair in enumerate(base.pairs) if pair in unlike}

    def add(
        self, called: Called, *, other_failures: bool = False, changed: tuple[int | None, int | None] = (None, None)
    ) -> bool:
        """Whether a call failed in the same way; False if it failed before. Raises _NotProven if in another way.

        With `other_failures`, it may fail for another reason at the same place. `changed` are a size of the
        constructor's and the one in its place.
        """
        error, base = called.outcome.error, self._base
        assert error is not None
        other = failing(error, called.target.module, self._codebase)
        if other is None or other.site != base.site:
            is_earlier = is_before(tuple(site_of(error, called.target.module, self._codebase)), base.site)
            if is_earlier:
                return False
            if (
                is_earlier is False
                or called.outcome.progress > self._first.progress
                or (other is None and _is_at(error, base))
            ):
                raise _NotProven
            return False
        if other.words != base.words and other_failures:
            return False
        if other.words != base.words or len(other.pairs) != len(base.pairs):
            raise _NotProven
        if _count(called.outcome) != _count(self._first):
            raise _NotProven
        if not base.pairs and other.numbers != base.numbers:
            raise _NotProven
        old, new = changed
        for index, pair in enumerate(zip(base.pairs, other.pairs)):
            if not self._is_kept(*pair):
                self._kept.discard(index)
            if pair[1] != tuple(new if size == old else size for size in pair[0]):
                self._following.discard(index)
        if base.pairs and not self._kept and not self._following:
            raise _NotProven
        return True


def _count(outcome: Outcome) -> int | None:
    """The number of pieces that cannot be unpacked. If it varies, a size decides about it."""
    return outcome.unpacked.count if outcome.unpacked is not None else None


def _is_varied(value: Value) -> bool:
    """Whether variations of an argument say enough: it is a tensor or a plain value, and nothing with a length."""
    return isinstance(value, Tensor) or value.expression.isdigit() or value.expression in ("None", "True", "False")


def _is_at(error: BaseException, base: Failing) -> bool:
    """Whether an error that cannot be compared was raised at the same instruction."""
    traceback = error.__traceback__
    while traceback is not None:
        if (traceback.tb_frame.f_code, traceback.tb_lasti) == base.site[-2]:
            return True
        traceback = traceback.tb_next
    return False
