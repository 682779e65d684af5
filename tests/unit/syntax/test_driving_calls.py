"""Calls by which a script lets a framework train: whose method the framework runs, and where."""

from __future__ import annotations

from aotlens.syntax.driving_calls import driving_calls
from aotlens.syntax.parsing import parse

SCRIPT = """
def main():
    model = lit.LitNet(8)
    trainer = L.Trainer(max_epochs=1)
    trainer.fit(model, loader)
    trainer.fit(model=Other(), train_dataloaders=loader)
    mine = FocalTrainer(model=model)
    mine.train()
    trainer.fit(build(), loader)
    trainer.fit(unknown, loader)
"""


def test_a_call_says_whose_method_the_framework_runs() -> None:
    found = driving_calls(parse(SCRIPT))
    assert [(each.callee, each.owner, each.kind, each.method, each.function, each.line) for each in found][:3] == [
        ("trainer.fit", "model", "LitNet", "training_step", "main", 5),
        ("trainer.fit", "Other()", "Other", "training_step", "main", 6),
        ("mine.train", "mine", "FocalTrainer", "compute_loss", "main", 8),
    ]
    assert not [each for each in found if each.owner == "unknown"]


def test_a_step_is_that_of_the_call_if_it_is_of_the_class_and_the_method() -> None:
    first = driving_calls(parse(SCRIPT))[0]
    assert first.is_method_of("LitNet.training_step@loss") and first.is_method_of("Outer.LitNet.training_step@loss")
    assert not first.is_method_of("MyLitNet.training_step@loss") and not first.is_method_of("LitNet.fit@loss")
