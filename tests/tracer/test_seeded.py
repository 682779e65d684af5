"""Seeded errors in real models: the finding is at the culprit line, names the operands, and shapes are known up to it.

`make seeded` traces all of them, this a part.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from corpus.seeded.seeds import SEEDS
from tracer.seeded import SeededModels, seeded_models

PINNED = ("gpt-1-shape", "vit-2-shape", "resnet-5-constructor", "seq2seq-4-missing")
GUESSED = (
    *("gpt-2-shape", "gpt-8-in-place", "gpt-11-constructor", "vit-5-rank", "llama-5-dtype", "llama-8-missing"),
    *("unet-5-device", "unet-8-constructor", "tagger-2-shape", "resnet-1-shape", "llama-4-rank", "vit-2-shape"),
)
DEPENDS_ON_A_GUESS = "moe-2-shape"


@pytest.fixture(scope="module")
def models() -> Iterator[SeededModels]:
    with seeded_models() as models:
        yield models


def test_there_are_enough_seeds_of_each_kind() -> None:
    assert len(SEEDS) == 60
    assert {seed.kind for seed in SEEDS} == {"shape", "rank", "dtype", "device", "in-place", "missing", "constructor"}


@pytest.mark.parametrize(("name", "pinned"), [*((name, True) for name in PINNED), *((name, False) for name in GUESSED)])
def test_a_seeded_error_is_found(name: str, pinned: bool, models: SeededModels) -> None:
    (seed,) = [seed for seed in SEEDS if seed.name == name]
    answer = models.answer(seed, pinned)
    assert (answer.is_at_the_line, answer.is_blamed, answer.shapes) == (True, True, True), answer.message
    if name != "gpt-2-shape":  # Python does not say what it unpacks
        assert answer.named, answer.message


def test_what_another_guess_may_mend_is_no_error_but_has_its_place_and_its_shapes(models: SeededModels) -> None:
    (seed,) = [seed for seed in SEEDS if seed.name == DEPENDS_ON_A_GUESS]
    answer = models.answer(seed, pinned=False)
    assert (answer.is_at_the_line, answer.named, answer.shapes) == (True, True, True), answer.message
    assert not answer.is_blamed
    assert answer.map.example is not None
    assert answer.map.example.origin == "inferred"
    assert answer.map.modules


@pytest.mark.parametrize("name", ["vit-2-shape", DEPENDS_ON_A_GUESS])
def test_it_is_an_error_if_the_guess_has_worked_before_the_edit(name: str, models: SeededModels) -> None:
    (seed,) = [seed for seed in SEEDS if seed.name == name]
    answer = models.answer_after_the_edit(seed)
    assert answer.is_right, answer.message
    assert answer.is_blamed
