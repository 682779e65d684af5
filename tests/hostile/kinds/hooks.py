"""What a module hangs onto Python, torch and the system, to be called later: handlers, hooks, threads, at its exit."""

from __future__ import annotations

from .kind import BLOCK, HEADER, HERE, PIN, Kind, at_import, in_constructor, in_forward

_LIAR = """\
class Liar:
    __class__ = property(lambda self: int)

    def __getattr__(self, name):
        return self

    def __call__(self, *_, **__):
        return self

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __len__(self):
        return -1

    def __iter__(self):
        while True:
            yield self

    def __bool__(self):
        raise ZeroDivisionError("bool")

    def __repr__(self):
        return self
"""
_FUNCTION = """\
class T(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        {code}
"""
_OPERATOR = """\
import time


@torch.library.custom_op("hostile::slow", mutates_args=())
def slow(x: torch.Tensor) -> torch.Tensor:
    return x.clone()


@slow.register_fake
def _(x):
    {code}  # <- here
"""
_NODE = """\
class X:
    pass


def no(*_):
    raise ZeroDivisionError("flatten")  # <- here


torch.utils._pytree.register_pytree_node(X, no, no)
"""
_SPIN = "import threading\n\n\ndef spin():\n    while True:\n        pass\n\n\nfor _ in range({count}):\n    threading.Thread(target=spin, daemon=True).start()"
_MASK = "import signal\nimport time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ntime.sleep(600)"


def _above(code: str, call: str = "", forward: str = "") -> str:
    """A module with more code above it; with a second argument if a call says so."""
    source = HEADER + code + "\n\n" + BLOCK
    if call:
        source = source.replace(PIN, f"# aotlens: {call}").replace("(self, x)", "(self, x, o=None)")
    return source.replace("return self.fc(x).relu()", forward) if forward else source


KINDS = {
    "an attribute that lies about everything": Kind(
        in_constructor("self.liar = Liar()").replace(PIN, f"{_LIAR}\n\n{PIN}")
    ),
    "an argument that lies about everything": Kind(_above(_LIAR, "Block(4)(torch.randn(2, 4), Liar())")),
    "threads that spin": Kind(at_import(_SPIN.format(count=4))),
    "at its exit it hangs": Kind(at_import("import atexit\nimport time\natexit.register(time.sleep, 600)")),
    "after a fork it hangs": Kind(
        at_import("import os\nimport time\nos.register_at_fork(after_in_child=lambda: time.sleep(600))")
    ),
    "before a fork it raises": Kind(
        at_import("import os\n\n\ndef no():\n    raise ZeroDivisionError('fork')\n\n\nos.register_at_fork(before=no)")
    ),
    "a handler of the signal that asks for stacks": Kind(
        at_import(f"import signal\nsignal.signal(signal.SIGUSR2, signal.SIG_IGN)\nwhile True:\n    pass  {HERE}"),
        "import",
        "still running",
        "timeout",
        timeout=3,
        placed=False,
    ),
    "blocks all signals": Kind(at_import(_MASK), "import", "still running", "timeout", timeout=3, placed=False),
    "no faulthandler": Kind(
        at_import(f"import faulthandler\nimport os\nfaulthandler.disable()\nos.abort()  {HERE}"),
        "import",
        "SIGABRT",
        "crash",
        placed=False,
    ),
    "gc is frozen and off": Kind(at_import("import gc\ngc.disable()\ngc.freeze()\ngc.set_debug(gc.DEBUG_SAVEALL)")),
    "another sys.modules": Kind(at_import("import sys\nsys.modules = {}"), "import", "took itself out of sys.modules"),
    "warnings are errors": Kind(at_import("import warnings\nwarnings.simplefilter('error')")),
    "nn.Module.__call__ raises": Kind(
        at_import(f"def no(*_, **__):\n    raise ZeroDivisionError('call')  {HERE}\n\n\nnn.Module.__call__ = no"),
        "forward",
        "ZeroDivisionError: call",
    ),
    "nn.Module.__setattr__ drops everything": Kind(
        at_import("nn.Module.__setattr__ = lambda *_: None"), "example", "has no attribute 'weight'", placed=False
    ),
    "__torch_function__ raises": Kind(
        _above(
            _FUNCTION.format(code=f"raise ZeroDivisionError('function')  {HERE}"),
            "Block(4)(torch.randn(2, 4).as_subclass(T))",
        ),
        "example",
        "ZeroDivisionError: function",
    ),
    "__torch_function__ hangs": Kind(
        _above(
            "import time\n\n\n" + _FUNCTION.format(code=f"time.sleep(600)  {HERE}"),
            "Block(4)(torch.randn(2, 4).as_subclass(T))",
        ),
        "example",
        "still running",
        "timeout",
        timeout=4,
    ),
    "an operator whose fake hangs": Kind(
        _above(_OPERATOR.format(code="time.sleep(600)"), forward="return slow(self.fc(x))"),
        "capture",
        "still running",
        "timeout",
        timeout=5,
        placed=False,  # Dynamo stands at the call
    ),
    "an operator whose fake gives no tensor": Kind(
        _above(_OPERATOR.format(code="return 3"), forward="return slow(self.fc(x))"), "forward", placed=False
    ),
    "a pytree node whose flatten raises": Kind(
        _above(_NODE, "Block(4)(torch.randn(2, 4), X())"), "example", "ZeroDivisionError: flatten"
    ),
    "containers 5,000 deep in the result": Kind(
        in_forward("y = self.fc(x)\n        for _ in range(5000):\n            y = [y]\n        return y"),
        "capture",
        "RecursionError",
    ),
    "__repr__ recurses": Kind(
        in_constructor("self.x = X()").replace(
            PIN, f"class X:\n    def __repr__(self):\n        return repr(self)\n\n\n{PIN}"
        )
    ),
    "a signature that is none": Kind(HEADER + BLOCK + "\n\nBlock.forward.__signature__ = 3\n"),
    "exits in forward": Kind(in_forward(f"raise SystemExit(3)  {HERE}"), "forward", r"sys\.exit\(3\)"),
    "starts what outlives it": Kind(
        at_import("import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)")
    ),
    "removes its own file": Kind(at_import(f"import os\nos.remove(__file__)  {HERE}"), "import", "PermissionError"),
}
