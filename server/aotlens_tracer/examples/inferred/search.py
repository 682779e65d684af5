"""The search for an example: build, call, read what failed, repair; the same answer each time, within a budget."""

from __future__ import annotations

import contextlib
import heapq
import inspect
import itertools
import re
import time
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ...failures import Codebase, ForwardError, TraceError, failure_of, problem_of, reads_data, text_of
from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode, TorchDispatchMode, compiling, fake_mode, has_no_forward
from ...wire.advice import CompleteExample
from ...wire.descriptor_map import Failure, Problem
from ...wire.problems import NoForward, NothingInferred, SearchEnded
from ..fake_modules import fake_constructors, fake_modules, light_initialization
from ..guards import TookTooLong, guarded
from . import configs
from .construct import first_that_builds, is_lazy
from .constructor import Constructors, parameters_of
from .failing import FailedCall, names_at
from .inputs import Inputs, as_call
from .names import Names
from .repair import repairs
from .values import Arguments, Path, tensors, with_tensor

CALLS = 100
"""How many calls of the module are tried."""
FURTHER = 4
"""How many likelier repairs of the same failure go before one that is a step further from what its error says."""
OPERATIONS = 50_000
"""How many operations one call may run."""
SECONDS = 20.0
"""For how long one example is looked for: of the processor's time, so that what else runs changes no answer."""
SECONDS_IN_ALL = 30.0
"""The same by the clock."""
SECONDS_EACH = 10.0
"""How long one attempt may take."""


class Search:
    """Looks for an example of the class `cls` of `module` that runs on fake tensors.

    `tried` holds what was tried in vain: each expression, and why it does not do.
    """

    def __init__(
        self,
        cls: type[nn.Module],
        module: types.ModuleType,
        birthplaces: Birthplaces,
        train: bool | None,
    ) -> None:
        self.cls = cls
        self.names = Names(module)
        self.birthplaces = birthplaces
        self.train = train
        self._time = _Time()
        self.tried: list[tuple[str, Problem]] = []
        self._reads_data = False
        self.best: tuple[int, str, BaseException | None, Inputs | None] = (-1, "", None, None)

    def run(self) -> str:
        """The example, as an expression.

        Raises TraceError where none was found, and the user's own error where the class fails whatever it is given.
        """
        # What a module compiles by itself runs as it is: compiling within fake tensors has no meaning.
        with contextlib.suppress(TookTooLong), torch.compiler.set_stance("force_eager"):
            written: set[str] = set()
            levels = [Constructors(self.names, level, self._part) for level in range(configs.LEVELS)]
            firsts = [(level, level.arguments(self.cls)) for level in levels]
            for level, arguments in (*firsts, *((level, level.with_configurations(self.cls)) for level in levels)):
                if repr(arguments) in written:
                    continue  # there are no stacks that are cut less, or no configurations that may be left out
                written.add(repr(arguments))
                if expression := self._with(level, arguments):
                    return expression
            constructors = Constructors(self.names, build=self._part)
            # A subclass says nothing new where it is not the constructor that refuses.
            kinds = itertools.takewhile(lambda _: self.best[3] is None, constructors.with_subclasses(self.cls))
            for arguments in itertools.chain(kinds, constructors.with_other_networks(self.cls)):
                if expression := self._with(Constructors(self.names, build=self._part), arguments):
                    return expression
        raise TraceError(self._failure())

    def _with(self, constructors: Constructors, arguments: Arguments) -> str | None:
        built = self._construct(constructors, arguments)
        if built is None:
            return None
        expression, module, mode, arguments = built
        sizes = _sizes(self.cls, arguments, self.names)
        found = self._call(expression, module, mode, sizes)
        if found is None and self._wants_bfloat16():
            found = self._call(*self._as_bfloat16(expression, mode), mode, sizes, dtype="bfloat16")
        if found is not None and self._reads_data and module.training and self.train is None:
            # Checks of values are often made in training alone.
            evaluated = self._call(f"{expression}.eval()", module.eval(), mode, sizes)
            return evaluated if evaluated is not None and not self._reads_data else found
        return found

    @property
    def nearest(self) -> str | None:
        """The expression that came furthest."""
        return self.best[1] or None

    # --- the constructor

    def _construct(
        self, constructors: Constructors, first: Arguments
    ) -> tuple[str, nn.Module, FakeTensorMode, Arguments] | None:
        mode = fake_mode()

        def note(expression: str, error: Exception) -> None:
            self._note(expression, error)
            if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
                self.best = (-1, expression, error, None)
                raise error
            if self.best[0] < 0 and self.best[2] is None:
                self.best = (-1, expression, error, None)

        found = first_that_builds(self.cls, first, constructors, lambda text: self._built(text, mode), note)
        return (*found[:2], mode, found[2]) if found is not None else None

    def _part(self, cls: type, first: Arguments, constructors: Constructors) -> Arguments:
        """The arguments with which a class that is an argument of another one can be built."""
        mode = fake_mode()
        found = first_that_builds(cls, first, constructors, lambda text: self._built(text, mode))
        return found[2] if found is not None else first

    def _built(self, expression: str, mode: FakeTensorMode) -> nn.Module:
        """The module that the expression builds, on fake tensors, or for real where its constructor reads data."""
        try:
            with fake_constructors(mode, self.birthplaces), self._limited(), _Steps(self._time):
                module = eval(expression, dict(self.names.values))
        except Exception as error:
            if not reads_data(error):
                raise
            with light_initialization(), self._limited(), _Steps(self._time):
                module = eval(expression, dict(self.names.values))
        if self.train is not None:
            module.train(self.train)
        return module

    def _wants_bfloat16(self) -> bool:
        """Whether an operation takes nothing but bfloat16, weights included."""
        said = getattr(self.tried[-1][1], "text", "") if self.tried else ""
        return re.search(r"xpected.*\b(BF16|BFloat16|bfloat16)\b.*float32", said) is not None

    def _as_bfloat16(self, expression: str, mode: FakeTensorMode) -> tuple[str, nn.Module]:
        expression += ".to(torch.bfloat16)"
        return expression, self._built(expression, mode)

    # --- the call

    def _call(
        self, constructor: str, module: nn.Module, mode: FakeTensorMode, sizes: dict[str, int], dtype: str | None = None
    ) -> str | None:
        """The first call that runs, as an expression. With `dtype`, all that is float32 at first is of that one."""
        inputs = Inputs(module, built_with=sizes)
        if has_no_forward(type(module)):
            raise TraceError(Failure("example", "error", NoForward(self.cls.__name__)))
        counter = itertools.count()
        waiting: list[tuple[tuple[int, int, int], Arguments]] = []
        seen: set[str] = set()

        def add(progress: int, cost: int, arguments: Arguments) -> None:
            text = repr(arguments)
            if text not in seen:
                seen.add(text)
                heapq.heappush(waiting, ((-progress, cost, next(counter)), arguments))

        first: Arguments = {}
        for name in inputs.first():
            first[name] = inputs.candidates(name)[0]
        for path, tensor in tensors(first):
            if dtype is not None and tensor.dtype == "float32":
                first = with_tensor(first, path, replace(tensor, dtype=dtype))
        add(0, 0, first)
        lazy = is_lazy(module)
        reading: str | None = None
        self._reads_data = False
        for _ in range(CALLS):
            if not waiting:
                break
            (_, cost, _), arguments = heapq.heappop(waiting)
            if lazy:
                module = self._built(constructor, mode)
            expression = _call_expression(constructor, inputs, arguments)
            error, progress, values = self._run(module, mode, inputs, arguments)
            if error is None:
                return _call_expression(constructor, inputs, self._needed(module, mode, inputs, arguments, first))
            self._note(expression, error)
            if progress >= self.best[0]:
                self.best = (progress, expression, error, inputs)
            if isinstance(error, TimeoutError) or (dtype is None and self._wants_bfloat16()):
                break
            if reads_data(error):
                reading = reading or expression
            if _is_users_own(error):
                raise ForwardError from error
            failed = FailedCall(error, arguments, values, inputs.function)
            # The likeliest first, of all that is waiting: each repair costs by how late its failure names it.
            for index, (distance, other) in enumerate(repairs(failed, inputs)):
                add(progress, cost + index + distance * FURTHER, other)
        self._reads_data = reading is not None
        return reading

    def _needed(
        self, module: nn.Module, mode: FakeTensorMode, inputs: Inputs, arguments: Arguments, first: Arguments
    ) -> Arguments:
        """The arguments without those that were passed on the way and turned out not to be needed."""
        for name in [name for name in arguments if name not in first]:
            fewer = {key: value for key, value in arguments.items() if key != name}
            if self._run(module, mode, inputs, fewer)[0] is None:
                arguments = fewer
        return arguments

    def _run(
        self, module: nn.Module, mode: FakeTensorMode, inputs: Inputs, arguments: Arguments
    ) -> tuple[Exception | None, int, dict[Path, Any]]:
        """The error of a call, how many operations it got through, and the tensors that it was given."""
        error, progress, values = self._run_once(module, mode, inputs, arguments)
        if error is not None and reads_data(error):
            # Checks of values are often left out where something is compiled, and Dynamo comes first in a capture.
            with compiling():
                return self._run_once(module, mode, inputs, arguments)
        return error, progress, values

    def _run_once(
        self, module: nn.Module, mode: FakeTensorMode, inputs: Inputs, arguments: Arguments
    ) -> tuple[Exception | None, int, dict[Path, Any]]:
        positional, named = as_call(inputs.parameters, arguments)
        values: dict[Path, Any] = {}
        steps = _Steps(self._time)
        try:
            with fake_modules(self.birthplaces), mode:
                args = [eval(value.expression, dict(self.names.values)) for value in positional]
                kwargs = {name: eval(value.expression, dict(self.names.values)) for name, value in named.items()}
                passed = {**dict(zip(inputs.parameters, args)), **kwargs}
                for path, _ in tensors(arguments):
                    value = passed[str(path[0])]
                    for step in path[1:]:
                        value = value[step]
                    values[path] = value
                with self._limited(), steps, torch.no_grad():
                    module(*args, **kwargs)
        except Exception as error:
            return error, steps.count, values
        return None, steps.count, values

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """Where user code runs: nothing that lasts, and not for long."""
        left = self._time.left
        if left <= 0:
            raise TookTooLong
        try:
            with guarded(min(left, SECONDS_EACH)):
                yield
        except TookTooLong:
            if self._time.left <= 0:
                raise
            raise TimeoutError(f"takes more than {SECONDS_EACH:g} s") from None

    def _note(self, expression: str, error: BaseException) -> None:
        self.tried.append((expression, problem_of(error)))

    def _failure(self) -> Failure:
        """What was missing, in the user's words, from the attempt that came furthest."""
        _, expression, error, inputs = self.best
        path = inspect.getsourcefile(self.cls) or ""
        if error is None:
            return Failure("example", "timeout", SearchEnded(self.cls.__name__), path)
        failure = failure_of(error, "example", Codebase(path))
        missing = _missing_argument(error, inputs)
        pin = expression if inputs is not None else f"{expression}(…)"
        problem = NothingInferred(len(self.tried), failure.problem, missing)
        return replace(failure, reason="error", problem=problem, advice=CompleteExample(pin))


class _Time:
    """How long may still be searched."""

    def __init__(self) -> None:
        self._computing = time.process_time() + SECONDS
        self._clock = time.monotonic() + SECONDS_IN_ALL

    @property
    def left(self) -> float:
        """Seconds."""
        return min(self._computing - time.process_time(), self._clock - time.monotonic())


class _Steps(TorchDispatchMode):
    """Counts operations: how far a call came. Ends one that takes too long."""

    supports_higher_order_operators = True

    def __init__(self, limit: _Time) -> None:
        super().__init__()
        self.count = 0
        self._limit = limit

    def __torch_dispatch__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        if self.count > OPERATIONS or self._limit.left <= 0:
            raise TookTooLong
        return function(*args, **(kwargs or {}))


def _call_expression(constructor: str, inputs: Inputs, arguments: Arguments) -> str:
    positional, named = as_call(inputs.parameters, arguments)
    parts = [value.expression for value in positional]
    parts += [f"{name}={value.expression}" for name, value in named.items()]
    return f"{constructor}({', '.join(parts)})"


def _is_users_own(error: BaseException) -> bool:
    """Whether a module fails so whatever it is given: a name that does not exist, a method that it leaves open."""
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return True
    if isinstance(error, NotImplementedError):
        return "Module [" in text_of(error) or not text_of(error)
    if not isinstance(error, AttributeError) or not isinstance(getattr(error, "obj", None), nn.Module):
        return False
    frames = FailedCall(error, {}, {}, None).users()
    return any(frame.f_locals.get("self") is error.obj for frame, _ in itertools.islice(frames, 1))


def _sizes(cls: type, arguments: Arguments, names: Names) -> dict[str, int]:
    """The integers that a constructor was given: its own and those of a configuration, defaults included."""
    found = {name: p.default for name, p in parameters_of(cls).items() if type(p.default) is int}
    for name, value in arguments.items():
        if value.expression.isdigit():
            found[name] = int(value.expression)
        elif configs.is_configuration_name(name):
            with contextlib.suppress(Exception):
                parts = vars(eval(value.expression, dict(names.values)))
                found = {key: part for key, part in parts.items() if type(part) is int} | found
    return found


def _missing_argument(error: BaseException, inputs: Inputs | None) -> str | None:
    """The argument that an error is about, if it is about one that was left out."""
    if inputs is None:
        return None
    failed = FailedCall(error, {}, {}, inputs.function)
    for frame, line in failed.users():
        for name in names_at(frame, line):
            if frame.f_locals[name] is None and name in inputs.parameters:
                return name
    return None
