"""Each repair rule proposes what the small failing module beside its name in tests/corpus/repairs states."""

from __future__ import annotations

import importlib.util
import itertools
import re
import types
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from aotlens_tracer.examples.inferred.attempts import Runner, Target
from aotlens_tracer.examples.inferred.budget import Budget
from aotlens_tracer.examples.inferred.building.construction import Construction
from aotlens_tracer.examples.inferred.building.constructors import Constructors
from aotlens_tracer.examples.inferred.calling.inputs import Inputs
from aotlens_tracer.examples.inferred.fault.experiment import Called
from aotlens_tracer.examples.inferred.namespace import Names
from aotlens_tracer.examples.inferred.repairs import registry
from aotlens_tracer.examples.inferred.repairs.failed_attempt import FailedAttempt
from aotlens_tracer.examples.inferred.repairs.rule import STRICT, Rule, RuleError, proposals
from aotlens_tracer.examples.inferred.tables.errors import MESSAGES, facts_of
from aotlens_tracer.examples.inferred.values import Arguments, Tensor, call
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.torch_private import fake_mode

FOLDER = Path(__file__).parent.parent / "corpus" / "repairs"
SOURCES = Path(registry.__file__).parent
RULES = {"calls": registry.CALLS, "constructors": registry.CONSTRUCTORS, "rebuilding": registry.REBUILDING}
CASES = [pytest.param(kind, rule, id=f"{kind}-{rule.name}") for kind, rules in RULES.items() for rule in rules]


def file_of(rule: Rule[Any]) -> str:
    return rule.propose.__module__.rpartition(".")[2]


def load(kind: str, rule: Rule[Any]) -> types.ModuleType:
    """The failing module of a rule.

    For a call, `BUILT` is the expression that builds the module. `GIVEN` has the arguments that fail. `PROPOSES` has
    calls that the rule proposes instead, in their order.
    """
    path = FOLDER / kind / f"{file_of(rule)}.py"
    assert path.is_file(), f"{rule.name} needs an example of what it proposes: {path}"
    spec = importlib.util.spec_from_file_location(f"repairs_{kind}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def runner_in(module: types.ModuleType) -> Runner:
    return Runner(Names(module).values, Birthplaces(), Budget(), None)


def proposed_calls(module: types.ModuleType, rule: Rule[Inputs]) -> list[str]:
    runner, mode = runner_in(module), fake_mode()
    target = Target(module.BUILT, runner.build(module.BUILT, mode), mode)
    inputs = Inputs(target.module)
    outcome = runner.call(target, inputs, module.GIVEN)
    assert outcome.error is not None
    failed = Called(target, inputs, module.GIVEN, outcome).failed()
    return [target.call(inputs, found) for found in rule.propose(failed, inputs)]


def proposed_constructors(module: types.ModuleType, rule: Rule[Construction]) -> list[str]:
    given: Arguments = module.GIVEN
    with pytest.raises(Exception) as raised:
        runner_in(module).build(call("Net", given), fake_mode())
    construction = Construction(module.Net, Constructors(Names(module)))
    failed = FailedAttempt(raised.value, given, function=module.Net.__init__)
    return [call("Net", found) for found in rule.propose(failed, construction)]


def proposed_rebuilding(module: types.ModuleType, rule: Rule[Construction]) -> list[str]:
    runner, mode = runner_in(module), fake_mode()
    built = call("Net", module.BUILT_WITH)
    target = Target(built, runner.build(built, mode), mode)
    inputs = Inputs(target.module)
    failed = Called(target, inputs, module.GIVEN, runner.call(target, inputs, module.GIVEN)).failed(module.BUILT_WITH)
    construction = Construction(module.Net, Constructors(Names(module)))
    return [call("Net", found) for found in rule.propose(failed, construction)]


PROPOSED = {"calls": proposed_calls, "constructors": proposed_constructors, "rebuilding": proposed_rebuilding}


@pytest.mark.parametrize(("kind", "rule"), CASES)
def test_a_rule_proposes_what_its_example_states(kind: str, rule: Rule[Any]) -> None:
    module = load(kind, rule)
    found = PROPOSED[kind](module, rule)
    assert module.PROPOSES
    assert [expression for expression in dict.fromkeys(found) if expression in module.PROPOSES] == module.PROPOSES


def test_every_rule_is_registered_under_a_name_of_its_own() -> None:
    for kind, rules in RULES.items():
        files = {path.stem for path in (SOURCES / kind).glob("*.py") if "RULE = Rule(" in path.read_text()}
        assert files == {file_of(rule) for rule in rules}
    names = [rule.name for rule in itertools.chain(*RULES.values())]
    assert len(names) == len(set(names))


def test_every_example_belongs_to_a_rule() -> None:
    for kind, rules in RULES.items():
        assert {path.stem for path in (FOLDER / kind).glob("*.py")} == {file_of(rule) for rule in rules}


class Net(nn.Module):
    def forward(self, x: Any) -> Any:
        return x


def failing() -> Rule[Inputs]:
    def propose(failed: FailedAttempt, inputs: Inputs) -> Any:
        yield {"x": Tensor((3,))}
        raise KeyError("oh")

    return Rule("raises", "nothing", propose)


def test_an_exception_in_a_rule_is_an_error_under_test() -> None:
    with pytest.raises(RuleError, match="raises"):
        list(proposals([failing()], FailedAttempt(ValueError(), {}), Inputs(Net()), lambda *_: None))


def test_an_exception_in_a_rule_is_noted_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STRICT)
    noted: list[tuple[str, Exception]] = []
    found = list(
        proposals([failing()], FailedAttempt(ValueError(), {}), Inputs(Net()), lambda *note: noted.append(note))
    )
    assert [(proposal.rule, proposal.arguments) for proposal in found] == [("raises", {"x": Tensor((3,))})]
    assert [(rule, type(error)) for rule, error in noted] == [("raises", KeyError)]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.pattern[:40] or "KeyError")
def test_a_row_reads_its_own_example(message: Any) -> None:
    match = re.search(message.pattern, message.example)
    assert match is not None
    stated = list(message.facts(match))
    assert stated
    error = message.error if message.error is not BaseException else Exception
    found = list(facts_of(error(), message.example))
    assert all(fact in found for fact in stated)
