"""The two training steps in eager in words: their time, or why nothing is known of them."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.problems import Problem

from .failures import brief


def seconds_in_words(map: DescriptorMap) -> str:
    """The time of a trace, and the part of it in eager: `0.3s`, `0.3s (eager 0.02s)`."""
    seconds = map.seconds
    in_eager = f" (eager {seconds.eager:.2f}s)" if seconds.eager and map.eager_run is not None else ""
    return f"{seconds.total:.1f}s{in_eager}"


def not_compared_in_words(map: DescriptorMap) -> str | None:
    """The reason why the graph was not compared with eager; None if it was, or if nobody wants that."""
    problem = map.eager_run.problem if map.eager_run is not None else None
    return not_compared(problem) if problem is not None else None


def not_compared(problem: Problem) -> str:
    """Such a reason: `not compared with eager: still running after the time limit of 5 s`."""
    return f"not compared with eager: {brief(problem)}"
