"""Folding loses nothing, claims nothing that is not so, and folds what should be folded."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aotlens.explain.brief import in_brief, names_in_brief, numbers_in_brief
from aotlens.model.folding import Folded, fold, ranges, unfold


def folded(labels: list[str]) -> list[str]:
    return [row.label for row in fold(labels, key=lambda _: None, label=str)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["layers.0.w", "layers.1.w", "layers.2.w"], ["layers.{0..2}.w"]),
        (["layers.0.w", "layers.5.w"], ["layers.{0,5}.w"]),
        (["l.0.w", "l.1.w", "l.2.w", "l.3.w", "l.5.w"], ["l.{0..3,5}.w"]),
        (["0.weight", "2.weight"], ["{0,2}.weight"]),
        (["grad(layers.0.fc.w)", "grad(layers.1.fc.w)"], ["grad(layers.{0,1}.fc.w)"]),
        (["blocks[0]", "blocks[1]", "blocks[2]"], ["blocks[{0..2}]"]),
        (["grad(0.w)._local_tensor", "grad(1.w)._local_tensor"], ["grad({0,1}.w)._local_tensor"]),
        # a number within a name is part of the name
        (["fc1.weight", "fc2.weight"], ["fc1.weight", "fc2.weight"]),
        (["x.conv1", "x.conv2"], ["x.conv1", "x.conv2"]),
        (["batch['0']", "batch['1']"], ["batch['0']", "batch['1']"]),
        (["F.dropout(x, 0.1)", "F.dropout(x, 0.2)"], ["F.dropout(x, 0.1)", "F.dropout(x, 0.2)"]),
        (["x * 2", "x * 3"], ["x * 2", "x * 3"]),
        # other names do not fold with each other
        (["layers.0.w", "heads.1.w"], ["layers.0.w", "heads.1.w"]),
        # braces of its own would be taken for those of a fold
        (["f({0}).1.w", "f({0}).2.w"], ["f({0}).1.w", "f({0}).2.w"]),
        (["a.01.w", "a.1.w", "a.2.w"], ["a.01.w", "a.{1,2}.w"]),
    ],
)
def test_what_folds(labels: list[str], expected: list[str]) -> None:
    assert folded(labels) == expected


def test_interleaved_layers_take_the_place_of_their_first_member() -> None:
    labels = ["embed"] + [f"layers.{i}.{p}" for i in range(32) for p in ("q", "k", "v")] + ["head"]
    assert folded(labels) == ["embed", "layers.{0..31}.q", "layers.{0..31}.k", "layers.{0..31}.v", "head"]


def test_rows_that_differ_in_another_cell_do_not_fold() -> None:
    rows = [("l.0.w", "f32[4]"), ("l.1.w", "f32[8]"), ("l.2.w", "f32[4]")]
    result = fold(rows, key=lambda row: row[1], label=lambda row: row[0])
    assert [(row.label, row.count) for row in result] == [("l.{0,2}.w", 2), ("l.1.w", 1)]
    assert result[0].rows == (rows[0], rows[2])


def test_two_indices_fold_to_a_product_only_if_it_is_full() -> None:
    full = [f"l.{i}.experts.{j}.w" for i in range(3) for j in range(4)]
    assert folded(full) == ["l.{0..2}.experts.{0..3}.w"]
    without_one = [label for label in full if label != "l.1.experts.2.w"]
    assert folded(without_one) == ["l.{0..2}.experts.{0,1,3}.w", "l.{0,2}.experts.2.w"]
    diagonal = ["l.0.e.0.w", "l.1.e.1.w"]
    assert folded(diagonal) == diagonal


def test_equal_labels_fold_and_are_counted() -> None:
    (row,) = fold(["gelu(x)"] * 5, key=lambda _: None, label=str)
    assert (row.label, row.count) == ("gelu(x)", 5)
    uneven = fold(["a.0.x", "a.1.x", "a.0.x"], key=lambda _: None, label=str)
    assert Counter(itertools.chain.from_iterable(unfold(row) for row in uneven)) == {"a.0.x": 2, "a.1.x": 1}


component = st.one_of(st.integers(0, 4).map(str), st.sampled_from(["w", "fc1", "a_b", "00"]))
path = st.lists(component, min_size=1, max_size=6).map(".".join)
label = st.one_of(
    path,
    path.map(lambda text: f"grad({text})"),
    st.builds("{}[{}]".format, path, st.integers(0, 3)),
    st.text("ab.0123[](){},' ", max_size=12),
)


@example([("{0}", 0), ("{0}", 0)])
@given(st.lists(st.tuples(label, st.integers(0, 1)), max_size=60))
def test_unfolding_gives_back_exactly_the_labels(rows: list[tuple[str, int]]) -> None:
    result = fold(rows, key=lambda row: row[1], label=lambda row: row[0])
    for row in result:
        assert Counter(unfold(row)) == Counter(label for label, _ in row.rows)
        assert len({key for _, key in row.rows}) == 1
    assert Counter(itertools.chain.from_iterable(row.rows for row in result)) == Counter(rows)
    # Each row stands at its first member, in the original order.
    firsts = [next(i for i, row in enumerate(rows) if row is group.first) for group in result]
    assert firsts == sorted(firsts)


@given(st.sets(st.tuples(*[st.integers(0, 2)] * 7), max_size=300))
def test_many_indices_stay_quick(points: set[tuple[int, ...]]) -> None:
    labels = ["a." + ".".join(map(str, point)) for point in points]
    assert sorted(itertools.chain.from_iterable(unfold(row) for row in fold(labels, lambda _: 0, str))) == sorted(
        labels
    )


def test_unfold_of_a_single_row_leaves_its_braces_alone() -> None:
    assert unfold(Folded("{1,2}", ("{1,2}",))) == ["{1,2}"]


@given(st.sets(st.integers(0, 40), min_size=1))
def test_ranges_name_exactly_the_numbers(numbers: set[int]) -> None:
    named = set()
    for part in ranges(numbers).split(","):
        first, _, last = part.partition("..")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == numbers


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["primals_2"], "primals_2"),
        ([None], "—"),
        (["a", "b"], "a, b"),
        (["primals_2", "primals_3", "primals_4"], "primals_{2..4}"),
        (["primals_2", "primals_14", "primals_26"], "primals_{2,14,26}"),
        (["primals_3", "primals_10", "primals_17"], "primals_{3,10,17}"),
        (["primals_18", "primals_22", "primals_29", "primals_33"], "primals_{18,22,29,33}"),
        ([f"primals_{number}" for number in range(2, 375, 12)], "primals_{2,14,26,…,374}"),
        ([f"primals_{number}" for number in (2, 3, 14, 15, 26)], "primals_2 …"),
        (["primals_2", "primals_14", "primals_27"], "primals_{2,14,27}"),
        (["mm_9", "mm_6", "mm_3"], "mm_{9,6,3}"),
        (["mm_15", "mm_12", "mm_9", "mm_6", "mm_3"], "mm_15 …"),
        (["view", "view_1", "view_2"], "view …"),
        (["a", None, "b"], "a …"),
    ],
)
def test_nodes_in_brief(names: list[str | None], expected: str) -> None:
    assert names_in_brief(names) == expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], "—"),
        ([7], "7"),
        ([14, 25], "14, 25"),
        ([3, 4, 5, 6], "3..6"),
        ([3, 10, 17], "3, 10, 17"),
        (list(range(3, 376, 12)), "3, 15, 27, …, 375"),
        ([1, 2, 4, 8, 16], "1 …"),
    ],
)
def test_numbers_in_brief(numbers: list[int], expected: str) -> None:
    assert numbers_in_brief(numbers) == expected


@given(
    st.one_of(
        st.lists(st.integers(0, 50), max_size=8, unique=True),
        st.builds(lambda start, step, count: list(range(start, start + step * count, step)), *[st.integers(1, 9)] * 3),
    )
)
def test_numbers_in_brief_stand_for_themselves_alone(numbers: list[int]) -> None:
    shown = in_brief(numbers)
    if shown is None:
        return
    read: list[int] = []
    for part in shown:
        first, _, last = part.partition("..")
        if part == "…":
            step = read[1] - read[0]
            assert read[2] - read[1] == step
            read += range(read[2] + step, int(shown[-1]), step)
        else:
            read += range(int(first), int(last or first) + 1)
    assert read == numbers
