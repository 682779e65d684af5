"""Call sites: code that builds an instance and calls it, and the statements that it depends on."""

from __future__ import annotations

from textwrap import dedent

import pytest

from aotlens.syntax.call_sites import CallSite, call_sites


def sites(text: str, path: str = "/w/use.py") -> list[CallSite]:
    return call_sites(path, dedent(text).removeprefix("\n"))


def only(text: str, path: str = "/w/use.py") -> CallSite:
    (site,) = sites(text, path)
    return site


def prelude(site: CallSite) -> list[str]:
    return [statement.text for statement in (*site.outer, *site.prelude)]


def test_what_a_call_depends_on_and_nothing_else() -> None:
    site = only("""
        import torch
        from pkg.model import Net as N, Other
        width = 8
        unused = Other()
        unused = N(width)
        model = N(
            width,
        ).eval()
        optimizer = torch.optim.Adam(model.parameters())
        model.load_state_dict(torch.load("weights.pt"))
        model.requires_grad_(False)
        x = torch.randn(2, width)
        print(model(x).shape)
    """)
    assert (site.name, site.module, site.expression, site.line) == ("Net", "pkg.model", "model(x)", 13)
    assert prelude(site) == [
        "import torch",
        "from pkg.model import Net as N, Other",
        "width = 8",
        "model = N(\n    width,\n).eval()",
        "model.requires_grad_(False)",
        "x = torch.randn(2, width)",
    ]


@pytest.mark.parametrize(
    ("statement", "constructor", "module"),
    [
        ("from pkg.model import Net", "Net", "pkg.model"),
        ("from pkg import model", "model.Net", "pkg.model"),
        ("from pkg import model as m", "m.Net", "pkg.model"),
        ("import pkg.model", "pkg.model.Net", "pkg.model"),
        ("import pkg.model as m", "m.Net", "pkg.model"),
        ("import model", "model.Net", "model"),
        ("", "model.Net", "model"),
        ("", "Net", None),
    ],
)
def test_the_module_that_a_class_was_imported_from(statement: str, constructor: str, module: str | None) -> None:
    site = only(f"{statement}\nnet = {constructor}(8)\nnet(x)\n")
    assert (site.name, site.module) == ("Net", module)


def test_the_first_turn_of_a_loop_over_what_is_known() -> None:
    site = only("""
        learner = Net(8)
        for step in range(100):
            images = sample(step)
            loss = learner(images)
            loss.backward()
    """)
    assert (site.expression, site.line) == ("learner(images)", 4)
    assert prelude(site) == ["learner = Net(8)", "step = next(iter((range(100))))", "images = sample(step)"]


@pytest.mark.parametrize("items", ["[(2, 3), (4, 5)]", "((2, 3), (4, 5))", "(2, 3), (4, 5)"])
def test_a_loop_over_what_is_written_out(items: str) -> None:
    site = only(f"for width, depth in {items}:\n    Net(width)(depth)\n")
    (statement,) = prelude(site)
    values: dict[str, int] = {}
    exec(statement, values)
    assert (values["width"], values["depth"]) == (2, 3)


def test_the_nearest_binding_counts() -> None:
    site = sites("""
        net = Net(1)
        net(1)
        net = Net(2)
        net(2)
    """)[1]
    assert prelude(site) == ["net = Net(2)"]


@pytest.mark.parametrize(
    ("code", "expression"),
    [
        ("Net(8)(x)", "Net(8)(x)"),
        ("y = Net(8).to('cpu').eval()(x, mask=None)", "Net(8).to('cpu').eval()(x, mask=None)"),
        ("Net(8).forward(x)", "Net(8)(x)"),
        ("loss = f(Net(8)(x).sum())", "Net(8)(x)"),
        ("with torch.no_grad():\n    Net(8)(x)", "Net(8)(x)"),
        ("net, y = Net(8), 3\nnet(y)", "net(y)"),
    ],
)
def test_the_forms_of_a_call(code: str, expression: str) -> None:
    (site,) = (site for site in call_sites("/w/use.py", code) if site.name == "Net")
    assert site.expression == expression


@pytest.mark.parametrize(
    "code",
    [
        "for x in loader:\n    net = Net(8)\n    net(x)",
        "def test(net, x):\n    Net(8)(x)",
        "with open('f') as f:\n    Net(8)(f)",
        "net = Net(8)\nnet.fit(x)",
        "net = [Net(8) for _ in range(2)]\nnet[0](x)",
        "y = [Net(8)(x) for x in xs]",
        "Net(8)",
        "net(",
        "",
    ],
)
def test_what_is_no_call_in_a_straight_line(code: str) -> None:
    assert [site for site in call_sites("/w/use.py", code) if site.name == "Net"] == []


def test_main_blocks_know_their_module_and_repeat_nothing_of_it() -> None:
    site = only("""
        import torch

        class Net(torch.nn.Module):
            pass

        WIDTH = 8

        if __name__ == "__main__":
            net = Net(WIDTH)
            net(torch.randn(2, WIDTH))
    """)
    assert [statement.text for statement in site.prelude] == ["net = Net(WIDTH)"]
    assert [statement.line for statement in site.outer] == [1, 3, 6]


def test_a_function_without_parameters_or_with_known_ones() -> None:
    site = only("""
        import model

        class TestNet:
            @pytest.mark.parametrize("width, depth", [(8, 1), (16, 2)])
            @pytest.mark.parametrize("bias", [True])
            def test(self, width, depth, bias, n=3):
                net = model.Net(width, depth, bias)
                assert net(torch.randn(n,
                                       width)).shape == (n, width)
    """)
    assert (site.name, site.module) == ("Net", "model")
    assert prelude(site) == [
        "import model",
        "(width, depth) = list([(8, 1), (16, 2)])[0]",
        "bias = list([True])[0]",
        "n = 3",
        "net = model.Net(width, depth, bias)",
    ]


def test_fixtures_of_the_same_file() -> None:
    site = only("""
        @pytest.fixture
        def width():
            return 8

        @pytest.fixture(params=[pytest.param(2, id="few"), 3])
        def depth(request):
            return request.param

        @pytest.fixture(scope="module")
        def net(width, depth):
            made = Net(width, depth)
            made.eval()
            yield made

        def test_net(net):
            net(torch.randn(2, 8))
    """)
    assert (site.name, site.expression, site.line) == ("Net", "net(torch.randn(2, 8))", 16)
    assert prelude(site) == [
        "width = (8)",
        "request = __import__('types').SimpleNamespace(param=2)",
        "depth = (request.param)",
        "made = Net(width, depth)",
        "made.eval()",
        "net = (made)",
    ]


def test_a_fixture_that_is_not_in_the_file_is_unknown() -> None:
    assert sites("def test_net(net):\n    Net(8)(net)") == []


def test_set_up_methods_and_fields_of_a_test_class() -> None:
    (site,) = sites("""
        class NetTest(unittest.TestCase):
            width = 8
            unused = 9

            def setUp(self):
                super().setUp()
                self.net = Net(self.width).eval()
                self.other = Other()

            def test_call(self):
                x = torch.randn(2, self.width)
                with self.subTest("small"), torch.no_grad():
                    out = self.net(x)
                self.assertEqual(out.shape, x.shape)
    """)
    assert (site.name, site.expression) == ("Net", "self.net(x)")
    assert prelude(site) == [
        "self = __import__('types').SimpleNamespace()",
        "self.width = 8",
        "self.net = Net(self.width).eval()",
        "x = torch.randn(2, self.width)",
    ]


def test_the_first_case_of_a_parametrized_test() -> None:
    (one, two, three) = sites("""
        @pytest.mark.parametrize(("width", "bias"), [pytest.param(8, True, id="small"), (9, False)])
        def test_names(width, bias):
            Net(width, bias)(torch.randn(2, width))

        @pytest.mark.parametrize("width", [4, 8])
        class TestNet:
            def test_of_the_class(self, width):
                Net(width)(torch.randn(2, width))

        class Cases(unittest.TestCase):
            @parameterized.expand([(3, 4), (5, 6)])
            def test_expanded(self, width, depth):
                Net(width, depth)(torch.randn(2, width))
    """)
    assert prelude(one) == ["(width, bias) = (8, True,)"]
    assert prelude(two) == ["width = list([4, 8])[0]"]
    assert prelude(three) == ["(width, depth) = list([(3, 4), (5, 6)])[0]"]


def test_an_instance_that_a_function_of_the_file_builds() -> None:
    site = only("""
        def build(width):
            net = Net(width)
            return net.eval()

        def test_build():
            net = build(8)
            net(torch.randn(2, 8))
    """)
    assert (site.name, site.expression) == ("Net", "net(torch.randn(2, 8))")
    assert [statement.text.partition("(")[0] for statement in (*site.outer, *site.prelude)] == [
        "def build",
        "net = build",
    ]


def test_statements_of_several_lines_keep_their_form() -> None:
    site = only("""
        def main():
            if fast:
                width = 8
            else:
                width = 16
            Net(width)(1)
    """)
    assert prelude(site) == ["if fast:\n    width = 8\nelse:\n    width = 16"]


def test_doctests() -> None:
    site = only('''
        """A module.

        >>> net = Net(8)
        >>> out = net(torch.randn(
        ...     2, 8))
        >>> out.shape
        torch.Size([2, 8])
        """
    ''')
    assert (site.line, site.column) == (4, 11)
    assert prelude(site) == ["net = Net(8)"]
    assert site.expression == "net(torch.randn(\n    2, 8))"


MARKDOWN = """\
# Title

```python
import torch
from pkg import Net
```

- and

  ```py
  net = Net(8)
  net(torch.randn(2, 8))
  ```

```bash
Net(1)(2)
```
"""
RST = """\
Usage::

    net = Net(8)
    net(1)

Text.

.. code-block:: bash

    Net(1)(2)

.. code-block:: python

    Net(2)(3)
"""


def test_documentation() -> None:
    site = only(MARKDOWN, "/w/README.md")
    assert (site.name, site.module, site.line, site.column) == ("Net", "pkg", 12, 3)
    assert prelude(site) == ["import torch", "from pkg import Net", "net = Net(8)"]
    assert [(site.line, site.expression) for site in sites(RST, "/w/usage.rst")] == [(4, "net(1)"), (14, "Net(2)(3)")]


def test_places_count_characters() -> None:
    site = only("é = 'é'; Net(8)(é)")
    assert (site.line, site.column) == (1, 10)
