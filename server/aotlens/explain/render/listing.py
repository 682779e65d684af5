"""The code of functions with the values of their lines beside it, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.phrases import plural
from aotlens.explain.values import instances

from .paper import Paper
from .plain import inline

_WIDEST = 84
"""So wide may code be for the values beside it to begin in the same column."""


def print_function(
    paper: Paper, where: str, qualname: str, modules: Sequence[str], sizes: Sequence[tuple[str, int]]
) -> None:
    """Print the head of a function: its place, its name, the modules that it ran in, and the sizes that have names."""
    ran_in = f"  in {inline(instances(modules))}" if any(modules) else ""
    count = f", {len(modules)} instances" if len(modules) > 1 else ""
    paper.line()
    paper.block((qualname, "bold"), (f"  {where}", "dim"), (ran_in + count, ""), hang=2)
    if sizes:
        paper.block((", ".join(f"{name} = {size}" for name, size in sizes), "cyan"), indent=2, hang=2)


def print_code(paper: Paper, lines: Sequence[tuple[int, str, str, Sequence[str]]]) -> None:
    """Print lines of code: the number, the code, its values in brief, and values in full below it."""
    digits = max(len(str(number)) for number, *_ in lines)
    annotated = [len(code) for _, code, label, _ in lines if label and len(code) <= _WIDEST]
    width = max(annotated, default=0)
    for number, code, label, more in lines:
        beside = (f"{' ' * (max(width - len(code), 0) + 2)}", ""), (f"# {label}", "cyan")
        paper.unbroken((f"{number:>{digits}}  ", "dim"), (code, ""), *(beside if label else ()))
        indent = digits + 2 + width + 2
        for text in more:
            paper.block((f"#   {text}", "dim"), indent=min(indent, paper.width // 2), hang=4)


def print_rest(paper: Paper, left_out: int) -> None:
    """Print how many functions of other files are not listed."""
    if left_out:
        paper.line()
        noun = plural("function", left_out)
        paper.block((f"{left_out} {noun} of installed packages also ran: --full lists them.", "dim"))


def print_nothing(paper: Paper) -> None:
    """Print that no function ran that could be recorded."""
    paper.line()
    paper.block(("No values were recorded: the call was not reached.", "dim"))
