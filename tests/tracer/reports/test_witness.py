"""Where the captured graph and two training steps in eager differ: what is said is what the user's backward does."""

from __future__ import annotations

from typing import Any

import pytest

from aotlens.model.counts import count
from aotlens.model.gradients import gradients, is_missing
from aotlens_tracer.wire.graphs import Graph
from aotlens_tracer.wire.json_codec import from_json

from .conftest import Report

CHECKPOINT = "case05_checkpoint_reentrant_frozen"
ENERGY = "case07_func_grad_custom_backward"
TEACHER = "case16_tied_ema_gan"
MUTATED = "case19_mutated_inputs"
BACKWARD = "case25_saved_and_backward_mutation"
CONSTRUCTED = "case26_views_config"


def messages(trace: dict[str, Any], code: str) -> dict[str, tuple[int, str]]:
    """The findings with this code: their line and message by the name of their subject."""
    found = [finding for finding in trace["findings"] if finding["code"] == code]
    return {finding["subjects"][0]["name"]: (finding["line"], finding["message"]) for finding in found}


def without_gradient(trace: dict[str, Any]) -> set[str]:
    """The parameters and arguments that are said to get no gradient, by the one answer of the model."""
    inputs = trace["graphs"][0]["inputs"]
    graph = graph_of(trace)
    return {slot["label"] for slot, gradient in zip(inputs, gradients(graph)) if is_missing(gradient)}


def graph_of(trace: dict[str, Any]) -> Graph:
    slots = ("inputs", "outputs", "only_in_graph", "only_in_eager", "joint", "capture")
    graph: Graph = from_json(Graph, {name: trace["graphs"][0][name] for name in slots})
    return graph


def in_eager(trace: dict[str, Any], present: bool) -> set[str]:
    """The names of what has, or has not, a gradient after the first step in eager."""
    run = trace["eager_run"]["gradients"]
    return {name for gradient in run if gradient["present"] is present for name in gradient["names"]}


def test_a_reentrant_checkpoint_without_an_input_that_requires_a_gradient(report: Report) -> None:
    trace = report(CHECKPOINT, "Reentrant")
    found = messages(trace, "parameter-without-gradient")
    assert without_gradient(trace) == found.keys() == in_eager(trace, False) == {"block.down", "block.up"}
    assert found["block.down"] == (
        11,
        "block.down gets no gradient: used inside of `checkpoint(self.block, h, use_reentrant=self.use_reentrant)` on "
        "line 31, a reentrant checkpoint none of whose inputs requires a gradient; `use_reentrant=False` gives one "
        "(the graph has one, eager has none)",
    )
    (warning,) = trace["eager_run"]["warnings"]
    assert (warning["text"], warning["at"]["line"]) == (
        "None of the inputs have requires_grad=True. Gradients will be None",
        31,
    )
    assert without_gradient(report(CHECKPOINT, "NonReentrant")) == set()


def test_the_tables_and_counts_have_no_gradient_that_only_the_graph_has(report: Report) -> None:
    trace = report(CHECKPOINT, "Reentrant")
    counts = count(graph_of(trace))
    assert (counts.gradients, counts.missing) == (2, 2)
    (slot,) = [slot for slot in trace["graphs"][0]["outputs"] if slot["label"] == "grad(block.down)"]
    assert slot["node"] is not None
    assert "In eager it does not exist: used inside of" in slot["meaning"]


def test_a_custom_backward_that_returns_zeros(report: Report) -> None:
    trace = report(ENERGY, "Energy")
    assert without_gradient(trace) == messages(trace, "parameter-without-gradient").keys() == {"w", "b"}
    assert in_eager(trace, True) == set()


def test_a_copy_that_is_updated_through_data_and_used_under_no_grad(report: Report) -> None:
    trace = report(TEACHER, "Teacher")
    names = {f"target.{layer}.{kind}" for layer in (0, 1, 3) for kind in ("weight", "bias")}
    found = messages(trace, "parameter-without-gradient")
    assert without_gradient(trace) == found.keys() == in_eager(trace, False) == names
    assert found["target.0.weight"][1] == (
        "target.0.weight gets no gradient: used under torch.no_grad() only, by `self.target(x)` on line 58 (the graph "
        "has one, eager has none)"
    )


def test_a_leaf_that_is_changed_in_place(report: Report) -> None:
    trace = report(MUTATED, "LeafArg")
    assert trace["status"] == "traced"
    assert messages(trace, "eager-step-failed") == {
        "LeafArg": (
            27,
            "in eager, the call fails: RuntimeError: a leaf Variable that requires grad is being used in an in-place "
            "operation.",
        )
    }


def test_the_data_of_a_parameter_is_replaced(report: Report) -> None:
    trace = report(MUTATED, "LeafParamData")
    assert messages(trace, "data-replaced") == {
        "s": (70, "`.data` of the parameter s is replaced: autograd does not see that")
    }
    for alike in ("LeafParam", "LeafParamData2"):
        assert not messages(report(MUTATED, alike), "data-replaced")


def test_an_argument_with_a_history_comes_anew_in_the_second_step(report: Report) -> None:
    trace = report(MUTATED, "MutArg")
    assert trace["eager_run"]["error"] is None
    assert not messages(trace, "eager-step-failed")


def test_a_buffer_that_the_backward_pass_changes(report: Report) -> None:
    trace = report(BACKWARD, "Counter")
    assert messages(trace, "buffer-mutation") == {
        "count": (64, "the buffer count is changed in place by the backward pass")
    }


@pytest.mark.parametrize(("name", "line"), [("BufferGraph", 26), ("ConstCache", 40)])
def test_a_table_that_the_constructor_computes_from_a_parameter(report: Report, name: str, line: int) -> None:
    trace = report(CONSTRUCTED, name)
    found = messages(trace, "gradient-outside-graph")
    assert found.keys() == {"freq"} and found["freq"][0] == line
    assert without_gradient(trace) == set() and not messages(trace, "parameter-without-gradient")
    assert trace["eager_run"]["error"]["step"] == 2


MORE = "witness_more"


def test_segments_of_checkpoints_behind_a_frozen_stem(report: Report) -> None:
    trace = report(MORE, "Segments")
    names = {f"layers.{layer}.{kind}" for layer in (0, 1) for kind in ("weight", "bias")}
    found = messages(trace, "parameter-without-gradient")
    assert without_gradient(trace) == found.keys() == in_eager(trace, False) == names
    (warning,) = trace["eager_run"]["warnings"]
    assert warning["at"]["line"] == 21


def test_an_embedding_whose_output_is_made_to_require_a_gradient(report: Report) -> None:
    trace = report(MORE, "Remedied")
    assert without_gradient(trace) == set() and in_eager(trace, True) == {"block.weight", "block.bias"}
    assert messages(trace, "gradient-outside-graph").keys() == {"block.weight", "block.bias"}


def test_a_batch_norm_inside_of_a_checkpoint_counts_twice(report: Report) -> None:
    assert messages(report(MORE, "CountedTwice"), "buffer-mutation")["block.1.num_batches_tracked"][1] == (
        "the buffer block.1.num_batches_tracked is changed twice in each step: by the call, and once more by the "
        "backward pass, which computes a checkpoint again"
    )


@pytest.mark.parametrize("name", ["Momentum", "MomentumData"])
def test_a_momentum_copy_that_requires_a_gradient_gets_none(report: Report, name: str) -> None:
    trace = report(MORE, name)
    assert without_gradient(trace) == in_eager(trace, False) == {"slow.weight", "slow.bias"}
    assert messages(trace, "parameter-without-gradient").keys() == {"slow.weight", "slow.bias"}
    replaced = messages(trace, "data-replaced")
    assert {line for line, _ in replaced.values()} == ({72} if name == "MomentumData" else set())


def test_a_layer_whose_weight_another_one_makes(report: Report) -> None:
    trace = report(MORE, "Generated")
    assert without_gradient(trace) == in_eager(trace, False) == {"inner.weight"}


def test_layers_that_are_skipped_at_random(report: Report) -> None:
    trace = report(MORE, "Dropped")
    assert trace["eager_run"]["draws"]
    assert trace["graphs"][0]["only_in_graph"] == trace["graphs"][0]["only_in_eager"] == []
    found = [finding for finding in trace["findings"] if finding["code"] == "parameter-without-gradient"]
    assert {finding["reason"]["kind"] for finding in found} <= {"NotInEachCall"}
    assert {finding["severity"] for finding in found} <= {"information"}


def test_a_hook_that_masks_a_gradient_keeps_it(report: Report) -> None:
    trace = report(MORE, "Masked")
    assert without_gradient(trace) == set() and not trace["findings"]


def test_a_load_that_the_backward_pass_counts(report: Report) -> None:
    (found,) = messages(report(MORE, "Load"), "buffer-mutation").values()
    assert found[1] == "the buffer used is changed in place by the backward pass"


def test_a_leaf_that_eager_refuses_to_change_and_that_nothing_captures(report: Report) -> None:
    trace = report(MORE, "Normalised")
    assert trace["status"] == "failed"
    assert "a leaf Variable that requires grad is being used in an in-place operation" in trace["failure"]["message"]


def test_a_parameter_that_is_returned_itself_has_its_gradient_outside_of_the_graph(report: Report) -> None:
    trace = report(MORE, "Initial")
    found = messages(trace, "parameter-without-gradient")
    assert found.keys() == in_eager(trace, False) == {"cell.weight", "cell.bias"}
    assert messages(trace, "gradient-outside-graph")["start"][1] == (
        "the gradient of start does not pass through the graph: output is the same tensor or a view of it"
    )
