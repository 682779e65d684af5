"""Training scripts: the lens above a backward pass, actions on its line, and why a script is silent."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from aotlens.explain.render.markdown import markdown
from aotlens.features.fixes.code_actions import code_actions
from aotlens.features.fixes.pin_template import template
from aotlens.features.hover.hover import hover
from aotlens.features.lens import places, text
from aotlens.features.value_hints import code_around
from aotlens.model.index import index_of
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span
from aotlens_tracer.wire.training_steps import Optimizer, OptimizerGroup
from unit.features.world import TRAIN, beside, find, state_of, world

METHOD = """class Lit(Base):
    def training_step(self, batch):
        loss = self.net(batch).sum()
        loss.backward()
"""


def test_the_lens_of_a_step_stands_above_its_backward_pass() -> None:
    snapshot = world("script")
    source = snapshot.documents[str(TRAIN)]
    (place,) = (each for each in places(snapshot, source) if "@" in each.key.qualname)
    assert source.line(place.line).strip() == "loss.backward()"
    shown = text(snapshot, place.key, place.kind)
    assert "2 gradients missing" in shown.title
    assert shown.command == "aotlens.showMap"


def test_a_guessed_batch_is_named_in_the_lens_and_in_the_hover() -> None:
    state = state_of("script")
    assert state.map is not None and state.map.step is not None
    state = replace(state, map=replace(state.map, step=replace(state.map.step, guessed=("x", "y"))))
    snapshot = Snapshot(world("script").documents, MappingProxyType({state.key: state}))
    assert "batch guessed" in text(snapshot, state.key, "target").title
    source = snapshot.documents[str(TRAIN)]
    found = hover(snapshot, source, *find(source, "loss.back$0ward()"))
    assert found is not None
    assert "`x`, `y` are guessed" in markdown(found.blocks)


def test_the_graphs_of_a_step_are_offered_on_the_line_of_its_backward_pass() -> None:
    snapshot = world("script")
    source = snapshot.documents[str(TRAIN)]
    line, _ = find(source, "loss.back$0ward()")
    titles = [action.title for action in code_actions(snapshot, source, Span(str(TRAIN), line, 1))]
    assert any("main@loss" in title and "backward" in title for title in titles)


def test_a_step_that_was_not_traced_says_so_at_the_place() -> None:
    known = world("script")
    state = TargetState(TargetKey(str(TRAIN), "main@loss"), "waiting")
    snapshot = Snapshot(known.documents, MappingProxyType({state.key: state}))
    source = snapshot.documents[str(TRAIN)]
    for marked in ("logits = mo$0del(x)", "loss.back$0ward()", "optimizer.st$0ep()"):
        found = hover(snapshot, source, *find(source, marked))
        assert found is not None
        assert "waiting to be traced" in markdown(found.blocks)


def test_a_parameter_that_only_another_optimizer_has_misses_no_gradient() -> None:
    state = state_of("script")
    assert state.map is not None and state.map.step is not None
    other = Optimizer("other", "SGD", (OptimizerGroup((), ("model.spare.weight", "model.spare.bias")),), None, False)
    (first,) = state.map.step.optimizers
    kept = tuple(
        replace(each, parameters=tuple(p for p in each.parameters if "spare" not in p)) for each in first.groups
    )
    step = replace(state.map.step, optimizers=(replace(first, groups=kept), other))
    index = index_of(replace(state.map, step=step))
    kinds = {entry.slot.label: index.gradient(entry) for entry in index.entries}
    assert getattr(kinds["model.spare.weight"], "because", None) == "elsewhere"


def test_a_class_without_forward_has_the_lens_of_the_step_in_its_method() -> None:
    step = TargetState(TargetKey(str(TRAIN.parent.parent / "script.py"), "Lit.training_step@loss"), "waiting")
    snapshot, _ = beside(METHOD, step)
    shown = text(snapshot, TargetKey(step.key.path, "Lit"), "contained")
    assert shown.title == "training_step@loss: waiting to be traced"
    assert shown.command == "aotlens.traceNow"


def test_values_are_hinted_in_the_loop_of_a_step_at_module_level() -> None:
    loop = "model = Net()\nfor x in loader:\n    loss = model(x)\n    loss.backward()\nprint()\n"
    _, source = beside(loop)
    found = code_around(source, 3)
    assert found is not None
    assert (found.start_line, found.end_line) == (2, 4)
    assert code_around(source, 1) is None
    assert code_around(source, 5) is None


FIT = """def main():
    model = LitNet()
    trainer = Trainer()
    trainer.fit(model, loader)
"""


def test_a_call_that_lets_a_framework_train_has_the_lens_of_its_step_or_says_why_not() -> None:
    source = Document("file:///project/fit.py", "/project/fit.py", 1, FIT, "python")
    known = MappingProxyType({source.path: source})
    line, column = find(source, "trainer.f$0it(")
    alone = hover(Snapshot(known, MappingProxyType({})), source, line, column)
    assert alone is not None and "runs `LitNet.training_step`, which is in no file" in markdown(alone.blocks)
    state = TargetState(TargetKey("/project/lit.py", "LitNet.training_step@loss"), "waiting")
    other = TargetState(TargetKey("/other/lit.py", "LitNet.training_step@loss"), "waiting")
    snapshot = Snapshot(known, MappingProxyType({each.key: each for each in (other, state)}))
    (place,) = places(snapshot, source)
    assert (place.line, place.key) == (line, state.key)
    assert text(snapshot, place.key, place.kind).title == "LitNet.training_step@loss: waiting to be traced"
    shown = hover(snapshot, source, line, column)
    assert shown is not None and "waiting to be traced" in markdown(shown.blocks)


def test_a_branch_that_is_not_taken_is_named_in_the_lens_and_in_the_hover() -> None:
    state = state_of("script")
    assert state.map is not None and state.map.step is not None
    state = replace(state, map=replace(state.map, step=replace(state.map.step, not_taken=("use_amp",))))
    snapshot = Snapshot(world("script").documents, MappingProxyType({state.key: state}))
    assert "branch not taken" in text(snapshot, state.key, "target").title
    source = snapshot.documents[str(TRAIN)]
    found = hover(snapshot, source, *find(source, "loss.back$0ward()"))
    assert found is not None
    assert "`use_amp` is False in the script as it is: a run of it does not come here" in markdown(found.blocks)


AGENT = """from torch import nn

class Agent:
    def __init__(self):
        self.net = nn.Linear(8, 4)

    def reset(self):
        self.steps = list()

    def act(self, x):
        return self.net(x)
"""


def test_a_plain_class_whose_methods_call_modules_says_what_can_be_traced() -> None:
    source = Document("file:///project/agent.py", "/project/agent.py", 1, AGENT, "python")
    snapshot = Snapshot(MappingProxyType({source.path: source}), MappingProxyType({}))
    (place,) = places(snapshot, source)
    shown = text(snapshot, place.key, place.kind)
    assert (place.line, shown.title) == (3, "no forward: write an example to trace Agent.act")
    assert (shown.command, shown.arguments) == ("aotlens.pinExample", ("/project/agent.py::Agent.act",))
    key = TargetKey(source.path, "Agent.act")
    pinned = Snapshot(snapshot.documents, MappingProxyType({key: TargetState(key)}))
    assert [each.kind for each in places(pinned, source)] == ["target"]
    (act,) = (each for each in source.definitions if each.qualname == "Agent.act")
    assert template(source, act) == "Agent().act(x=torch.randn(...))"
