"""The last step: two training steps in eager, as a witness of what the graph says about gradients."""

from __future__ import annotations

from ..eager.training_steps import two_steps
from ..examples.evaluate import BuiltExample
from ..examples.guards import guarded
from ..examples.ladder import FOUND_SECONDS
from ..failures import problem_of
from ..findings.of_kept_state import with_kept_state
from ..wire.eager_run import EagerRun
from .build_example import Built, evaluate, is_given
from .context import Context
from .import_target import Imported


def run_two_steps(context: Context, imported: Imported, built: Built, train: bool | None) -> None:
    """Make two training steps with a fresh example, and put the run into the draft.

    A recorded example cannot be evaluated again without its root: the tensors of the capture are used.
    """
    with context.phases.phase("eager"):
        run = _run(context, imported, built, train)
    draft = context.draft
    findings = with_kept_state(draft.map.findings, run, draft.map.target, draft.map.graphs)
    draft.update(eager_run=run, findings=findings)


def _run(context: Context, imported: Imported, built: Built, train: bool | None) -> EagerRun:
    try:
        if is_given(built.source):
            return _fresh_run(context, imported, built, train)
        with guarded(FOUND_SECONDS):
            return _fresh_run(context, imported, built, train)
    except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
        return EagerRun("fake" if built.example.mode is not None else "real", 0.0, problem=problem_of(error))


def _fresh_run(context: Context, imported: Imported, built: Built, train: bool | None) -> EagerRun:
    def fresh() -> BuiltExample:
        return evaluate(context, imported, built.source, train, lambda _: None)

    if built.source.root is not None:
        return two_steps(built.example, context.codebase)
    return two_steps(fresh(), context.codebase, fresh)
