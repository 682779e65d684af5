"""State that is kept for the next call carries the graph of this one."""

from __future__ import annotations

import re

from aotlens.explain.brief import listed
from aotlens_tracer.wire.findings import Finding, GraphKept, Subject

from .about import About
from .kind import Kind

_ITEM = re.compile(r"\[\d+\]$")


def words(about: About) -> str:
    """`self.hidden is kept with the graph that made it, and the next call uses it: …`."""
    reason = about.first.reason
    assert isinstance(reason, GraphKept)
    names = _names(about)
    kept = f"{names} {about.form('is', 'are')} kept with the graph"
    they = about.form("it", "them")
    if reason.effect == "grows":
        return f"{kept} of each call, so memory grows with every call: detach {they}, or clear what is kept"
    if reason.by == "constructor":
        start = f"{names} {about.form('has', 'have')} a graph from the constructor, and each call uses {they}"
        advice = f"compute {they} in forward, or detach {they}"
    else:
        start = f"{kept} of this call, and the next call uses {they}"
        advice = f"detach {they} for the next call, or compute {they} anew"
    if reason.effect == "goes-back" and reason.by == "constructor":
        computed = about.form("it is", "they are")
        return f"{start}: {computed} not computed anew when the optimizer changes the parameters; {advice}"
    if reason.effect == "goes-back":
        return f"{start}: its backward goes back through all earlier calls, whose memory is kept; {advice}"
    return f"{start}: the second backward fails, because it goes through that graph a second time; {advice}"


def _names(about: About) -> str:
    """The names in full if they are few: `self.state[0] and self.state[1]`."""
    names = [finding.subjects[0].name for finding in about.findings]
    if about.first.reason == GraphKept("grows"):  # it is the list that grows
        names = [_ITEM.sub("", name) for name in names]
    names = list(dict.fromkeys(names))
    if len(names) > 3:
        return about.names
    return listed(names) + (f" of {about.model}" if about.model is not None else "")


KIND = Kind(
    code="graph-kept-across-calls",
    severity="warning",
    words=words,
    paragraph=(
        "A tensor that the call keeps (on a module or another object, in a list or dict, a global or a closure) "
        "carries the graph of the call, and that matters later: the next call uses it, so that the second `backward` "
        'fails ("Trying to backward through the graph a second time") or goes back through all earlier calls; or more '
        "of them are kept with each call, so that memory grows. The finding is at the statement that keeps the tensor. "
        "Its quick fix adds `.detach()`, unless this call's own gradients would change. A kept tensor that each call "
        "replaces, such as an auxiliary loss, is no finding."
    ),
    example=Finding(
        "graph-kept-across-calls",
        "model.py",
        31,
        subjects=(Subject("state", "self.hidden"),),
        reason=GraphKept("fails"),
    ),
)
