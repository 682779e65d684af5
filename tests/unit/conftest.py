"""Without torch (`.ci/run` has such Pythons) all unit tests run but one, which reads torch's descriptors."""

from __future__ import annotations

import importlib.util

collect_ignore = [] if importlib.util.find_spec("torch") else ["explain/test_words.py"]
