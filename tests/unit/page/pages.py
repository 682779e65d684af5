"""Pages about the kept maps of the features' tests, for unit tests and for the tests in a browser.

`python tests/unit/page/pages.py FOLDER` writes two: `kept.html` about several maps, and `hostile.html`, whose names try
to be HTML.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from aotlens.page.document import page
from aotlens.session.files import read_python
from aotlens.syntax.source import SourceTexts
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.json_codec import from_json, to_json
from unit.features.world import ROOT, load_map

NAMES = ("zoo", "failing", "paused_compile", "decoder")
HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>\u202e\x1b[31m\ud800"
"""A name that ends the element that it is in, runs a script, hides what follows, and commands a terminal."""


def label(path: str) -> str:
    return str(Path(path).relative_to(ROOT)) if path.startswith(str(ROOT)) else path


@cache
def html(*names: str) -> str:
    """The page about some kept maps."""
    return page([load_map(name) for name in names], SourceTexts(read_python), label)


@cache
def hostile_html() -> str:
    """The page about a map in which each `spare` in any text is another name, also in the source."""
    renamed = _renamed(to_json(load_map("zoo")))
    texts = SourceTexts(lambda path: read_python(path).replace("spare", HOSTILE))
    return page([from_json(DescriptorMap, renamed)], texts, label)


def facts(text: str) -> Any:
    """The facts in a page."""
    found = re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def _renamed(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("spare", HOSTILE)
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return {key: _renamed(item) for key, item in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "kept.html").write_text(html(*NAMES), encoding="utf-8")
    (folder / "hostile.html").write_text(hostile_html(), encoding="utf-8")
