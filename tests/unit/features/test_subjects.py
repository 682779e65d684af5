"""Subjects at a position, by syntax alone."""

from __future__ import annotations

import time

import pytest

from aotlens.syntax.at_position import subject_at, subjects_at
from aotlens.syntax.paths import ANY, Items, Key
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    FunctionSubject,
    GraphNameSubject,
    LineSubject,
    ReturnSubject,
    Subject,
)
from aotlens.text.documents import Document
from unit.features.world import find

SOURCE = """
class Outer(nn.Module):
    class Inner(nn.Module):
        def forward(this, batch, *rest, key: str = "a"):
            mask = batch["mask"]
            deep = this.blocks[0].attn
            for i, block in enumerate(this.blocks):
                block(mask, i)
            for late in this.late: pass
            first, (second, *others), last = this.items
            for other in others: other(first, second, last)
            y = [each.fc(mask) for each in reversed(this.blocks[1:])]
            z = {name: step(y) for name, step in this.steps.items()}
            for a, (b, c) in zip(this.a, zip(this.b, this.c)): a(b.w, c)
            for v in this.steps.values(): v(z)
            this.blocks[-1].attn.qkv.weight[0:1]
            this.table[y].bias
            if (walrus := this.walrus) is not None: walrus(key)
            getattr(this, "dynamic")(rest[0])
            chained = also = this.chained
            also(chained, deep.qkv)
            deep = None
            deep
            def closure(q): return this.far(q, closed)
            closed = this.closed
            apply = lambda mask: mask + this.inside
            batch = batch["other"]
            batch, this.made_here = 1, 2
            return batch

    @staticmethod
    def static(x): return x.attribute

    @torch.no_grad()
    def step(self, x):
        with open(x) as handle, self.ctx as context: handle(context)
        x += 1
        return x

def make():
    class Local(nn.Module):
        field = other.path
        def forward(self): return self.local
    return Local

def plain(x, y=None): return x.thing[0]["k"]
"""
DOCUMENT = Document("file:///model.py", "/model.py", 1, SOURCE)


def at(marked: str) -> Subject | None:
    return subject_at(DOCUMENT, *find(DOCUMENT, marked))


@pytest.mark.parametrize(
    ("marked", "path"),
    {
        "deep = this.blo$0cks[0]": ("blocks",),
        "this.blocks[$00].attn": ("blocks", 0),
        "this.blocks[0].at$0tn": ("blocks", 0, "attn"),
        "de$0ep = this": ("blocks", 0, "attn"),
        "for i, bl$0ock in": ("blocks", ANY),
        "bl$0ock(mask, i)": ("blocks", ANY),
        "fi$0rst, (second": ("items", 0),
        "seco$0nd, *others": ("items", 1, 0),
        "*others), la$0st": ("items", 2),
        "for oth$0er in": ("items", 1, Items(1, None)),
        "other(fi$0rst, second": ("items", 0),
        "ea$0ch.fc": ("blocks", Items(1, None, in_order=False)),
        "each.f$0c(mask)": ("blocks", Items(1, None, in_order=False), "fc"),
        "st$0ep(y) for": ("steps", ANY),
        "a($0b.w, c)": ("b", ANY),
        "b.$0w, c)": ("b", ANY, "w"),
        "b.w, $0c)": ("c", ANY),
        "values(): $0v(z)": ("steps", ANY),
        "attn.qkv.wei$0ght[0:1]": ("blocks", -1, "attn", "qkv", "weight"),
        "this.table[y].bi$0as": ("table", ANY, "bias"),
        "wal$0rus(key)": ("walrus",),
        "al$0so(chained": ("chained",),
        "also(chai$0ned": ("chained",),
        "deep.q$0kv)": ("blocks", 0, "attn", "qkv"),
        "this.f$0ar(q": ("far",),
        "clos$0ed)": ("closed",),
        "mask + this.ins$0ide": ("inside",),
        "self.lo$0cal": ("local",),
        "(th$0is, batch": (),
    }.items(),
)
def test_attributes(marked: str, path: tuple) -> None:
    subject = at(marked)
    assert isinstance(subject, AttributeSubject), subject
    assert subject.path == path


@pytest.mark.parametrize(
    ("marked", "label"),
    {
        "(this, bat$0ch": "batch",
        "*re$0st, key": "rest",
        "ke$0y: str": "key",
        "mask = bat$0ch[": "batch",
        'batch["ma$0sk"]': "batch['mask']",
        "ma$0sk = batch": "batch['mask']",
        "block(ma$0sk, i)": "batch['mask']",
        "walrus(ke$0y)": "key",
        "(rest[$00])": "rest[0]",
        "def static($0x)": "x",
        "x.attri$0bute": "x.attribute",
        "x.thing[$00]": "x.thing[0]",
        '[0]["$0k"]': "x.thing[0]['k']",
        "plain(x, $0y=None)": "y",
    }.items(),
)
def test_arguments(marked: str, label: str) -> None:
    subject = at(marked)
    assert isinstance(subject, ArgumentSubject), subject
    assert subject.label == label


@pytest.mark.parametrize(
    "marked",
    [
        "lambda mask: ma$0sk +",  # the lambda's own
        "return bat$0ch",  # another value by now
        "deep = None\n            de$0ep",
        "context: han$0dle(context)",
        "x += 1\n        return $0x",
        "key: st$0r",
        "torch.no_gr$0ad()",
    ],
)
def test_names_that_stand_for_something_else(marked: str) -> None:
    before, _, after = marked.partition("$0")
    assert SOURCE.count(before + after) == 1
    head = SOURCE[: SOURCE.index(before + after) + len(before)]
    line, column = head.count("\n") + 1, len(head) - head.rfind("\n")
    assert not isinstance(subject_at(DOCUMENT, line, column), (AttributeSubject, ArgumentSubject))


def test_qualified_names() -> None:
    inner, local, step = at("class In$0ner"), at("class Lo$0cal"), at("def st$0ep")
    assert isinstance(inner, ClassSubject) and inner.qualname == "Outer.Inner" and inner.owner is not None
    assert (inner.owner.line, inner.owner.end_line) == (3, 29)
    assert isinstance(local, ClassSubject) and local.qualname == "make.<locals>.Local"
    assert isinstance(step, FunctionSubject) and (step.function, step.qualname) == ("step", "Outer.step")
    closure = at("def clos$0ure")
    assert isinstance(closure, FunctionSubject)
    assert closure.qualname == "Outer.Inner.forward.<locals>.closure"
    assert closure.function == "forward.<locals>.closure"
    attribute = at("self.lo$0cal")
    assert isinstance(attribute, AttributeSubject) and attribute.class_qualname == "make.<locals>.Local"
    assert at("field = oth$0er.path") is None


def test_statements() -> None:
    returned = subjects_at(DOCUMENT, *find(DOCUMENT, "retu$0rn batch"))
    assert [type(subject) for subject in returned] == [ReturnSubject, LineSubject]
    *_, header = subjects_at(DOCUMENT, *find(DOCUMENT, "in enum$0erate("))
    assert isinstance(header, LineSubject)
    assert (header.span.line, header.span.end_line) == (7, 7)
    assert DOCUMENT.line(7)[header.span.column - 1 : header.span.end_column - 1].endswith(":")


def test_creations() -> None:
    text = """
class Net(nn.Module):
    def __init__(self):
        self.a = nn.Linear(8, 8)
        self.register_buffer("b", torch.ones(2), persistent=False)
        setattr(self, "c", nn.Parameter(torch.ones(2)))
        self.add_module(f"d{1}", nn.GELU())
        self.part.e = self.f = nn.Parameter(torch.ones(3))
"""
    source = Document("file:///net.py", "/net.py", 1, text)
    for marked, path in {
        "self.$0a = ": ("a",),
        "nn.Lin$0ear": ("a",),
        '"$0b"': ("b",),
        "torch.on$0es(2), pers": ("b",),
        '"$0c"': ("c",),
        "nn.G$0ELU": (ANY,),
        "self.part.$0e": ("part", "e"),
        "torch.on$0es(3)": ("f",),
    }.items():
        subject = subject_at(source, *find(source, marked))
        assert isinstance(subject, CreationSubject), (marked, subject)
        assert subject.path == path


def test_lines_that_end_in_every_way_and_wide_characters() -> None:
    text = "class A:\r\n    def f(self, x):\r        s = '😀é'; self.one.two(x)\n        # primals_3\u2028 primals_4\n"
    source = Document("file:///a.py", "/a.py", 1, text)
    subject = subject_at(source, *find(source, "self.one.t$0wo"))
    assert isinstance(subject, AttributeSubject) and subject.path == ("one", "two")
    span = subject.span
    assert source.line(3)[span.column - 1 : span.end_column - 1] == "self.one.two"
    name = subject_at(source, *find(source, "primals_$04"))
    assert isinstance(name, GraphNameSubject) and name.name == "primals_4"


def test_keys_and_items_of_arguments_are_told_apart() -> None:
    subject = at('batch["ma$0sk"]')
    assert isinstance(subject, ArgumentSubject) and subject.path == (Key("mask"),)


def test_outside_the_text_nothing_stands() -> None:
    for line, column in [(0, 1), (1, 0), (10**6, 1), (2, 10**6), (-1, -1)]:
        assert subject_at(DOCUMENT, line, column) is None


def test_a_position_in_a_long_document_is_found_at_once() -> None:
    """Nothing here looks at the whole text; the bound is loose, for a machine that does other things too."""
    source = Document("file:///long.py", "/long.py", 1, SOURCE * 500)
    line = source.line_count - len(DOCUMENT.lines) + 8
    assert "block(mask, i)" in source.line(line)
    subject_at(source, line, 18)  # parses
    start = time.perf_counter()
    for _ in range(100):
        assert isinstance(subject_at(source, line, 18), AttributeSubject)
    assert (time.perf_counter() - start) / 100 < 0.005
