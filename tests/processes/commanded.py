"""A command of which a test says when it traces and when it ends: reads lines, and answers with lines."""

from __future__ import annotations

import sys

from aotlens.session.tracer.client import TracerEnded
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import TraceParams


def main(python: str, folder: str) -> None:
    """Trace the files that stdin names, one after the other. A tracer that ends is started again."""
    while True:
        try:
            with TracerProcess(python, folder) as tracer:
                print("ready", flush=True)
                for line in sys.stdin:
                    _trace(tracer, line.strip())
            return
        except TracerEnded as error:
            print(f"failed: {error}", flush=True)


def _trace(tracer: TracerProcess, path: str) -> None:
    params = TraceParams(path, "Model", (), timeout=4, fence=Fence(False))  # the file shows how far it has come
    try:
        answer = tracer._run(tracer._client.request("trace", params))
    except TracerEnded as error:
        print(f"ended: {error}", flush=True)
        tracer.restart()
    else:
        print("answered" if "said" in answer["result"] else "refused", flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
