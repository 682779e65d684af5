"""Run `aotlens` with only the packages beside this file."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "libs"))

from aotlens.cli import main

main()
