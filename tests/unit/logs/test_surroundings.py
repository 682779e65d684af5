"""What stands around a graph does not change what is read in it: prefixes, colours, line ends, other processes."""

import random
import re
from pathlib import Path

import pytest

from aotlens.explain.annotated_log import annotated
from unit.logs.kept_logs import MADE, names_in, shape, text_of

GLOG = re.compile(r"^([VI]\d{4} \S+ \d+ \S+\])(.*)$", re.DOTALL)
LOGS = sorted(path.name for path in MADE.iterdir())

OUTER = [
    lambda number, chosen: "[rank0]:",
    lambda number, chosen: "[rank0]:[rank0]:",
    lambda number, chosen: "[default3]:",
    lambda number, chosen: "(Worker_TP1 pid=4242) ",
    lambda number, chosen: f"(worker pid={4200}, ip=10.0.0.1) ",
    lambda number, chosen: f"2024-05-06T07:08:{number % 60:02}.1234567Z ",
    lambda number, chosen: f"[2024-05-06 07:08:{number % 60:02}] ",
    lambda number, chosen: "trainer-0-abcde | ",
    lambda number, chosen: "> ",
    lambda number, chosen: f"2024-05-06T07:08:{number % 60:02}Z [rank1]: ",
]


def shapes(text: str) -> list[tuple[object, ...]]:
    return [shape(names) for names in names_in(text).graphs]


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("outer", OUTER, ids=lambda make: make(1, None))
def test_prefixes(name: str, outer) -> None:
    text = text_of(name)
    lines = [outer(number, None) + line for number, line in enumerate(text.split("\n"))]
    assert shapes("\n".join(lines)) == shapes(text)


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("seed", range(3))
def test_colours(name: str, seed: int) -> None:
    text = text_of(name)
    chosen = random.Random(seed)

    def coloured(line: str) -> str:
        words = re.split(r"(\W+)", line)
        return "".join(
            f"\x1b[{chosen.choice(('31', '1;32', '38;5;12'))}m{word}\x1b[0m" if chosen.random() < 0.3 else word
            for word in words
        )

    found = names_in("\n".join(map(coloured, text.split("\n"))))
    assert [shape(names) for names in found.graphs] == shapes(text)


@pytest.mark.parametrize("name", LOGS)
def test_line_ends(name: str) -> None:
    text = text_of(name)
    assert shapes(text.replace("\n", "\r\n")) == shapes(text)


@pytest.mark.parametrize("name", ["graph_break.log", "dynamic_shapes.log"])
@pytest.mark.parametrize("seed", range(3))
def test_ranks_whose_lines_are_mixed(name: str, seed: int) -> None:
    """Each process writes its lines in order; those of two are shuffled into each other, with other text between."""
    text = text_of(name)
    chosen = random.Random(seed)
    ranks = [
        [f"[rank{rank}]:{line.replace(' 4711 ', f' 47{rank} ')}" for line in text.split("\n")] for rank in range(2)
    ]
    ranks.append([f"epoch {number} loss=0.{number}" for number in range(200)])
    mixed = []
    while any(ranks):
        queue = chosen.choice([queue for queue in ranks if queue])
        mixed.append(queue.pop(0))
    found = names_in("\n".join(mixed))
    for rank in range(2):
        own = [shape(names) for names in found.graphs if names.graph.compile.rank == rank]
        assert own == shapes(text)


@pytest.mark.parametrize("name", ["graph_break.log", "dynamic_shapes.log", "export_joint.txt"])
@pytest.mark.parametrize("width", [100, 137, 200])
def test_lines_that_a_terminal_cut(name: str, width: int) -> None:
    text = text_of(name)
    cut = [line[start : start + width] for line in text.split("\n") for start in range(0, max(len(line), 1), width)]
    found = names_in("\n".join(cut))
    assert [_inputs(one) for one in map(shape, found.graphs)] == [_inputs(one) for one in shapes(text)]


def _inputs(one: tuple[object, ...]) -> tuple[object, ...]:
    """The kind of a graph and its inputs: a comment of a line of source may be cut anywhere."""
    return one[0], one[4]


@pytest.mark.parametrize("name", ["graph_break.log", "dynamic_shapes.log"])
def test_a_format_of_the_user(name: str) -> None:
    """`TORCH_LOGS_FORMAT` replaces torch's prefix; compile ids are gone then, and the order decides."""
    text = text_of(name)
    lines = []
    for number, line in enumerate(text.split("\n")):
        found = GLOG.match(line)
        rest = re.sub(r"^ \[[^\]]*\](?: \[__\w+\])? ?", "", found[2]) if found is not None else line
        lines.append(f"myapp.{number % 7}:DEBUG:torch {rest}")
    graphs = names_in("\n".join(lines)).graphs
    assert [(names.graph.kind, len(names.inputs)) for names in graphs] == [
        (one[0], len(one[4]))
        for one in shapes(text)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    "path", sorted([*MADE.iterdir(), *(MADE.parent / "reports").glob("*.log")]), ids=lambda path: path.name
)
def test_a_log_with_names_beside_the_numbers_reads_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    written = annotated(text, names_in(text))
    assert shapes(written) == shapes(text)
    assert annotated(written, names_in(written)) == written
