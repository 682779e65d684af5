"""The second step: build the example, so that it can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ..examples.changed_call import changed_arguments, changed_text, is_changed
from ..examples.evaluate import BuiltExample, build, namespace_of
from ..examples.guards import fence_in_found_code, guarded
from ..examples.inferred.guess import Guess
from ..examples.inferred.siblings import SiblingSearch
from ..examples.inferred.step_search import ItemsSearch, OwnerSearch, StepSearch
from ..examples.ladder import FOUND_SECONDS
from ..examples.last_good_call import FailedCall, NoOtherCall
from ..examples.recorded import NotCalled, record
from ..examples.scripts.build import build_step
from ..examples.scripts.unknown import Unguessed, UnknownInputs, UnknownOwner, with_guess, with_owner
from ..examples.worlds import said_world, world_of
from ..examples.written import constructor_in_words, written
from ..failures import TraceError, failure_of, reads_data
from ..graph.ddp_parameters import ddp_parameters
from ..graph.labels import described_arguments
from ..graph.module_tree import module_tree
from ..graph.state import state_of
from ..loading.definitions import line_of, resolve
from ..loading.importing import import_file
from ..torch_private import fake_mode
from ..wire.class_names import module_of_type
from ..wire.descriptor_map import Example, Failure, Problem
from ..wire.example_options import ExampleOptions
from ..wire.example_texts import MalformedExample, split
from ..wire.json_codec import to_json
from ..wire.problems import NoExample, NoOwnExample
from ..wire.protocol import ExampleSource, Root
from ..wire.training_steps import function_of, is_step
from ..wire.world_options import world_in_text
from .context import Context
from .import_target import Imported, is_to_be_inferred, name_of_step, script
from .progress import place_of
from .without_example import check_it_is_of_the_target, without_example


@dataclass(frozen=True)
class Built:
    """An example, and what can be called of it. `source` has its expression, also if that was inferred.

    `guess` is the result of the search if the example was inferred; None otherwise. `managed` are the names of the
    parameters whose gradients a function of torch's distributes in hooks, each with its name.
    """

    source: ExampleSource
    example: BuiltExample
    guess: Guess | None = None
    managed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """An example to try: its place among those of the request, and the mode to build it in (None: its own).

    `after` is the last good call of the target, which fails now; None if that was not tried, or cannot be the answer.
    """

    source: ExampleSource
    index: int
    train: bool | None
    after: FailedCall | None = None


def is_given(source: ExampleSource) -> bool:
    """Whether somebody gave the example to be run, so that it has all rights; else it was found, and is guarded."""
    return source.origin in ("option", "pinned")


def build_example(context: Context, imported: Imported, candidate: Candidate) -> Built:
    """Build the example, and put into the draft what is known of it and the tree of its modules.

    Raises what the user's code raises, TraceError for an example that is not of the target, NotCalled, SideEffect and
    TookTooLong for one that was found.
    """
    context.cluster.change(world_of(context.params, candidate.source))
    with context.birthplaces.recording(), context.phases.phase("example"):
        return _Build(context, imported, candidate).run()


class _Build:
    """One example on its way to a call."""

    def __init__(self, context: Context, imported: Imported, candidate: Candidate) -> None:
        self._context = context
        self._imported = imported
        self._candidate = candidate
        self._weights: list[Problem] = []

    def run(self) -> Built:
        source = self._candidate.source
        draft = self._context.draft
        known = Example(
            source.origin,
            source=place_of(source),
            candidate=self._candidate.index,
            tried_with=source.tried_with,
            passed=source.passed,
            left_out=source.left_out,
        )
        draft.update(example=known)
        guess = self._infer() if is_to_be_inferred(source) else None
        if guess is not None:
            source = replace(source, expression=guess.expression)
            known = replace(known, rule=guess.rule, tried_with=guess.tried_with, as_for=guess.as_for)
        known = replace(known, expression=source.expression.strip() or None, options=self._options(source))
        draft.update(example=known)
        try:
            if source.step is not None:
                source, example = self._evaluate_step(source)
            else:
                example = self._record(source.root) if source.root is not None else self._evaluate(source)
        except Exception as error:
            if guess is not None and guess.failure is not None:
                raise TraceError(guess.failure) from error
            if guess is not None and guess.is_of_the_class:
                failure = failure_of(error, "example", self._context.codebase, None)
                raise TraceError(failure, is_of_the_class=True) from error
            raise
        if example.step is None:
            check_it_is_of_the_target(self._context, self._imported, example)
        if is_changed(source):
            source, example = self._changed(source, example)
        draft.update(example=self._described(source, example))
        return Built(source, example, guess)

    def _changed(self, source: ExampleSource, example: BuiltExample) -> tuple[ExampleSource, BuiltExample]:
        """Return the example with the arguments that the user wants to be passed, or left out, besides."""
        draft, given = self._context.draft, (self._imported.module, self._context.birthplaces)
        known = draft.map.example
        assert known is not None
        if source.root is not None:
            return source, changed_arguments(source, example, *given)
        changed = changed_text(source, example, *given)
        left = tuple(name for name in known.tried_with if name not in source.left_out + source.passed)
        draft.update(example=replace(known, expression=changed.expression.strip(), tried_with=left))
        return changed, self._evaluate(changed)

    def _options(self, source: ExampleSource) -> ExampleOptions:
        """Return the options of the example; none for a text of the wrong form, which its build reports."""
        world = self._context.cluster.chosen
        try:
            return ExampleOptions(world, split(source.expression).options.sizes if source.step is None else ())
        except MalformedExample:
            return ExampleOptions(world)

    def _described(self, source: ExampleSource, example: BuiltExample) -> Example:
        """Return the description of a built example; puts its modules and parameters into the draft."""
        draft, birthplaces = self._context.draft, self._context.birthplaces
        owner = example.module
        if owner is not None:
            draft.update(
                modules=module_tree(owner, birthplaces),
                ddp_parameters=ddp_parameters(owner, birthplaces),
                state=state_of(owner, birthplaces),
            )
        constructor = example.constructor
        if example.step is not None:
            draft.update(step=example.step.facts)
        elif source.origin in ("recorded", "call-site") and owner is not None:
            constructor = constructor_in_words(owner, namespace_of(source, self._imported.module), birthplaces)
        assert draft.map.example is not None
        return replace(
            draft.map.example,
            constructor=constructor,
            arguments=described_arguments(example.function, example.args, example.kwargs),
            mode=None if owner is None else "train" if owner.training else "eval",
            weights="fake" if example.mode is not None else "real",
            weights_reason=next(iter(self._weights), None),
            pin=self._pin(source, example),
            options=replace(example.options, world=self._context.cluster.world),
        )

    def _pin(self, source: ExampleSource, example: BuiltExample) -> str | None:
        """Return one expression in the target's file that stands for the example; None if there is none."""
        if source.step is not None:
            return None
        if source.root is None and not source.prelude and source.origin != "call-site":
            return source.expression.strip()
        text = written(example, {"torch": torch, **vars(self._imported.module)}, self._context.birthplaces)
        world = said_world(source)
        return f"{text}; {world_in_text(world)}" if text is not None and world is not None else text

    def _infer(self) -> Guess:
        """Return a guessed example: one that runs on fake tensors, if there is any."""
        module, value = self._imported.module, self._imported.value
        if not isinstance(value, type) or module_of_type(value) != module.__name__:
            raise TraceError(without_example(self._context, self._imported))
        train, siblings = self._candidate.train, self._candidate.source.siblings
        search = SiblingSearch(value, module, self._context.birthplaces, train, siblings)
        try:
            guess = search.run()
        finally:
            self._context.draft.add_attempts(*search.attempts)
        after = self._candidate.after
        if after is not None and (guess.is_of_the_class or guess.failure or not after.is_answered_by(guess.expression)):
            raise NoOtherCall(guess.expression)
        return guess

    def _evaluate(self, source: ExampleSource, root: Imported | None = None) -> BuiltExample:
        return evaluate(self._context, root or self._imported, source, self._candidate.train, self._note)

    def _evaluate_step(self, source: ExampleSource, root: Imported | None = None) -> tuple[ExampleSource, BuiltExample]:
        """Return a training step, and its source with guessed values for the inputs that no code shows.

        `root` is the file of a step in whose call the target is recorded. Other examples are evaluated as they are.
        """
        while True:
            try:
                return source, self._evaluate(source, root)
            except UnknownOwner as error:
                source = with_owner(source, error.name, self._owner(root or self._imported))
            except UnknownInputs as error:
                source = self._with_inputs(source, error.unguessed, root or self._imported)

    def _owner(self, imported: Imported) -> str:
        """Return a guessed expression for the object whose method has a step. Raises TraceError if there is none."""
        qualname = imported.step or self._context.params.qualname
        owner: Any = imported.module
        for name in function_of(qualname).split(".")[:-1]:
            owner = getattr(owner, name, None)
        if isinstance(owner, type) and issubclass(owner, torch.nn.Module):
            search = OwnerSearch(owner, imported.module, self._context.birthplaces, None)
            found = search.constructor()
            self._context.draft.add_attempts(*search.attempts)
            if found is not None:
                return found
        path, line = self._context.params.path, self._context.draft.map.target.line
        raise TraceError(Failure("example", "error", NoExample(qualname), path, line))

    def _with_inputs(self, source: ExampleSource, unguessed: Unguessed, imported: Imported) -> ExampleSource:
        """Return the source of a step with guessed values for inputs. Raises why they are not known if none work."""
        kind = ItemsSearch if unguessed.has_items else StepSearch
        search = kind(unguessed.module, unguessed.mode or fake_mode(), imported.module, self._context.birthplaces)
        guess = search.run_with(unguessed.sizes)
        self._context.draft.add_attempts(*search.attempts)
        if guess.failure is not None:
            raise unguessed.error or TraceError(guess.failure)
        return with_guess(source, unguessed, guess.expression)

    def _note(self, reason: Problem) -> None:
        self._weights.append(reason)
        self._context.send({"event": "real", "problem": to_json(reason)})

    # --- recorded in the call of another target

    def _record(self, root: Root) -> BuiltExample:
        """Return the target's first call in the call of another target, built with the best of its own examples."""
        draft = self._context.draft
        imported = self._import_root(root)
        line = line_of(resolve(imported.module, root.path, root.qualname), root.path) if imported.step is None else None
        problem: Exception | None = None
        for source in root.examples:
            if source.definition_line not in (None, line):
                continue
            assert draft.map.example is not None
            draft.update(
                example=replace(
                    draft.map.example,
                    recorded_in=f"{root.path}::{root.qualname}",
                    recorded_origin=source.origin,
                    source=place_of(source),
                )
            )
            try:
                return self._recorded(source, imported)
            except Exception as error:
                if is_given(source):
                    raise
                problem = problem or error
                self._weights.clear()
        raise problem or NotCalled(NoOwnExample(root.qualname))

    def _import_root(self, root: Root) -> Imported:
        """Return the file of a root. That of a training step is not imported, except if it is the target's own.

        Another file is found code from its first line on, unless it has an example that was given.
        """
        params = self._context.params
        if not is_step(root.qualname):
            if root.path != params.path and not any(map(is_given, root.examples)):
                fence_in_found_code()
            return Imported(import_file(root.path, params.import_roots), None)
        if root.path == params.path:
            return Imported(self._imported.module, None, root.qualname)
        return Imported(script(root.path, params.import_roots), None, root.qualname)

    def _recorded(self, source: ExampleSource, root: Imported) -> BuiltExample:
        """Return the target's first call in the call of a root; a root whose call needs data is built for real."""
        train, wanted = self._candidate.train, self._imported.value
        source, built = self._evaluate_step(source, root)
        try:
            with guarded(FOUND_SECONDS):
                return record(built, wanted)
        except NotCalled as error:
            if built.mode is None or error.__cause__ is None or not reads_data(error.__cause__):
                raise
            needs_data = error.__cause__
        built = evaluate(self._context, root, source, train, self._note, needs_data)
        with guarded(FOUND_SECONDS):
            return record(built, wanted)


def evaluate(
    context: Context,
    imported: Imported,
    source: ExampleSource,
    train: bool | None,
    note: Callable[[Problem], None],
    needs_data: BaseException | None = None,
) -> BuiltExample:
    """Build what an example's expression says, guarded if nobody gave it to be run here."""
    context.cluster.begin_build()
    if is_given(source):
        return _evaluate(context, imported, source, train, note, needs_data)
    with guarded(FOUND_SECONDS):
        return _evaluate(context, imported, source, train, note, needs_data)


def _evaluate(
    context: Context,
    imported: Imported,
    source: ExampleSource,
    train: bool | None,
    note: Callable[[Problem], None],
    needs_data: BaseException | None,
) -> BuiltExample:
    module, birthplaces = imported.module, context.birthplaces
    if source.step is not None:
        name = name_of_step(imported.step or context.params.qualname)
        return build_step(source, module, birthplaces, name, train, needs_data)
    return build(source, module, birthplaces, train, note, needs_data, context.cluster.mesh)
