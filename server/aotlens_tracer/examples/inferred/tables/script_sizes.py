"""Names by which scripts call the sizes of their batches."""

from __future__ import annotations

import re

from .sizes import BATCH, LENGTH

SCRIPT_SIZES: tuple[tuple[int, re.Pattern[str]], ...] = (
    (BATCH, re.compile(r"((per_device_)?train_|micro_|device_|local_)?batch_?size|bs|bsz", re.IGNORECASE)),
    (
        LENGTH,
        re.compile(
            r"(max_)?(seq|sequence|context)_?(len|length|size)|block_size|n_ctx|max_(len|length)", re.IGNORECASE
        ),
    ),
)
"""Each usual size of a guess, and the names of integers of a script that say it better."""
