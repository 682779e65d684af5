"""The fix for a graph that is kept for the next call: what it writes for each way to keep a tensor."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from aotlens.features.fixes.detach_kept import detach_kept
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.findings import Finding, GraphKept, Subject
from aotlens_tracer.wire.places import Span

PATH = "/net.py"
HEAD = "class Net(nn.Module):\n    def forward(self, x):"
CASES = [
    ("self.hidden = h", ["self.hidden"], "self.hidden = h.detach()"),
    ("self.mean = 0.9 * self.mean + m", ["self.mean"], "self.mean = (0.9 * self.mean + m).detach()"),
    ("self.total += loss", ["self.total"], "self.total += loss.detach()"),
    ("last = y", ["last"], "last = y.detach()"),
    (
        "y, self.hidden = self.rnn(x, self.hidden)",
        ["self.hidden"],
        "y, self.hidden = self.rnn(x, self.hidden)\n        self.hidden = self.hidden.detach()",
    ),
    (
        "y, self.state = self.lstm(x, self.state)",
        ["self.state[0]", "self.state[1]"],
        "y, self.state = self.lstm(x, self.state)\n        self.state = tuple(each.detach() for each in self.state)",
    ),
    ("self.state = (h, f(c))", ["self.state[1]"], "self.state = (h, f(c).detach())"),
    ('self.kv = {"k": k, "v": v}', ["self.kv['k']", "self.kv['v']"], 'self.kv = {"k": k.detach(), "v": v.detach()}'),
    ('STATS["norm"] = y.norm()', ["STATS['norm']"], 'STATS["norm"] = y.norm().detach()'),
    ("self.losses.append(loss)", ["self.losses[0]"], "self.losses.append(loss.detach())"),
    ("self.losses.append((a, b))", ["self.losses[0][0]"], "self.losses.append((a.detach(), b.detach()))"),
    ("self.losses = self.losses + [a - b]", ["self.losses[0]"], "self.losses = self.losses + [(a - b).detach()]"),
    ("self.losses += [loss]", ["self.losses[0]"], "self.losses += [loss.detach()]"),
    ("self.mean.mul_(0.9).add_(0.1 * m)", ["self.mean"], "self.mean.mul_(0.9).add_((0.1 * m).detach())"),
    ("self.queue[:2] = key", ["self.queue"], "self.queue[:2] = key.detach()"),
    ('self.register_buffer("table", t.sin())', ["self.table"], 'self.register_buffer("table", t.sin().detach())'),
    ("self.a = self.b = y", ["self.a"], "self.a = self.b = y\n        self.a = self.a.detach()"),
    (
        "self.state = self.lstm(x)[1]",
        ["self.state[0]"],
        "self.state = self.lstm(x)[1]\n        self.state = tuple(each.detach() for each in self.state)",
    ),
    ("return self.lin(x) + table(x)", ["table(…)"], None),
    ("STATS.update(norm=y.norm())", ["STATS['norm']"], None),
]
READ_LATER = [
    ("self.mean = 0.9 * self.mean + m", ["self.mean"], "self.mean = 0.9 * self.mean.detach() + m", "return self.mean"),
    ("self.cached = self.freq.cos()", ["self.cached"], None, "return x * self.cached"),
    ("self.keys.append(k)", ["self.keys[0]"], None, "return torch.cat(self.keys)"),
    ("self.total += loss", ["self.total"], None, "return self.total"),
    ("self.mean.add_(m)", ["self.mean"], "self.mean.detach_()\n        self.mean.add_(m)", "return x - self.mean"),
    ("self.hidden = h", ["self.hidden"], "self.hidden = h.detach()", "return h"),
    ("self.mem = 0.9 * self.mem + y", ["self.mem"], None, "y = y + self.mem", "return self.mem"),
    ("self.queue[0] = k", ["self.queue"], None, "return x @ self.queue"),
]
"""The same, with a statement that follows, or with one before and one after."""


def fixed(
    statement: str, names: list[str], effect: str = "fails", before: str = "pass", after: str = "pass"
) -> tuple[str, bool] | None:
    """The statement after the fix, and whether the fix is preferred; None if there is no fix."""
    document = Document("file:///net.py", PATH, 1, "\n        ".join((HEAD, before, statement, after)) + "\n")
    reason = GraphKept(effect)  # type: ignore[arg-type]  # one of the effects
    findings = tuple(Finding("graph-kept-across-calls", PATH, 4, 9, (Subject("state", n),), reason) for n in names)
    map = DescriptorMap(Target(PATH, "Net", 1), "traced", "export", findings=findings)
    state = TargetState(TargetKey(PATH, "Net"), "traced", map, MappingProxyType({PATH: 1}))
    snapshot = Snapshot(MappingProxyType({PATH: document}), MappingProxyType({state.key: state}))
    actions = list(detach_kept(snapshot, document, Span(PATH, 4, 12)))
    if not actions:
        return None
    (action,) = actions
    line = document.lines[3]
    assert (action.fixes, action.line, action.kind) == ("graph-kept-across-calls", 4, "quickfix")
    for edit in reversed(action.edits):
        assert edit.span.line == edit.span.end_line == 4
        assert edit.span.column is not None and edit.span.end_column is not None
        line = line[: edit.span.column - 1] + edit.text + line[edit.span.end_column - 1 :]
    return line.strip(), action.preferred


@pytest.mark.parametrize(("statement", "names", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_what_is_kept_is_detached(statement: str, names: list[str], wanted: str | None) -> None:
    found = fixed(statement, names)
    assert (found[0] if found is not None else None) == wanted


@pytest.mark.parametrize("case", READ_LATER, ids=[f"{case[0]}; {case[-1]}" for case in READ_LATER])
def test_what_the_call_itself_reads_later_keeps_its_graph(case: tuple[str, list[str], str | None, str]) -> None:
    statement, names, wanted, *around = case
    before, after = ("pass", *around)[-2:]
    found = fixed(statement, names, before=before, after=after)
    assert (found[0] if found is not None else None) == wanted


def test_nothing_is_detached_in_a_loop_that_reads_it() -> None:
    assert fixed("self.mem = self.mem + x", ["self.mem"], before="pass\n        for x in xs:\n    ") is None


def test_a_list_that_grows_may_be_wanted_with_its_graphs() -> None:
    assert fixed("LOSSES.append(loss)", ["LOSSES[0]"], "grows") == ("LOSSES.append(loss.detach())", False)
    assert fixed("self.hidden = h", ["self.hidden"]) == ("self.hidden = h.detach()", True)
