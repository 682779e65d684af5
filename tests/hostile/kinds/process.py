"""What a module does to its process: it ends it, fills it, closes what it has open, starts others."""

from __future__ import annotations

from .kind import HERE, Kind, at_import, in_constructor, in_forward

_THREAD = (
    "import threading\nimport os\n\n\ndef run():\n    {code}\n\n\nthreading.Thread(target=run, daemon={daemon}).start()"
)
_NATIVE = "import ctypes\n        ctypes.{call}  " + HERE

KINDS = {
    # it ends
    "exit in a thread": Kind(
        at_import(_THREAD.format(code=f"os._exit(4)  {HERE}", daemon=True) + "\nimport time\ntime.sleep(5)"),
        "import",
        r"os._exit\(4\)",
        "crash",
    ),
    "sys.exit in a thread": Kind(at_import(_THREAD.format(code="raise SystemExit(3)", daemon=False))),
    "os._exit at exit": Kind(at_import("import atexit\nimport os\natexit.register(os._exit, 5)")),
    "os.abort in forward": Kind(in_forward(f"import os\n        os.abort()  {HERE}"), "capture", "SIGABRT", "crash"),
    "os.abort in the constructor": Kind(
        in_constructor(f"import os\n        os.abort()  {HERE}"), "example", "SIGABRT", "crash"
    ),
    "abort of C++": Kind(
        in_forward(_NATIVE.format(call="CDLL('libstdc++.so.6')._ZSt9terminatev()")), "capture", "SIGABRT", "crash"
    ),
    "a real-time signal": Kind(
        at_import("import os\nimport signal\nos.kill(os.getpid(), signal.SIGRTMIN)"),
        "import",
        "SIGRTMIN",
        "crash",
        placed=False,
    ),
    "an alarm": Kind(
        at_import(f"import signal\nimport time\nsignal.alarm(1)\ntime.sleep(10)  {HERE}"),
        stage="import",
        message="SIGALRM",
        reason="crash",
        placed=False,
    ),
    "overflow of the stack in C": Kind(
        at_import(
            f"import sys\nsys.setrecursionlimit(10**9)\n\n\ndef f():\n    return [f() for _ in [0]]\n\n\nf()  {HERE}"
        ),
        stage="import",
        reason="crash|error|timeout|memory",
        timeout=3,
        memory=1,
        placed=False,
    ),
    "deep pickle": Kind(
        at_import(
            "import pickle\nimport sys\nsys.setrecursionlimit(10**6)\nx = []\nfor _ in range(500000):\n    x = [x]\n"
            f"pickle._dumps(x)  {HERE}"
        ),
        stage="import",
        reason="crash|error|timeout|memory",
        timeout=3,
        placed=False,
    ),
    "recursion in __reduce__": Kind(
        at_import(
            f"import copy\n\n\nclass R:\n    def __reduce__(self):\n        return copy.deepcopy, (R(),)\n\n\nR().__reduce__()[0](R())  {HERE}"
        ),
        "import",
        "RecursionError",
        placed=False,
    ),
    # it does not end
    "deadlock in a lock": Kind(
        at_import(f"import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()  {HERE}"),
        "import",
        "still running",
        "timeout",
        timeout=2,
    ),
    "sleeps in __del__": Kind(
        at_import("import time\n\n\nclass D:\n    def __del__(self):\n        time.sleep(600)\n\n\nkept = D()")
    ),
    "sleeps in __del__ at import": Kind(
        at_import(
            f"import time\n\n\nclass D:\n    def __del__(self):\n        time.sleep(600)  {HERE}\n\n\nkept = D()\ndel kept"
        ),
        "import",
        "still running",
        "timeout",
        timeout=2,
    ),
    "a thread that is waited for at exit": Kind(
        at_import("import threading\nthreading._register_atexit(lambda: threading.Event().wait())")
    ),
    "loops in native code": Kind(
        in_forward(f"x = torch.tensor([10**9]); import re\n        re.match(r'(a+)+$', 'a' * 40 + 'b')  {HERE}"),
        "capture",
        "still running",
        "timeout",
        timeout=3,
        placed=False,
    ),
    "catches everything and goes on": Kind(
        at_import(
            "import time\nwhile True:\n    try:\n        time.sleep(0.1)\n    except BaseException:\n        pass"
        ),
        "import",
        "still running",
        "timeout",
        timeout=2,
        placed=False,
    ),
    "stops itself": Kind(
        at_import("import os\nimport signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    ),
    "stops its group": Kind(
        at_import("import os\nimport signal\nos.killpg(0, signal.SIGSTOP)"),
    ),
    # it grows
    "a huge allocation in native code": Kind(
        at_import(
            f"import ctypes\nimport time\nlibc = ctypes.CDLL(None)\nlibc.malloc.restype = ctypes.c_void_p\nlibc.malloc.argtypes = [ctypes.c_size_t]\nlibc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]\nsize = 1 << 31\nlibc.memset(libc.malloc(size), 1, size)\ntime.sleep(30)  {HERE}"
        ),
        "import",
        "more memory",
        "memory",
        memory=0.8,
        placed=False,
    ),
    "a huge tensor": Kind(at_import(f"x = torch.ones(1 << 60)  {HERE}"), "import", "memory|allocate"),
    "a huge number": Kind(
        at_import(f"x = 10 ** (10 ** 10)  {HERE}"),
        "import",
        "still running",
        "timeout",
        timeout=2,
        memory=2,
        placed=False,
    ),
    "endless output": Kind(
        at_import(f"import os\nwhile True:\n    os.write(1, b'x' * 65536)  {HERE}"),
        "import",
        "still running",
        "timeout",
        timeout=2,
        placed=False,
    ),
    "endless lines": Kind(
        at_import(f"while True:\n    print('line')  {HERE}"),
        "import",
        "still running",
        "timeout",
        timeout=2,
        placed=False,
    ),
    "endless threads": Kind(
        at_import(
            "import threading\nimport time\n\n\ndef run():\n    time.sleep(600)\n\n\nwhile True:\n    threading.Thread(target=run, daemon=True).start()"
        ),
        "import",
        "still running|more memory|start new thread",
        "timeout|memory|error",  # what the machine runs out of first
        placed=False,
        timeout=3,
        memory=1,
    ),
    # A bomb without end would harm the machine that runs this table if its processes were not ended.
    "forks hundreds of processes": Kind(
        at_import("import os\nimport time\nfor _ in range(9):\n    os.fork()\ntime.sleep(600)"),
        "import",
        "more than 250 processes",
        "crash",
        placed=False,
    ),
    "a thousand descriptors": Kind(
        at_import(
            "import os\nkept = []\ntry:\n    while True:\n        kept.append(os.open('/dev/null', os.O_RDONLY))\nexcept OSError:\n    pass"
        )
    ),
    # it closes, replaces
    "closes the high descriptors": Kind(at_import("import os\nos.closerange(3, 1 << 21)")),
    "opens by number and drops it": Kind(
        at_import(
            "import os\n\nfor number in os.listdir('/dev/fd'):\n    try:\n        open(int(number))\n    except OSError:\n        pass"
        )
    ),
    "no descriptors left": Kind(at_import("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))")),
    "no file may grow": Kind(at_import("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))")),
    "no processor time": Kind(
        at_import(f"import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True:\n    pass  {HERE}"),
        "import",
        "SIGXCPU|SIGKILL",
        "crash",
        placed=False,
    ),
    "no memory": Kind(
        at_import("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))"),
        "import|example|capture",
        "Cannot allocate memory|MemoryError",
        reason="error|memory",
        placed=False,
    ),
    "the standard streams are pipes that nobody reads": Kind(
        at_import("import os\nr, w = os.pipe()\nos.dup2(w, 1)\nos.dup2(w, 2)\nprint('x')")
    ),
    "sys.stdout raises": Kind(
        at_import(
            "import sys\n\n\nclass Out:\n    def __getattr__(self, name):\n        raise RuntimeError(name)\n\n\nsys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Out()"
        )
    ),
    "signal handlers raise": Kind(
        at_import(
            "import signal\n\n\ndef handler(*_):\n    raise KeyError('signal')\n\n\nfor number in range(1, 65):\n    try:\n        signal.signal(number, handler)\n    except (OSError, ValueError):\n        pass"
        )
    ),
    "an interval timer raises": Kind(
        at_import(
            "import signal\n\n\ndef handler(*_):\n    raise KeyError('tick')\n\n\nsignal.signal(signal.SIGALRM, handler)\nsignal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)"
        ),
        "import|example|capture|forward",
        "tick",
        or_traced=True,  # what runs at the tick decides: torch may catch it, and go on
    ),
    "renices and changes its group": Kind(
        at_import("import os\nos.nice(19)\ntry:\n    os.setpgid(0, 0)\nexcept OSError:\n    pass")
    ),
    "changes the folder to nowhere": Kind(at_import("import os\nos.chdir('/proc')")),
}
