"""Make the descriptor maps of the fixtures anew: `python tests/unit/features/make_maps.py` (needs torch).

They are kept as JSON beside the fixtures, with the folders that they name abbreviated, so that the tests of the
features need no torch.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(ROOT / "server"))

from aotlens.explain.failures import message  # noqa: E402
from aotlens.session.examples.candidates import File, candidates  # noqa: E402
from aotlens.session.examples.pinned import definition_lines  # noqa: E402
from aotlens.session.files import read_python  # noqa: E402
from aotlens.session.tracer.process import TracerProcess  # noqa: E402
from aotlens.syntax.definitions import definitions  # noqa: E402
from aotlens.syntax.training_steps import step_examples  # noqa: E402
from aotlens_tracer.wire.json_codec import to_json  # noqa: E402
from aotlens_tracer.wire.protocol import TraceParams  # noqa: E402

TARGETS = {
    "decoder": (ROOT / "docs/examples/decoder.py", "Decoder"),
    "zoo": (HERE / "project/zoo/model.py", "Zoo"),
    "attend": (HERE / "project/zoo/model.py", "attend"),
    "flow": (HERE / "project/control/flow.py", "Flow"),
    "llama": (HERE / "project/compiled/llama.py", "Llama"),
    "paused": (HERE / "project/compiled/llama.py", "Paused"),
    "net": (HERE / "project/compiled/net.py", "Net"),
    "scaled": (HERE / "project/subclasses/scaled.py", "Net"),
    "sharded": (HERE / "project/subclasses/sharded.py", "Mlp"),
    "replaced": (HERE / "project/subclasses/replaced.py", "Net"),
    "sized": (HERE / "project/dynamic/sized.py", "Sized"),
    "script": (HERE / "project/script/train.py", "main@loss"),
    "failing": (HERE / "project/failing/gated.py", "Model"),
}
FAILING = ("failing",)
"""The targets whose call fails."""
COMPILED = ("llama", "paused", "net")
"""The targets of which there is a map of torch.compile's graphs too."""
DYNAMIC = ("net",)
"""Those whose sizes are dynamic there; of these there is no other map."""


def main() -> None:
    """Trace the targets that are named on the command line, or all, and write their maps."""
    wanted = [(name, "export") for name in TARGETS if name not in DYNAMIC] + [(name, "compile") for name in COMPILED]
    with TracerProcess(sys.executable, str(ROOT)) as tracer:
        for name, convention in wanted:
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            path, qualname = TARGETS[name]
            known = definitions(read_python(str(path)))
            steps = step_examples(str(path), read_python(str(path)), [qualname])
            examples = candidates(File(path, known, steps=steps), qualname)
            lines = definition_lines(qualname, known)
            params = TraceParams(str(path), qualname, examples, convention=convention, definition_lines=lines)
            params = replace(params, dynamic=True) if name in DYNAMIC else params
            traced = tracer.trace(params).map
            if (traced.failure is not None) != (name in FAILING):
                sys.exit(f"{name}: {traced.status}") if traced.failure is None else sys.exit(
                    f"{name}: {message(traced.failure)}\n{traced.failure.traceback}"
                )
            text = json.dumps(to_json(traced), separators=(",", ":"))
            for folder, short in ((_torch(), "$TORCH"), (str(ROOT), "$ROOT")):  # torch may lie in a folder of ours
                text = text.replace(json.dumps(folder)[1:-1], short)
            text = re.sub(r"(___check_\w+_id\([^,]+), \d+", r"\1, 0", text)  # addresses differ from run to run
            # Seconds differ from run to run, and nothing here depends on them.
            value = json.loads(text) | {"seconds": {}}
            file = f"{name}.json" if convention == "export" else f"{name}_{convention}.json"
            (HERE / "maps" / file).write_text(_readable(value), encoding="utf-8")


def _torch() -> str:
    """The folder that torch is installed in."""
    import importlib.util

    spec = importlib.util.find_spec("torch")
    return os.path.dirname(spec.origin) if spec is not None and spec.origin else "/nowhere"


def _readable(value: dict) -> str:
    """One slot, module or saved value a line: differences between two versions can be read."""
    lines = []
    for key, item in value.items():
        if key == "graphs":
            item = [{name: _Rows(part) if isinstance(part, list) else part for name, part in g.items()} for g in item]
            graphs = ",\n".join(_object(graph) for graph in item)
            lines.append(f'"graphs": [\n{graphs}]')
        elif key in ("modules", "findings"):
            lines.append(f"{json.dumps(key)}: {_rows(item)}")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(item)}")
    return "{" + ",\n".join(lines) + "}\n"


class _Rows(list):
    pass


def _object(value: dict) -> str:
    parts = [
        f"{json.dumps(name)}: {_rows(part) if isinstance(part, _Rows) else json.dumps(part)}"
        for name, part in value.items()
    ]
    return "{" + ",\n".join(parts) + "}"


def _rows(items: list) -> str:
    return "[" + ",".join("\n" + json.dumps(item) for item in items) + "]"


if __name__ == "__main__":
    main()
