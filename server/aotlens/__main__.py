"""`python -m aotlens` is the command `aotlens`."""

import contextlib
import os
import sys

# `python -m` searches the working directory before all else. An editor starts a server in the workspace, whose modules
# must not take the places of ours. The entry stays if aotlens itself is there.
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with contextlib.suppress(OSError):  # the working directory is gone
    if not sys.flags.isolated and sys.path[:1] == [os.getcwd()] != [_HERE]:
        del sys.path[0]

from .cli import main  # noqa: E402  # after the path is mended

main()
