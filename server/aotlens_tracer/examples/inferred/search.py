"""The search for an example: build, call, read the failure, repair. The same answer each time, within a budget."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

from ...failures import Codebase, TraceError, failure_of, problem_of, reads_data
from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode, fake_mode, has_no_forward
from ...wire.advice import CompleteExample, JoinCluster
from ...wire.descriptor_map import Attempt, Failure
from ...wire.problems import NoForward, NothingInferred, SearchEnded
from ..guards import TookTooLong
from .attempts import Runner, Target
from .budget import AttemptTooLong, Budget
from .build import Built, Notes, first_that_builds, is_lazy
from .building import configurations
from .building.construction import Construction
from .building.constructors import Constructors
from .building.parameters import positional_only
from .calling.beginning import first_arguments, sizes_built_with
from .calling.inputs import Inputs
from .fault import accidents
from .fault.experiment import Called, Experiment, Runs
from .fault.failing import site_of
from .fault.furthest import Furthest
from .fault.meant import Meant, left_out
from .fault.own_names import depends_on_constructor, fails_for_all_arguments
from .fault.unbuildable import unbuildable
from .guess import ClassFails, Guess
from .loss.passing import Passing
from .namespace import Names
from .reading.open_methods import is_refused_by_an_open_method, takes_any_number
from .repairs.left_out import left_out_argument
from .repairs.registry import CALLS, REBUILDING, WITHOUT_DATA
from .repairs.rule import proposals
from .tables.facts import NeedsBfloat16
from .values import Arguments, call
from .waiting import Waiting

MOST_CALLS = 100
"""How many calls of one module are tried."""
AFTER_READING = 12
"""How many more calls are tried after one that runs on real tensors: another one may read no data."""
PATIENCE = 6
"""After so many repairs that come no further, the guesses are varied to see whose fault the failure is."""
MOST_REBUILT = 6
"""How many other constructors are tried for a module whose calls all fail."""
VARIED = "varied-guess"
"""The name of the experiment where it finds an example, as if it were a rule."""
FURTHER = 4
"""The number of likelier repairs of a failure that are tried before one that is a step further from its error."""
_Failed = tuple[Called, "str | None"]
"""A call that failed, and the rule that proposed its arguments; None for a first guess."""


@dataclass(frozen=True)
class _Nearest:
    """The attempt that came furthest. `inputs` is None if it did not build the module."""

    progress: int = -1
    expression: str = ""
    error: BaseException | None = None
    inputs: Inputs | None = None


class Search:
    """Looks for an example of the class `cls` in `module` that runs on fake tensors.

    `attempts` holds all that failed: each expression, its error, and the repair rule that proposed it.
    """

    def __init__(
        self, cls: type[nn.Module], module: types.ModuleType, birthplaces: Birthplaces, train: bool | None
    ) -> None:
        self.attempts: list[Attempt] = []
        self._rule: str | None = None
        self._tried_with: tuple[str, ...] = ()
        self._cls = cls
        self._codebase = Codebase(inspect.getsourcefile(cls) or "")
        self._names = Names(module)
        self._train = train
        self._runner = Runner(self._names.values, birthplaces, Budget(), train)
        self._rule_of_constructor: str | None = None
        self._reads_data = False
        self._needs_bfloat16 = False
        self._nearest = _Nearest()
        self._meant = Meant(cls, self._names)
        self._failed_call: Called | None = None
        self._built: set[str] = set()
        self._repairs: dict[tuple[type, str], Arguments] = {}
        self._unbuilt: list[tuple[str, Exception]] = []

    def run(self) -> Guess:
        """The example.

        Raises TraceError if no arguments were found with which the class can be built.
        """
        # torch.compile makes no sense under fake tensors: modules that compile themselves run uncompiled.
        with contextlib.suppress(TookTooLong), torch.compiler.set_stance("force_eager"):
            try:
                for constructors, arguments in self._constructions():
                    if expression := self._with(constructors, arguments):
                        return Guess(expression, self._rule, tried_with=self._tried_with)
            except ClassFails as fails:
                return fails.guess
        failure = self._failure()
        if self._nearest.inputs is None:
            if (expression := self._unbuildable()) is not None:
                return _unbuilt(expression)
            raise TraceError(failure)
        return Guess(self._nearest.expression, failure=failure)

    def _constructions(self) -> Iterator[tuple[Constructors, Arguments]]:
        """The ways to build the class, the likeliest first."""
        cls, names = self._cls, self._names
        levels = [Constructors(names, level, self._repaired) for level in range(configurations.LEVELS)]
        written: set[str] = set()
        firsts = [(level, level.arguments(cls)) for level in levels]
        for level, arguments in (*firsts, *((level, level.with_configurations(cls)) for level in levels)):
            if repr(arguments) not in written:  # equal if there is no stack to cut, or no configuration to add
                written.add(repr(arguments))
                yield level, arguments
        constructors = Constructors(names, build=self._repaired)
        if "NoneType" in str(self._nearest.error):  # `forward` needs what the constructor may be given
            yield from ((constructors, arguments) for arguments in constructors.with_optional(cls))
        # If the class itself could be built, its subclasses would fail in the same way: they are not tried.
        kinds = itertools.takewhile(lambda _: self._nearest.inputs is None, constructors.with_subclasses(cls))
        for arguments in itertools.chain(kinds, constructors.with_other_networks(cls)):
            yield Constructors(names, build=self._repaired), arguments

    def _with(self, constructors: Constructors, first: Arguments) -> str | None:
        """The first example with a module that is built with these arguments, or with repaired ones."""
        mode = fake_mode()
        notes = Notes(self._note_construction, self._note_rule)
        built = first_that_builds(self._cls, first, constructors, lambda text: self._runner.build(text, mode), notes)
        if built is None:
            return None
        return self._of_built(built, mode) or self._rebuilt(built, constructors)

    def _rebuilt(self, built: Built, constructors: Constructors) -> str | None:
        """The first example with a module that is built as its failed call suggests."""
        if self._failed_call is None:
            return None
        failed = self._failed_call.failed(built.arguments)
        construction = Construction(self._cls, constructors)
        found = proposals(REBUILDING, failed, construction, self._note_rule)
        for proposal in itertools.islice(found, MOST_REBUILT):
            mode = fake_mode()
            expression = call(constructors.names.of(self._cls), proposal.arguments, positional_only(self._cls))
            if expression in self._built:
                continue
            try:
                module = self._runner.build(expression, mode)
            except TookTooLong:
                raise
            except Exception as error:
                self._note(expression, error, proposal.rule)
                continue
            again = Built(expression, module, proposal.arguments, proposal.rule)
            if (example := self._of_built(again, mode)) is not None:
                return example
        return None

    def _of_built(self, built: Built, mode: FakeTensorMode) -> str | None:
        """The first example with this module."""
        self._rule_of_constructor = built.rule
        self._built.add(built.expression)
        target, module = Target(built.expression, built.module, mode), built.module
        sizes = sizes_built_with(self._cls, built.arguments, self._names)
        found = self._call(target, sizes)
        if found is None and self._needs_bfloat16:
            expression = f"{built.expression}.to(torch.bfloat16)"
            found = self._call(Target(expression, self._runner.build(expression, mode), mode), sizes, "bfloat16")
        if found is not None and self._reads_data and module.training and self._train is None:
            # Many checks of values are made in training only.
            evaluated = self._call(Target(f"{built.expression}.eval()", module.eval(), mode), sizes)
            return evaluated if evaluated is not None and not self._reads_data else found
        return found

    def _repaired(self, cls: type, first: Arguments, constructors: Constructors) -> Arguments:
        """The arguments with which a class that is an argument of another one can be built."""
        key = cls, repr(first)
        if key not in self._repairs:
            self._repairs[key] = first  # also for the class itself, within its own arguments
            mode = fake_mode()
            notes = Notes(lambda expression, error, rule: None, self._note_rule)
            built = first_that_builds(cls, first, constructors, lambda text: self._runner.build(text, mode), notes)
            self._repairs[key] = built.arguments if built is not None else first
        return self._repairs[key]

    # --- the call

    def _call(self, target: Target, sizes: dict[str, int], dtype: str | None = None) -> str | None:
        """The first call that runs, or needs nothing but data, as an expression; None if none does.

        With `dtype`, tensors that would be float32 at first have that one.
        """
        inputs = Inputs(target.module, sizes)
        if has_no_forward(type(target.module)):
            raise TraceError(Failure("example", "error", NoForward(self._cls.__name__)))
        waiting = Waiting()
        first = first_arguments(inputs, dtype)
        waiting.add(0, 0, first, None)
        lazy = is_lazy(target.module)
        may_vary = not lazy and dtype is None
        reading: str | None = None
        left = MOST_CALLS
        furthest, usual = Furthest(), Furthest()  # of all failed calls, and of those whose sizes are no accident
        self._reads_data = self._needs_bfloat16 = False
        while waiting and left:
            left -= 1
            cost, arguments, rule = waiting.next()
            if lazy:
                target = replace(target, module=self._runner.build(target.expression, target.mode))
            expression = target.call(inputs, arguments)
            outcome = self._runner.call(target, inputs, arguments)
            called = Called(target, inputs, arguments, outcome)
            if outcome.error is None:
                self._check_sizes(called, usual.call, sizes)
                self._rule = rule or self._rule_of_constructor
                return self._with_loss(target, inputs, self._needed(target, inputs, arguments, first))
            self._note(expression, outcome.error, rule)
            site = tuple(site_of(outcome.error, target.module, self._codebase))
            furthest.add(called, rule, site)
            is_further = accidents.is_usual(arguments, first) and usual.add(called, rule, site)
            if is_further and outcome.progress > self._nearest.progress:
                self._nearest = _Nearest(outcome.progress, expression, outcome.error, inputs)
            failed = called.failed()
            self._needs_bfloat16 = bool(failed.says(NeedsBfloat16))
            if isinstance(outcome.error, AttemptTooLong) or (dtype is None and self._needs_bfloat16):
                break
            if reads_data(outcome.error):
                self._rule = self._rule if reading else rule or self._rule_of_constructor
                reading = reading or expression
                if outcome.is_real and left > AFTER_READING:  # only its own repairs are of interest now
                    left, waiting = AFTER_READING, Waiting()
            if fails_for_all_arguments(failed):
                raise ClassFails(Guess(expression, rule, is_of_the_class=True))
            is_open = may_vary and reading is None  # a class that runs where it has data is not to blame
            if is_open and (varied := self._examine(furthest.for_long(PATIENCE), usual.call, sizes)):
                return self._found_by_varying(varied, usual.call, sizes)
            cost += waiting.cost_of(outcome.progress, failed.facts or failed.message)
            # The cheapest repair is tried next. The later a rule proposes a repair, the more it costs.
            rules = WITHOUT_DATA if outcome.is_real and reads_data(outcome.error) else CALLS
            for index, proposal in enumerate(proposals(rules, failed, inputs, self._note_rule)):
                further = cost + index + proposal.distance * FURTHER
                waiting.add(outcome.progress, further, proposal.arguments, proposal.rule)
        if may_vary and reading is None:
            varied = self._examine(furthest.for_long(0), usual.call, sizes)
            if (found := varied or self._with_smaller_images(usual.call, first)) is not None:
                return self._found_by_varying(found, usual.call, sizes)
        self._reads_data = reading is not None
        nearest = usual.call or furthest.call
        self._failed_call = nearest[0] if nearest is not None else None
        return reading

    def _examine(self, failed: _Failed | None, usual: _Failed | None, sizes: dict[str, int]) -> Called | None:
        """Vary the guesses of a failed call; return one that runs. Raises ClassFails if the class is to blame."""
        if failed is None:
            return None
        called, rule = failed
        is_open = takes_any_number(self._cls) or is_refused_by_an_open_method(self._cls, called.failed().error)
        if is_open or depends_on_constructor(called.failed()):
            return None
        try:
            is_of_the_class = self._experiment(called, sizes).is_of_the_class()
        except Runs as runs:
            return runs.called
        if is_of_the_class:
            shown, rule = usual or (called, rule)
            raise ClassFails(Guess(shown.expression, rule, is_of_the_class=True))
        return None

    def _found_by_varying(self, found: Called, usual: _Failed | None, sizes: dict[str, int]) -> str:
        """Return the expression of a call that runs. Raises ClassFails as `_check_sizes` does."""
        self._check_sizes(found, usual, sizes)
        self._rule = VARIED
        return self._with_loss(found.target, found.inputs, found.arguments)

    def _with_smaller_images(self, failed: _Failed | None, first: Arguments) -> Called | None:
        """The call that failed with images of half the size; None if it fails too."""
        if failed is None or (smaller := accidents.with_smaller_images(failed[0].arguments, first)) is None:
            return None
        called = replace(failed[0], arguments=smaller)
        called = replace(called, outcome=self._runner.call(called.target, called.inputs, smaller))
        return called if called.outcome.error is None else None

    def _check_sizes(self, found: Called, usual: _Failed | None, sizes: dict[str, int]) -> None:
        """Raise ClassFails if a call runs by an accident of its sizes, and the class fails with all others."""
        if usual is None:
            return
        called, rule = usual
        first = first_arguments(found.inputs)
        if accidents.is_for_a_smaller_image(self._runner, found, first, sizes):
            with contextlib.suppress(Runs):
                if self._experiment(called, sizes, accidents.has_usual_images).is_of_the_class():
                    raise ClassFails(Guess(called.expression, rule, is_of_the_class=True))
        elif accidents.wants_as_many_sequences_as_tokens(self._runner, self._codebase, found, called, first):
            raise ClassFails(Guess(called.expression, rule, is_of_the_class=True))

    def _experiment(
        self,
        called: Called,
        sizes: dict[str, int],
        has_usual_sizes: Callable[[Arguments, Arguments], bool] | None = None,
    ) -> Experiment:
        is_about_a_name = isinstance(called.outcome.error, (AttributeError, KeyError))
        is_configuration = self._meant.is_declared if is_about_a_name else self._meant.is_meant
        return Experiment(
            self._runner,
            self._codebase,
            called,
            sizes,
            first_arguments,
            left_out(self._cls, self._names, called.target.expression),
            is_configuration,
            has_usual_sizes,
        )

    def _unbuildable(self) -> str | None:
        """Return a call of the constructor if the class cannot be built, whatever it is given; else None."""
        if self._runner.is_out_of_time:
            return None
        optional = left_out(self._cls, self._names, "")
        try:
            return unbuildable(
                self._runner, self._codebase, self._cls, self._unbuilt, optional, self._meant.is_declared
            )
        except TookTooLong:
            return None

    def _needed(self, target: Target, inputs: Inputs, arguments: Arguments, first: Arguments) -> Arguments:
        """The arguments without those that repairs added and that are not needed."""
        for name in [name for name in arguments if name not in first]:
            fewer = {key: value for key, value in arguments.items() if key != name}
            if self._runner.call(target, inputs, fewer).error is None:
                arguments = fewer
        return arguments

    def _with_loss(self, target: Target, inputs: Inputs, arguments: Arguments) -> str:
        """The expression of a call that runs: with the arguments that lead to a loss, unless it is for evaluation."""
        if self._train is not False and not is_lazy(target.module):
            note = functools.partial(Search._note, self)  # not what subclasses do where no call runs
            passing = Passing(self._runner, target, inputs, arguments, note, self._note_rule)
            with contextlib.suppress(TookTooLong):
                arguments, self._tried_with = passing.with_loss()
        return target.call(inputs, arguments)

    # --- notes

    def _note(self, expression: str, error: BaseException, rule: str | None) -> None:
        self.attempts.append(Attempt("inferred", problem_of(error), expression, rule=rule))

    def _note_construction(self, expression: str, error: Exception, rule: str | None) -> None:
        """Note a constructor that failed. Raises ClassFails if a name does not exist."""
        self._note(expression, error, rule)
        self._unbuilt.append((expression, error))
        if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
            raise ClassFails(_unbuilt(expression))
        if self._nearest.progress < 0 and (self._nearest.error is None or isinstance(error, ModuleNotFoundError)):
            self._nearest = _Nearest(-1, expression, error)

    def _note_rule(self, rule: str, error: Exception) -> None:
        """Note an exception in a repair rule, which is a mistake of this tracer and not of the user."""
        self.attempts.append(Attempt("inferred", problem_of(error), rule=rule))

    def _failure(self) -> Failure:
        """Describe what is missing, by the attempt that came furthest."""
        nearest = self._nearest
        error, inputs = nearest.error, nearest.inputs
        if error is None:
            return Failure("example", "timeout", SearchEnded(self._cls.__name__), self._codebase.target)
        failure = failure_of(error, "example", self._codebase)
        tried = sum(attempt.expression is not None for attempt in self.attempts)
        problem = NothingInferred(tried, failure.problem, left_out_argument(error, inputs))
        pin = nearest.expression if inputs is not None else f"{nearest.expression}(…)"
        advice = failure.advice if isinstance(failure.advice, JoinCluster) else CompleteExample(pin)
        return replace(failure, reason="error", problem=problem, advice=advice)


def _unbuilt(expression: str) -> Guess:
    """A call of a class that cannot be built. What comes after the constructor never runs."""
    return Guess(f"{expression}(...)", is_of_the_class=True)
