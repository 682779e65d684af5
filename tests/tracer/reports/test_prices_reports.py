"""Public reports about what each of several losses gives a gradient to: both outputs of a GAN train its critic."""

from __future__ import annotations

from typing import Any

from .conftest import Report


def alone(trace: dict[str, Any]) -> dict[str, list[str]]:
    """The inputs that get a gradient because of one output alone, by the label of that output."""
    (graph,) = trace["graphs"]
    labels = {slot["index"]: slot["label"] for slot in graph["inputs"]}
    return {
        price["label"]: [labels[graph["outputs"][index]["gradient_of"]] for index in price["gradients"]]
        for price in graph["prices"]
    }


def test_both_losses_of_a_gan_train_its_critic(report: Report) -> None:
    assert alone(report("case16_tied_ema_gan", "Gan")) == {
        "output[0]": [],
        "output[1]": ["gen.weight", "gen.bias"],
    }


def test_neither_of_two_losses_trains_a_layer_alone(report: Report) -> None:
    for name in ("TwoLoss", "OneEach", "TwoLossSwapped"):
        assert alone(report("case17_price", name)) == {"output[0]": [], "output[1]": []}, name


def test_the_order_of_statements_does_not_decide_which_loss_trains_a_shared_part(report: Report) -> None:
    found = alone(report("memory_more", "Twice"))
    assert found == {
        "output.left": ["left.weight", "left.bias"],
        "output.right": ["right.weight", "right.bias"],
    } or found == {
        "output['left']": ["left.weight", "left.bias"],
        "output['right']": ["right.weight", "right.bias"],
    }
