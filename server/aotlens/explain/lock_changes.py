"""The difference between two calling conventions, in words."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.lock import MUTATED, TANGENT, TOP, TRAINED, UNKNOWN
from aotlens.model.lock_diff import Change, TargetChange
from aotlens_tracer.wire.lock_reasons import Numbers
from aotlens_tracer.wire.places import Span

from .blocks import NOTHING, Block, Cell, Code, Column, Facts, Note, Table, line, sentence, strong
from .brief import folded
from .phrases import place_name, plural
from .shapes import bytes_in_words

_GRADIENTS = {
    TRAINED: "a gradient now",
    "no-gradient": "a gradient is required now, and there is none",
    "gradient-outside-graph": "a gradient outside of the graph now",
    "frozen": "frozen now",
    "forward-only": "no backward pass any more",
    "elsewhere": "trained by another step now",
    "": "no gradient is wanted any more",
}
_WITH = {
    TRAINED: "with a gradient",
    "no-gradient": "without a gradient",
    "gradient-outside-graph": "with a gradient outside of the graph",
    "frozen": "frozen",
    "forward-only": "without a backward pass",
    "elsewhere": "trained by another step",
    MUTATED: "changed in place",
    TANGENT: "with a tangent",
}
NO_DIFFERENCE = "as locked"
"""Said where a difference was shown that is gone."""
_OWN = {TOP: "its own code", UNKNOWN: "code of which torch does not tell the module"}
_NOUNS = (
    ("inputs", "input", "inputs"),
    ("outputs", "output", "outputs"),
    ("tangents", "tangent", "tangents"),
    ("trained", "trained parameter", "trained parameters"),
    ("mutated", "mutation", "mutations"),
    ("breaks", "graph break", "graph breaks"),
)


def summary_of(change: TargetChange) -> str:
    """`+1 tangent, −2 trained parameters, +96.0 MiB saved, +1 graph break`; else what else has changed."""
    if change.old is None or change.new is None or not _is_traced(change):
        return change_in_words(change.changes[0])
    return numbers_in_words(change.more, len(change.changes))


def numbers_in_words(more: Numbers, changes: int) -> str:
    """The differences of a target's numbers; if there are none, the number of its changes."""
    return _numbers(more) or ("1 change" if changes == 1 else f"{changes} changes")


def change_in_words(change: Change) -> str:
    """One change as a phrase: `parameter blocks.{0..5}.gate: no gradient any more`."""
    names = folded(change.names) if change.names else ""
    kind, before, after = change.kind, change.before, change.after
    if kind == "target-added":
        return "new target"
    if kind == "target-removed":
        return "no target any more"
    if kind == "traced-again":
        return f"it can be traced now (before, it failed: {before})"
    if kind == "not-traced":
        return f"it cannot be traced: {after} fails" + (f" (before, {before} failed)" if before else "")
    if kind == "mode":
        return f"traced in mode {after or 'none'}, before {before or 'none'}"
    if kind == "partitioner":
        return f"saved values are chosen by {after}, before by {before}: {_more(change.bytes)} saved"
    if kind == "saved":
        each = "each of " if len(change.names) > 1 else ""
        return f"{_more(change.bytes)} saved by {each}{_OWN.get(names, names)}"
    if kind == "break-added":
        return f"new graph break{f' in {names}' if names else ''}: {after}"
    if kind == "break-removed":
        return f"a graph break{f' in {names}' if names else ''} is gone: {before}"
    if kind == "order":
        return f"{change.role}s: another order, from {names} on"
    role = "" if change.role == "output" else f"{plural(change.role, len(change.names))} "
    return f"{role}{names}: {_of_slot(change)}"


def since_in_brief(change: TargetChange, lock: str) -> str:
    """The difference in one line, as a lens has it."""
    return f"{summary_of(change)} since {lock}"


def difference_in_blocks(
    change: TargetChange, places: Sequence[Span | None], lock: str, torch: tuple[str, str]
) -> list[Block]:
    """The whole difference: a row for each change, with its place, and what else may be the cause.

    `torch` are the versions that traced before and now.
    """
    rows = tuple(
        (Cell(change_in_words(each)), Cell(place_name(place) if place is not None else NOTHING, to=place))
        for each, place in zip(change.changes, places, strict=True)
    )
    notes = [note for note in (note_on_example(change), note_on_torch(*torch)) if note is not None]
    return [
        Facts((line(strong(Code(change.target.qualname))), line(since_in_brief(change, lock)))),
        Table("", "", (Column("change", "prose"), Column("at", "place")), rows),
        *(Note(line(note)) for note in notes),
        Note(sentence("`aotlens lock` accepts what is meant.")),
    ]


def note_on_example(change: TargetChange) -> str | None:
    """A sentence if another call was traced than before, which may be why; else None."""
    if change.old is None or change.new is None or change.old.example == change.new.example:
        return None
    if not (change.old.example and change.new.example):
        return None
    return f"another example was traced: {change.new.example}, before {change.old.example}"


def note_on_torch(before: str, after: str) -> str | None:
    """A sentence if another torch traced than before, which may decide otherwise; else None."""
    if before == after or "unknown" in (before, after):
        return None
    return f"torch {after} traced, before {before}: another torch may save other values"


def _of_slot(change: Change) -> str:
    kind, before, after = change.kind, change.before, change.after
    if kind == "added":
        return ", ".join(["new", after, *(_with(fact) for fact in change.facts)])
    if kind == "removed":
        return f"gone, {before}"
    if kind == "type":
        return f"{after}, before {before}"
    if kind == "gradient":
        is_lost = (before, after) == (TRAINED, "no-gradient")
        return "no gradient any more" if is_lost else _GRADIENTS.get(after, after)
    return _fact(after, is_gained=True) if kind == "gained" else _fact(before, is_gained=False)


def _fact(fact: str, *, is_gained: bool) -> str:
    name, _, of = fact.partition(" ")
    if fact == TANGENT:
        return "a tangent now" if is_gained else "no tangent any more"
    text = {MUTATED: "changed in place", "tied-to": f"tied to {of}", "stands-for": f"in place of {of}"}.get(name, fact)
    return f"{text} now" if is_gained else f"no longer {text}"


def _with(fact: str) -> str:
    name, _, of = fact.partition(" ")
    return {"tied-to": f"tied to {of}", "stands-for": f"in place of {of}"}.get(name) or _WITH.get(fact, fact)


def _is_traced(change: TargetChange) -> bool:
    return all(each is not None and each.failure is None for each in (change.old, change.new))


def _numbers(more: Numbers) -> str:
    parts = []
    for name, one, several in _NOUNS:
        if name == "breaks" and more.saved:
            parts.append(f"{_more(more.saved)} saved")
        number: int = getattr(more, name)
        if number:
            parts.append(f"{_sign(number)}{abs(number)} {one if abs(number) == 1 else several}")
    return ", ".join(parts)


def _more(size: int) -> str:
    return f"{_sign(size)}{bytes_in_words(abs(size))}"


def _sign(number: int) -> str:
    return "+" if number >= 0 else "−"
