"""The difference between two calling conventions, as facts. Labels of saved values make none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aotlens_tracer.wire.lock_reasons import Numbers

from .folding import split
from .lock import MUTATED, TANGENT, TOP, TRAINED, UNKNOWN, Lock, LockedSlot, LockedTarget

ChangeKind = Literal[
    "target-added",
    "target-removed",
    "not-traced",
    "traced-again",
    "mode",
    "added",
    "removed",
    "type",
    "gradient",
    "gained",
    "lost",
    "order",
    "saved",
    "partitioner",
    "break-added",
    "break-removed",
]
_ALONE, _FIRST = ("output", "output", "output"), ("output", "output", "output[0]")
GRADIENTS = (TRAINED, "no-gradient", "gradient-outside-graph", "frozen", "forward-only", "elsewhere")
"""The facts of which an input has one at most: what becomes of its gradient."""


@dataclass(frozen=True)
class Change:
    """One change of a target.

    `role` is that of the inputs or outputs `names`, or empty. `before` and `after` are the types of `type`, the facts
    of `gradient`, the values of `mode` and `partitioner`, and the stages of failures. `after` alone is the type that is
    `added`, the fact that is `gained` or the reason of a new break; `before` those that are gone. `bytes` are those
    that the modules `names` save more, each; negative for less. `facts` are those of what is `added`.
    """

    kind: ChangeKind
    role: str = ""
    names: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    bytes: int = 0
    side: str = ""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetChange:
    """A target that has changed; `old` or `new` is None if it is not in one of the locks."""

    old: LockedTarget | None
    new: LockedTarget | None
    changes: tuple[Change, ...]
    more: Numbers

    @property
    def target(self) -> LockedTarget:
        """The target as it is now, or as it was if it is no more."""
        target = self.new or self.old
        assert target is not None
        return target


def compare_locks(old: Iterable[LockedTarget], new: Lock) -> list[TargetChange]:
    """The targets that have changed, in the order of their names.

    The order of inputs counts in the export convention, where it is that of the module's own names. In the other one it
    is that of their first use.
    """
    before = {each.name: each for each in old}
    after = {each.name: each for each in new.targets}
    pairs = ((before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys()))
    found = (TargetChange(one, two, tuple(_changes(one, two, new)), _more(one, two)) for one, two in pairs)
    return [each for each in found if each.changes]


def _changes(old: LockedTarget | None, new: LockedTarget | None, lock: Lock) -> Iterator[Change]:
    if old is None or new is None:
        yield Change("target-added" if old is None else "target-removed")
    elif old.failure is not None or new.failure is not None:
        if old.failure is None or new.failure is None:
            kind: ChangeKind = "traced-again" if new.failure is None else "not-traced"
            yield Change(kind, before=old.failure or "", after=new.failure or "")
        elif old.failure != new.failure:
            yield Change("not-traced", before=old.failure, after=new.failure)
    else:
        if old.mode != new.mode:
            yield Change("mode", before=old.mode, after=new.mode)
        yield from _grouped(_of_slots(old.slots, new.slots))
        if lock.convention == "export":
            yield from _orders(old.slots, new.slots)
        yield from _breaks(old, new)
        yield from _saved(old, new)


def _more(old: LockedTarget | None, new: LockedTarget | None) -> Numbers:
    before, after = _numbers(old), _numbers(new)
    is_known = before.saved is not None and after.saved is not None
    return Numbers(
        after.inputs - before.inputs,
        after.outputs - before.outputs,
        after.tangents - before.tangents,
        after.trained - before.trained,
        after.mutated - before.mutated,
        (after.saved or 0) - (before.saved or 0) if is_known else None,
        after.breaks - before.breaks,
    )


def _numbers(target: LockedTarget | None) -> Numbers:
    if target is None or target.failure is not None:
        return Numbers(0, 0, 0, 0, 0, None, 0)
    inputs = [slot for slot in target.slots if slot.side == "input"]
    return Numbers(
        len(inputs),
        len(target.slots) - len(inputs),
        sum(TANGENT in slot.facts for slot in target.slots),
        sum(slot.role == "parameter" and TRAINED in slot.facts for slot in inputs),
        sum(MUTATED in slot.facts for slot in inputs),
        target.saved,
        len(target.breaks),
    )


def _of_slots(old: Sequence[LockedSlot], new: Sequence[LockedSlot]) -> Iterator[Change]:
    """The changes of single inputs and outputs."""
    before, after = {slot.key: slot for slot in old}, {slot.key: slot for slot in new}
    for one, other in ((before, after), (after, before)):
        if _ALONE in one and _FIRST in other and _FIRST not in one:
            one[_FIRST] = replace(one.pop(_ALONE), name=_FIRST[-1])  # a tuple is returned in place of its first value
    for key, slot in before.items():
        if key not in after:
            yield Change("removed", slot.role, (slot.name,), before=slot.type, side=slot.side)
    for key, slot in after.items():
        known = before.get(key)
        if known is None:
            yield Change("added", slot.role, (slot.name,), "", slot.type, 0, slot.side, slot.facts)
        else:
            yield from _of_slot(known, slot)


def _of_slot(one: LockedSlot, slot: LockedSlot) -> Iterator[Change]:
    if one.type != slot.type:
        yield Change("type", slot.role, (slot.name,), one.type, slot.type, side=slot.side)
    was, is_ = _gradient(one), _gradient(slot)
    if was != is_:
        yield Change("gradient", slot.role, (slot.name,), was, is_, side=slot.side)
    for fact in one.facts:
        if fact not in slot.facts and fact not in GRADIENTS:
            yield Change("lost", slot.role, (slot.name,), before=fact, side=slot.side)
    for fact in slot.facts:
        if fact not in one.facts and fact not in GRADIENTS:
            yield Change("gained", slot.role, (slot.name,), after=fact, side=slot.side)


def _grouped(changes: Iterable[Change]) -> Iterator[Change]:
    """One change for all inputs or outputs that change in the same way."""
    groups: dict[Change, list[Change]] = {}
    for change in changes:
        groups.setdefault(replace(change, names=()), []).append(change)
    for first, group in groups.items():
        names = tuple(name for change in group for name in change.names)
        yield replace(first, names=names)


def _gradient(slot: LockedSlot) -> str:
    return next((fact for fact in slot.facts if fact in GRADIENTS), "")


def _orders(old: Sequence[LockedSlot], new: Sequence[LockedSlot]) -> Iterator[Change]:
    """The roles of which what both have is in another order. Numbers in names do not count: a lock folds them."""
    for side, role in dict.fromkeys((slot.side, slot.role) for slot in new):
        was, is_ = (_order(slots, side, role) for slots in (old, new))
        both = was.keys() & is_.keys()
        before, after = ([name for name in names if name in both] for names in (was, is_))
        if before != after:
            first = next(two for one, two in zip(before, after, strict=True) if one != two)
            yield Change("order", role, (is_[first],), side=side)


def _order(slots: Iterable[LockedSlot], side: str, role: str) -> dict[tuple[str, ...], str]:
    """The names of a role without their numbers, in their order, each with the first full name."""
    found: dict[tuple[str, ...], str] = {}
    for slot in slots:
        if (slot.side, slot.role) == (side, role):
            found.setdefault(split(slot.name)[0], slot.name)
    return found


def _breaks(old: LockedTarget, new: LockedTarget) -> Iterator[Change]:
    before, after = Counter(old.breaks), Counter(new.breaks)
    for each in sorted((before - after).elements(), key=repr):
        yield Change("break-removed", names=(each.function,) if each.function else (), before=each.reason)
    for each in sorted((after - before).elements(), key=repr):
        yield Change("break-added", names=(each.function,) if each.function else (), after=each.reason)


def _saved(old: LockedTarget, new: LockedTarget) -> Iterator[Change]:
    """The modules that save more or less, those with the largest difference first."""
    if old.saved is None or new.saved is None:
        return
    if old.by != new.by:
        yield Change("partitioner", before=old.by, after=new.by, bytes=new.saved - old.saved)
        return
    more = _by_module(new)
    more.subtract(_by_module(old))
    if old.saved == new.saved:
        return  # code was moved from one module to another
    groups: dict[tuple[int, str], list[str]] = {}
    for module, size in more.items():
        if size:
            groups.setdefault((size, module if module in (TOP, UNKNOWN) else ""), []).append(module)
    found = [Change("saved", names=tuple(sorted(names)), bytes=size) for (size, _), names in groups.items()]
    yield from sorted(found, key=lambda change: (-abs(change.bytes) * len(change.names), change.names))


def _by_module(target: LockedTarget) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in target.saved_by:
        found[each.module] += each.bytes
    return found
