"""The expressions that tokens stand for."""

from __future__ import annotations

import pytest

from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.expressions import call_at
from aotlens.syntax.subjects import ExpressionSubject
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from unit.features.world import find

SOURCE = '''\
import torch.nn.functional as F

class Net(nn.Module):
    scale = 2

    @torch.no_grad()
    def forward(self, x: Tensor, mask: Tensor | None = None, *rest, scale=1.0, **options):
        """Doc of x."""
        B, T, C = x.size()
        h = self.fc(self.norm(x), dim=-1)  # h is
        q, (k, v) = h, rest
        g = F.gelu(h) if scale else (h + q)
        g[:, 0] += (k @ v).view(B, 64)
        y = {"logits": g, "keys": [t.sum() for t in (k, v)]}
        name = f"{h.shape}" "text"
        apply = lambda z: z * 2
        return y["logits"], not g.isnan().any()
'''
DOCUMENT = Document("file:///model.py", "/model.py", 1, SOURCE)


def texts(marked: str) -> list[str]:
    subjects = subjects_at(DOCUMENT, *find(DOCUMENT, marked))
    return [subject.text for subject in subjects if isinstance(subject, ExpressionSubject)]


@pytest.mark.parametrize(
    ("marked", "expected"),
    {
        "$0B, T, C": ["B"],
        "T, $0C = x": ["C"],
        "x.si$0ze()": ["x.size", "x.size()"],
        "x$0.size()": ["x", "x.size()"],
        "x.size$0()": ["x.size", "x.size()"],
        "$0h = self.fc": ["h"],
        "se$0lf.fc(": ["self", "self.fc(self.norm(x), dim=-1)"],
        "self.f$0c(": ["self.fc", "self.fc(self.norm(x), dim=-1)"],
        "self.norm($0x)": ["x"],
        "self.no$0rm(x)": ["self.norm", "self.norm(x)"],
        "q, ($0k, v) = ": ["k"],
        "$0F.gelu": ["F", "F.gelu(h)"],
        "F.gelu(h$0)": ["h"],
        "(h $0+ q)": ["h + q"],
        "$0(h + q)": ["h + q"],
        "k $0@ v": ["k @ v"],
        ").vi$0ew(B": ["(k @ v).view", "(k @ v).view(B, 64)"],
        "g[:, $00]": ["g[:, 0]"],
        "g$0[:, 0]": ["g"],
        "g[$0:, 0]": ["g[:, 0]"],
        "] $0+= (k": ["g[:, 0]"],
        "[$0t.sum()": ["t", "t.sum()"],
        "for $0t in": ["t"],
        '["log$0its"], not': ['y["logits"]'],
        "lambda $0z:": ["z"],
        "$0z * 2": ["z"],
        "self, $0x: Tensor": ["x"],
        "ma$0sk: Tensor": ["mask"],
        "*re$0st, sc": ["rest"],
        "sc$0ale=1.0": ["scale"],
        "**opt$0ions": ["options"],
    }.items(),
)
def test_tokens_stand_for_expressions(marked: str, expected: list[str]) -> None:
    assert texts(marked) == expected


@pytest.mark.parametrize(
    "marked",
    [
        "Doc of $0x",
        "# $0h is",
        "fo$0r t in",
        "els$0e (h",
        "n$0ot g",
        "lam$0bda z",
        "view(B, 6$04)",
        '"te$0xt"',
        '{h.sh$0ape}"',
        "d$0im=-1",
        "x: Ten$0sor",
        "$0scale = 2",
        "torch.no_$0grad()",
        "def for$0ward",
        "retu$0rn y",
        "import torch.nn.funct$0ional",
        '{"log$0its": g',
        "y $0= {",
    ],
)
def test_other_tokens_stand_for_none(marked: str) -> None:
    assert texts(marked) == []


def test_an_argument_has_the_place_that_python_gives_it() -> None:
    subjects = subjects_at(DOCUMENT, *find(DOCUMENT, "ma$0sk: Tensor"))
    found = next(subject for subject in subjects if isinstance(subject, ExpressionSubject))
    assert found.span == Span("/model.py", 7, 34, 7, 38)
    assert found.place == Span("/model.py", 7, 34, 7, 53)


def test_a_call_has_its_receiver_and_its_arguments() -> None:
    def call(text: str) -> tuple[str | None, list[str]]:
        line = next(n for n in range(1, DOCUMENT.line_count) if text in DOCUMENT.line(n))
        column = DOCUMENT.line(line).index(text) + 1
        found = call_at(DOCUMENT, Span("/model.py", line, column, line, column + len(text)))
        assert found is not None

        def written(span: Span) -> str:
            assert span.column is not None and span.end_column is not None
            return DOCUMENT.line(span.line)[span.column - 1 : span.end_column - 1]

        return written(found.receiver) if found.receiver else None, [written(span) for span in found.arguments]

    assert call("self.fc(self.norm(x), dim=-1)") == ("self", ["self.norm(x)", "-1"])
    assert call("(k @ v).view(B, 64)") == ("k @ v", ["B", "64"])
    assert call_at(DOCUMENT, Span("/model.py", 12, 38, 12, 43)) is None
