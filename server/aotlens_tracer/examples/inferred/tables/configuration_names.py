"""What configurations, and the depths of stacks in them, are called."""

from __future__ import annotations

import re

