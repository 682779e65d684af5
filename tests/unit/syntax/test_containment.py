"""Containment: the classes that a class of the same text builds."""

from __future__ import annotations

from aotlens.syntax.containment import containers, containment, outermost_first

TEXT = '''
class Attention(nn.Module):
    def __init__(self, width: Width): ...

class Base(nn.Module):
    def __init__(self):
        self.attention = Attention(8)

class Block(Base):
    """Not a Head."""

    def forward(self, x: Head) -> Head: ...

LAYERS = {"block": Block}

def make(kind):
    return LAYERS[kind]()

class Net(nn.Module):
    def __init__(self, head=None):
        self.blocks = make("block")
        self.config.Head = Config(Head=1)

class Head(nn.Module):
    def __init__(self):
        self.of = Head

@register
class Outer(nn.Module):
    parts = [Head, Net]
'''


def test_what_a_class_builds_itself_through_its_bases_and_through_what_it_calls() -> None:
    contained = containment(TEXT)
    assert contained["Base"] == {"Attention"}
    assert contained["Block"] == {"Attention"}
    assert contained["Net"] == {"Block", "Attention"}
    assert contained["Outer"] == {"Head", "Net", "Block", "Attention"}


def test_annotations_strings_attributes_and_keywords_build_nothing() -> None:
    contained = containment(TEXT)
    assert contained["Attention"] == contained["Head"] == frozenset()


def test_the_outermost_comes_first() -> None:
    contained = containment(TEXT)
    assert containers("Attention", contained) == ["Outer", "Net", "Base", "Block"]
    order = outermost_first(contained)
    assert all(order.index(outer) < order.index(inner) for outer, inners in contained.items() for inner in inners)


def test_two_classes_that_build_each_other_have_no_outermost() -> None:
    contained = containment("class A:\n    of = B\nclass B:\n    of = A\n")
    assert contained == {"A": {"B"}, "B": {"A"}}
    assert containers("A", contained) == []


def test_a_text_that_is_being_typed() -> None:
    assert (
        containment("class A:\n    def __init__(self):\n        self.b = B(\nclass B:\n    pass\n")["B"] == frozenset()
    )
    assert containment("class ") == {}
