"""Settings of all tests: a run that decides what lands (CI) has the same random examples each time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
os.environ["AOTLENS_STRICT_RULES"] = "1"  # an exception in a repair rule is an error, in tracers that tests start too
