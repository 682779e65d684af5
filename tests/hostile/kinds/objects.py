"""Objects that hang, raise or lie when they are looked at; and modules that are too deep, too wide, or endless."""

from __future__ import annotations

from .kind import BLOCK, HEADER, HERE, PIN, Kind, at_import, in_constructor, in_forward, with_argument

_SLOW = f"import time\n\n\nclass X:\n    def {{name}}(self, *_):\n        time.sleep(600)  {HERE}\n"
_BAD = "class X:\n    def {name}(self, *_):\n        raise ZeroDivisionError('looked at')\n"
_ATTRIBUTE = "self.x = X()"
_NO_CUDA = "not compiled with CUDA"
_NO_INPUT = "not supported or pytree-flattenable"


def _kept(template: str, name: str) -> str:
    """A module that keeps an object with such a method."""
    return in_constructor(_ATTRIBUTE).replace(PIN, template.format(name=name) + "\n\n" + PIN)


def _given(template: str, name: str) -> str:
    """A module that gets an object with such a method as an argument."""
    source = HEADER + template.format(name=name) + "\n\n" + BLOCK
    return source.replace(PIN, "# aotlens: Block(4)(torch.randn(2, 4), X())").replace("(self, x)", "(self, x, o)")


def _module(code: str, more: str = "") -> str:
    """A module with further members; `code` brings its own indentation."""
    return HEADER + more + BLOCK + "\n" + code


KINDS = {
    **{
        f"an attribute whose {name} raises": Kind(_kept(_BAD, name))
        for name in (
            "__repr__",
            "__eq__",
            "__hash__",
            "__getattr__",
            "__bool__",
            "__len__",
            "__iter__",
            "__del__",
            "__deepcopy__",
            "__reduce_ex__",
        )
    },
    **{
        f"an attribute whose {name} hangs": Kind(_kept(_SLOW, name))
        for name in ("__repr__", "__eq__", "__hash__", "__len__")
    },
    "an attribute whose __del__ hangs": Kind(_kept(_SLOW, "__del__"), timeout=5),  # the map is there before
    **{
        f"an argument whose {name} raises": Kind(_given(_BAD, name), "capture", _NO_INPUT)
        for name in ("__repr__", "__eq__", "__hash__", "__getattr__", "__bool__")
    },
    "an argument whose __repr__ hangs": Kind(_given(_SLOW, "__repr__"), "capture", _NO_INPUT, placed=False),
    "an argument whose __getattr__ hangs": Kind(_given(_SLOW, "__getattr__"), "capture", _NO_INPUT, placed=False),
    "an attribute whose __class__ raises": Kind(
        in_constructor(_ATTRIBUTE).replace(
            PIN,
            "class X:\n    @property\n    def __class__(self):\n        raise ZeroDivisionError('class')\n\n\n" + PIN,
        ),
        "example",
        "ZeroDivisionError: class",
        placed=False,
    ),
    "an attribute whose __class__ is a Tensor": Kind(
        in_constructor(_ATTRIBUTE).replace(
            PIN, "class X:\n    @property\n    def __class__(self):\n        return torch.Tensor\n\n\n" + PIN
        )
    ),
    "an attribute whose __class__ is a Parameter": Kind(
        in_constructor(_ATTRIBUTE).replace(
            PIN, "class X:\n    @property\n    def __class__(self):\n        return nn.Parameter\n\n\n" + PIN
        ),
        "example",
        "AttributeError",
    ),
    "a class whose __module__ raises": Kind(
        HEADER
        + "\n\nclass M(type):\n    @property\n    def __module__(cls):\n        raise ZeroDivisionError('module')\n\n\n"
        + BLOCK.replace("(nn.Module)", "(nn.Module, metaclass=M)")
    ),
    "a class whose __qualname__ and __name__ lie": Kind(
        HEADER
        + "\n\nclass M(type):\n    @property\n    def __name__(cls):\n        return 3\n\n\n"
        + BLOCK.replace("(nn.Module)", "(nn.Module, metaclass=M)")
    ),
    "a metaclass whose __call__ hangs": Kind(
        HEADER
        + f"import time\n\n\nclass M(type):\n    def __call__(cls, *_):\n        time.sleep(600)  {HERE}\n\n\n"
        + BLOCK.replace("(nn.Module)", "(nn.Module, metaclass=M)"),
        "example",
        "still running",
        "timeout",
        timeout=3,
    ),
    "a metaclass whose __instancecheck__ raises": Kind(
        HEADER
        + "\n\nclass M(type):\n    def __instancecheck__(cls, _):\n        raise ZeroDivisionError('instance')\n\n    __subclasscheck__ = __instancecheck__\n\n\n"
        + BLOCK.replace("(nn.Module)", "(nn.Module, metaclass=M)")
    ),
    "a metaclass whose __getattribute__ raises": Kind(
        HEADER
        + "\n\nclass M(type):\n    def __getattribute__(cls, name):\n        raise ZeroDivisionError(name)  # <- here\n\n\n"
        + BLOCK.replace("(nn.Module)", "(nn.Module, metaclass=M)"),
        "import",
        "ZeroDivisionError",
    ),
    "a module whose __repr__ hangs": Kind(
        _module("    def __repr__(self):\n        import time\n        time.sleep(600)\n")
    ),
    "a module whose named_parameters is endless": Kind(
        _module(
            "    def named_parameters(self, *a, **k):\n        while True:\n            yield 'x', self.fc.weight  # <- here\n"
        ),
        "example",
        "still running|more memory",
        "timeout|memory",
        timeout=6,
        memory=1,
    ),
    "a module whose named_modules raises": Kind(
        _module(f"    def named_modules(self, *a, **k):\n        raise ZeroDivisionError('modules')  {HERE}\n"),
        "example",
        "ZeroDivisionError: modules",
    ),
    "a module whose __getattr__ recurses": Kind(
        _module("    def __getattr__(self, name):\n        return getattr(self, name + '_')  # <- here\n"),
        "example",
        "RecursionError",
    ),
    "a module whose __getattr__ gives everything": Kind(
        _module(
            "    def __getattr__(self, name):\n        try:\n            return super().__getattr__(name)\n        except AttributeError:\n            return lambda *a, **k: None\n"
        )
    ),
    "a module whose __hash__ raises": Kind(
        _module("    def __hash__(self):\n        raise ZeroDivisionError('hash')  # <- here\n"),
        "example",
        "ZeroDivisionError: hash",
    ),
    "a module whose __eq__ is always true": Kind(
        _module("    def __eq__(self, other):\n        return True\n\n    __hash__ = nn.Module.__hash__\n")
    ),
    "a module whose __dict__ is no dict": Kind(
        _module("    @property\n    def __dict__(self):\n        return 3\n"),
        "example",
        "'int' object has no attribute",
    ),
    "a module that contains itself": Kind(in_constructor("object.__getattribute__(self, '_modules')['me'] = self")),
    "two modules that contain each other": Kind(
        in_constructor("self.child = nn.Module()\n        self.child.parent = self")
    ),
    "a module of 2,000 layers": Kind(
        HEADER
        + "# aotlens: Block(4)(torch.randn(2, 4))\nclass Block(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n        self.layers = nn.ModuleList(nn.Linear(n, n) for _ in range(2000))\n\n    def forward(self, x):\n        for layer in self.layers:\n            x = layer(x)\n        return x\n",
        timeout=600,
    ),
    "a module in a module in a module": Kind(
        HEADER
        + "class Layer(nn.Module):\n    def __init__(self, inner):\n        super().__init__()\n        self.inner = inner\n\n    def forward(self, x):\n        return self.inner(x)  # <- here\n\n\n# aotlens: Block(4)(torch.randn(2, 4))\nclass Block(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n        m = nn.Linear(n, n)\n        for _ in range(400):\n            m = Layer(m)\n        self.m = m\n\n    def forward(self, x):\n        return self.m(x)\n",
        "forward",
        "RecursionError",
    ),
    "a module of 20,000 buffers": Kind(
        in_constructor("for i in range(20000): self.register_buffer(f'b{i}', torch.zeros(1))"), timeout=600
    ),
    "a huge attribute": Kind(
        in_constructor(
            "self.text = 'x' * 100_000_000; self.numbers = list(range(2_000_000)); self.nested = {}\n        for i in range(100_000): self.nested = {'a': self.nested} if i < 900 else self.nested"
        ),
    ),
    "a list that contains itself": Kind(in_constructor("self.items = []; self.items.append(self.items)")),
    "an argument that contains itself": Kind(
        with_argument("LOOP = []\nLOOP.append(LOOP)", "Block(4)(torch.randn(2, 4), LOOP)").replace(
            "(self, x)", "(self, x, o)"
        ),
        "capture",
        r"`o\[0\]` is `o`",
    ),
    "a generator as a parameter": Kind(
        with_argument(
            "def endless():\n    while True:\n        yield 1", "Block(4)(torch.randn(2, 4), endless())"
        ).replace("(self, x)", "(self, x, o)"),
        "capture",
        _NO_INPUT,
    ),
    "returns a generator": Kind(
        in_forward(f"return (self.fc(x) for _ in iter(int, 1))  {HERE}"),
        "capture",
        "still running|more memory",
        "timeout|memory",
        timeout=6,
        memory=2,
    ),
    "returns something that contains itself": Kind(
        in_forward("y = [self.fc(x)]\n        y.append(y)\n        return y"), "capture", r"`output\[1\]` is `output`"
    ),
    "names that are no names": Kind(
        in_constructor(
            "self._modules['a\\x1b[31m\\nb'] = nn.Linear(n, n); self._parameters['\\ud800'] = nn.Parameter(torch.zeros(1))"
        )
    ),
    "a buffer without a name": Kind(
        in_constructor("self._buffers[''] = torch.zeros(1)"),
        "capture",
        "KeyError",  # torch refuses it
    ),
    "a name of a module with a dot": Kind(
        in_constructor("self._modules['a.b'] = nn.Linear(n, n)"),
        "capture",
        "no attribute .a",  # torch refuses it
    ),
    "names that are no strings": Kind(
        in_constructor("self._parameters[3] = nn.Parameter(torch.zeros(1)); self._buffers[None] = torch.zeros(1)"),
        "example",
        "can only concatenate str",
    ),
    "members that are no tensors": Kind(
        in_constructor("self._parameters['p'] = 3; self._buffers['b'] = 'text'; self._modules['m'] = 4"),
        "example",
        "'int' object has no attribute 'named_modules'",
    ),
    # torch
    "replaces functions of torch": Kind(
        at_import(
            "def no(*_, **__):\n    raise ZeroDivisionError('torch')  # <- here\n\n\ntorch.randn = torch.empty = torch.zeros = torch.equal = no"
        ),
        "example",
        "ZeroDivisionError: torch",
    ),
    "replaces nn.Module's methods": Kind(
        at_import(
            "def no(*_, **__):\n    raise ZeroDivisionError('nn')  # <- here\n\n\nnn.Module.named_parameters = nn.Module.named_modules = nn.Module.parameters = no"
        ),
        "example",
        "ZeroDivisionError: nn",
    ),
    "replaces Tensor's methods": Kind(
        at_import(
            "def no(*_, **__):\n    raise ZeroDivisionError('tensor')  # <- here\n\n\ntorch.Tensor.__repr__ = torch.Tensor.detach = torch.Tensor.clone = torch.Tensor.size = no"
        ),
        "example",
        "ZeroDivisionError: tensor",
    ),
    "replaces AOTAutograd": Kind(
        at_import(
            "import torch._functorch.aot_autograd as a\nfor name in list(vars(a)):\n    if name.startswith('aot'):\n        setattr(a, name, None)"
        ),
        "capture",
        "NoneType",
    ),
    "replaces torch.compile": Kind(at_import("torch.compile = torch._dynamo.optimize = torch._dynamo.export = None")),
    "sets the default device to cuda": Kind(at_import("torch.set_default_device('cuda')"), "example", _NO_CUDA),
    "moves to cuda": Kind(in_forward(f"return self.fc(x.cuda())  {HERE}"), "forward", _NO_CUDA),
    "a stream of cuda": Kind(in_forward("torch.cuda.synchronize()\n        return self.fc(x)")),
    "a check of C++ in an operator": Kind(
        in_forward(f"return torch.ops.aten.convolution(x, x, None, [1], [0], [1], False, [0], 0)  {HERE}"),
        "forward",
        "at least three dimensions",
    ),
    "reads beyond its memory": Kind(
        in_forward("torch.as_strided(torch.zeros(1), (4,), (1 << 40,), 0).sum().item()\n        return self.fc(x)")
    ),
    "a TorchDispatchMode that stays": Kind(
        at_import(
            "from torch.utils._python_dispatch import TorchDispatchMode\n\n\nclass M(TorchDispatchMode):\n    def __torch_dispatch__(self, f, t, a=(), k=None):\n        raise ZeroDivisionError('mode')  # <- here\n\n\nM().__enter__()"
        ),
        "example",
        "ZeroDivisionError: mode",
    ),
    "a TorchFunctionMode that stays": Kind(
        at_import(
            "from torch.overrides import TorchFunctionMode\n\n\nclass M(TorchFunctionMode):\n    def __torch_function__(self, f, t, a=(), k=None):\n        raise ZeroDivisionError('mode')  # <- here\n\n\nM().__enter__()"
        ),
        "example",
        "ZeroDivisionError: mode",
    ),
    "grad mode off for ever": Kind(at_import("torch.set_grad_enabled(False)")),
    "inference mode for ever": Kind(at_import("torch.inference_mode().__enter__()")),
    "deterministic and anomalous": Kind(
        at_import(
            "torch.use_deterministic_algorithms(True)\ntorch.autograd.set_detect_anomaly(True)\ntorch.set_default_dtype(torch.float64)"
        )
    ),
    "a backward that hangs": Kind(
        HEADER
        + f"import time\n\n\nclass F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return x.clone()\n\n    @staticmethod\n    def backward(ctx, g):\n        time.sleep(600)  {HERE}\n\n\n"
        + BLOCK.replace("return self.fc(x).relu()", "return F.apply(self.fc(x))"),
        "capture",
        "still running",
        "timeout",
        timeout=5,
    ),
    "a backward that aborts": Kind(
        HEADER
        + f"import os\n\n\nclass F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return x.clone()\n\n    @staticmethod\n    def backward(ctx, g):\n        os.abort()  {HERE}\n\n\n"
        + BLOCK.replace("return self.fc(x).relu()", "return F.apply(self.fc(x))"),
        "capture",
        "SIGABRT",
        "crash",
    ),
    "a hook that raises": Kind(
        in_constructor(f"self.register_full_backward_hook(lambda *_: 1 / 0)  {HERE}"), "forward", "ZeroDivisionError"
    ),
    "a tensor subclass whose flatten lies": Kind(
        HEADER
        + "class S(torch.Tensor):\n    @staticmethod\n    def __new__(cls, x):\n        return torch.Tensor._make_wrapper_subclass(cls, x.shape)\n\n    def __init__(self, x):\n        self.x = x\n\n    def __tensor_flatten__(self):\n        return ['nothing', 3], None\n\n    @staticmethod\n    def __tensor_unflatten__(*_):\n        return None\n\n    @classmethod\n    def __torch_dispatch__(cls, f, t, a=(), k=None):\n        return NotImplemented\n\n\n"
        + BLOCK.replace("Block(4)(torch.randn(2, 4))", "Block(4)(S(torch.randn(2, 4)))"),
        "forward",
        "returns NotImplemented",
    ),
}
