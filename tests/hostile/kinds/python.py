"""What a module does to Python: it replaces functions, modules and hooks that everything uses."""

from __future__ import annotations

from .kind import HERE, Kind, at_import, in_forward

_REPLACED = "ZeroDivisionError: replaced"
_RAISES = "\n\ndef no(*_, **__):\n    raise ZeroDivisionError('replaced')\n\n\n"


def _replaces(module: str, *names: str) -> str:
    """A module that replaces functions of a module by one that raises."""
    raises = _RAISES.replace("')\n", f"')  {HERE}\n", 1)
    return at_import(f"import {module}{raises}" + "\n".join(f"{module}.{name} = no" for name in names))


KINDS = {
    "replaces json": Kind(_replaces("json", "dumps", "loads", "dump", "load", "JSONEncoder", "JSONDecoder")),
    "replaces the encoder of json": Kind(
        at_import(
            f"import json.encoder{_RAISES}json.encoder.encode_basestring_ascii = json.encoder.JSONEncoder.encode = json.encoder.JSONEncoder.iterencode = no"
        )
    ),
    "replaces os": Kind(
        _replaces("os", "write", "fstat", "getpid", "open", "close", "dup2", "chdir", "getcwd", "_exit"),
        "import|example|capture",
        _REPLACED,
        or_traced=True,  # which of them are called after the import depends on what is known by then
    ),
    "replaces os.path": Kind(
        _replaces("os.path", "realpath", "abspath", "isfile", "exists", "dirname", "join", "relpath"),
        "import",
        _REPLACED,
    ),
    "replaces isinstance": Kind(_replaces("builtins", "isinstance"), "import", _REPLACED),
    "replaces len": Kind(_replaces("builtins", "len"), "import", _REPLACED),
    "replaces print": Kind(at_import(f"import builtins{_RAISES}builtins.print = no")),
    "replaces open": Kind(at_import(f"import builtins{_RAISES}builtins.open = no")),
    "replaces repr, str, type": Kind(
        at_import(f"import builtins{_RAISES}builtins.repr = builtins.str = builtins.type = no"),
        "import",
        "isinstance",
        placed=False,
    ),
    "replaces getattr and hasattr": Kind(_replaces("builtins", "getattr", "hasattr"), "import", _REPLACED),
    "replaces __import__": Kind(_replaces("builtins", "__import__"), "example", _REPLACED),
    "replaces __build_class__": Kind(
        at_import(f"import builtins{_RAISES}builtins.__build_class__ = no  {HERE}"), "import", "replaced", placed=False
    ),
    "empties builtins": Kind(
        at_import(
            "import builtins\nfor name in list(vars(builtins)):\n    if name[0].islower() and name not in ('super', 'vars', 'list'):\n        vars(builtins).pop(name)"
        ),
        "import",
        "NameError",
        placed=False,
    ),
    "replaces traceback": Kind(
        at_import(
            f"import traceback{_RAISES}traceback.extract_tb = traceback.format_exc = traceback.TracebackException = no\nraise ValueError('after')  {HERE}"
        ),
        "import",
        "ValueError: after",
    ),
    "replaces linecache": Kind(
        at_import(
            f"import linecache{_RAISES}linecache.getline = linecache.checkcache = linecache.getlines = no\nraise ValueError('after')  {HERE}"
        ),
        "import",
        "ValueError: after",
    ),
    "replaces inspect": Kind(
        _replaces("inspect", "signature", "getsource", "getmodule", "unwrap"), "example", _REPLACED
    ),
    "replaces dataclasses": Kind(
        _replaces("dataclasses", "fields", "replace", "is_dataclass", "asdict"),
        "import|example|capture",
        _REPLACED,
    ),
    "replaces time": Kind(_replaces("time", "monotonic", "time", "perf_counter", "sleep"), "import", _REPLACED),
    "a clock that stands still": Kind(
        at_import("import time\ntime.monotonic = time.time = time.perf_counter = lambda: 0.0")
    ),
    "replaces functools": Kind(_replaces("functools", "wraps", "partial", "lru_cache", "cache"), "import", _REPLACED),
    "replaces contextlib": Kind(
        _replaces("contextlib", "suppress", "contextmanager", "ExitStack"), "import", _REPLACED
    ),
    "replaces warnings": Kind(_replaces("warnings", "warn", "catch_warnings", "simplefilter"), "capture", _REPLACED),
    "replaces re": Kind(_replaces("re", "compile", "match", "sub", "search"), "example", _REPLACED),
    "empties sys.modules": Kind(
        at_import("import sys\nsys.modules.clear()"), stage="import", message="took itself out of sys.modules"
    ),
    "removes itself from sys.modules": Kind(
        at_import("import sys\ndel sys.modules[__name__]"), stage="import", message="took itself out of sys.modules"
    ),
    "is None in sys.modules": Kind(
        at_import("import sys\nsys.modules[__name__] = None"), "import", "took itself out of sys.modules"
    ),
    "is another object in sys.modules": Kind(
        at_import(
            "import sys\n\n\nclass Lazy:\n    def __getattr__(self, name):\n        raise KeyError(name)  # <- here\n\n\nsys.modules[__name__] = Lazy()"
        ),
        "import",
        "KeyError",
    ),
    "removes torch from sys.modules": Kind(
        at_import(
            "import sys\nfor name in [n for n in sys.modules if n.startswith('torch')]:\n    del sys.modules[name]"
        ),
        "example",  # torch is imported a second time, which it does not support: it fails in many ways
        placed=False,
    ),
    "an import hook that raises": Kind(
        at_import(
            "import sys\n\n\nclass Hook:\n    def find_spec(self, *_):\n        raise ZeroDivisionError('hook')\n\n\nsys.meta_path.insert(0, Hook())"
        )
    ),
    "an import hook that hangs": Kind(
        at_import(
            f"import sys\nimport time\n\n\nclass Hook:\n    def find_spec(self, *_):\n        time.sleep(600)  {HERE}\n\n\nsys.meta_path.insert(0, Hook())"
        ),
        "import|example|capture",
        "still running",
        "timeout",
        or_traced=True,  # whether torch still imports something decides
        timeout=10,
    ),
    "no sys.path": Kind(
        at_import("import sys\nsys.path[:] = []\nsys.path_importer_cache.clear()\nsys.meta_path[:] = []")
    ),
    "sys.path has other things": Kind(at_import("import sys\nsys.path[:0] = [None, 3, object()]")),
    "sys.settrace raises": Kind(
        at_import(
            "import sys\n\n\ndef tracing(*_):\n    raise ZeroDivisionError('trace')  # <- here\n\n\nsys.settrace(tracing)"
        ),
        "import",
        "ZeroDivisionError: trace",
    ),
    "sys.setprofile": Kind(at_import("import sys\nsys.setprofile(lambda *_: None)")),
    "audit hook raises": Kind(
        at_import(
            "import sys\n\n\ndef hook(event, arguments):\n    if event == 'open':\n        raise ZeroDivisionError('audit')  # <- here\n\n\nsys.addaudithook(hook)"
        ),
        "import|example",  # in a server the first file is opened later
        "ZeroDivisionError: audit",
    ),
    "gc callbacks raise": Kind(
        at_import(
            "import gc\n\n\ndef called(*_):\n    raise ZeroDivisionError('gc')\n\n\ngc.callbacks.append(called)\ngc.set_threshold(1)"
        )
    ),
    "excepthooks exit": Kind(
        at_import(
            f"import os\nimport sys\nimport threading\nsys.excepthook = threading.excepthook = sys.unraisablehook = lambda *_: os._exit(9)\nraise ValueError('after')  {HERE}"
        ),
        "import",
        "ValueError: after",
    ),
    "recursion limit of 60": Kind(
        at_import("import sys\nsys.setrecursionlimit(60)"), "capture", "RecursionError", placed=False
    ),
    "switch interval of a day": Kind(at_import("import sys\nsys.setswitchinterval(86400)")),
    "warnings and numbers": Kind(at_import("import sys\nsys.set_int_max_str_digits(640)\nX = 10 ** 5000")),
    "coroutines and generators at module level": Kind(
        at_import("g = (i for i in iter(int, 1))\n\n\nasync def f():\n    pass\n\n\nc = f()")
    ),
    "module __getattr__ raises": Kind(at_import("def __getattr__(name):\n    raise ZeroDivisionError(name)")),
    "module __dict__ has other keys": Kind(at_import("globals()[3] = 4\nglobals()[None] = None")),
    "module __file__ lies": Kind(at_import("__file__ = 3\n__name__ = None\n__spec__ = 5\n__loader__ = 6")),
    "writes to our objects": Kind(
        at_import(
            "import sys\n\nfor name in [name for name in sys.modules if name.startswith('_aotlens')]:\n    vars(sys.modules[name]).clear()"
        ),
        "import",
        "ended without an answer",
        "crash",
        placed=False,
    ),
    "raises an exception whose text hangs": Kind(
        at_import(
            f"import time\n\n\nclass E(Exception):\n    def __str__(self):\n        time.sleep(600)\n\n\nraise E  {HERE}"
        ),
        stage="import",
        reason="timeout",
        timeout=4,
        placed=False,
    ),
    "raises an exception whose text is no text": Kind(
        at_import(f"class E(Exception):\n    def __str__(self):\n        return 3\n\n\nraise E  {HERE}"),
        "import",
        "E: .*__str__",
    ),
    "raises an exception whose class lies": Kind(
        at_import(
            f"class M(type):\n    @property\n    def __name__(cls):\n        raise KeyError('name')\n\n    __module__ = __name__\n\n\nclass E(Exception, metaclass=M):\n    pass\n\n\nraise E('x')  {HERE}"
        ),
        "import",
        "",
        placed=False,
    ),
    "raises itself as its cause": Kind(
        at_import(
            f"e = ValueError('round')\nf = KeyError('and round')\ne.__cause__, f.__cause__ = f, e\nraise e  {HERE}"
        ),
        "import",
        "round",
    ),
    "raises a group of groups": Kind(
        at_import(f"e = ValueError('deep')\nfor _ in range(20000):\n    e = ExceptionGroup('g', [e])\nraise e  {HERE}"),
        "import",
        "g",
    ),
    "raises a text of megabytes": Kind(
        at_import(f"raise ValueError('x' * 50_000_000)  {HERE}"), "import", "characters left out"
    ),
    "raises a chain of thousands": Kind(
        at_import(
            "def f(n):\n    try:\n        raise ValueError(n)\n    except ValueError as e:\n        return e\n\n\ne = None\nfor i in range(3000):\n    n = f(i)\n    n.__cause__ = e\n    e = n\n"
            + f"raise e  {HERE}"
        ),
        stage="import",
        message="2999",
        placed=False,
    ),
    "KeyboardInterrupt in forward": Kind(
        in_forward(f"raise KeyboardInterrupt  {HERE}"), stage="forward", message="KeyboardInterrupt"
    ),
    "GeneratorExit": Kind(at_import(f"raise GeneratorExit  {HERE}"), "import", "GeneratorExit"),
}
