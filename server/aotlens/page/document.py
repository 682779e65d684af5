"""The page as one text of HTML: the template with its style, its script, and the facts inside.

The page may load nothing, and run nothing but its own script: its content security policy has the hashes of both.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib.resources import files

from aotlens import __version__
from aotlens.explain.paths import PathLabel, from_packages
from aotlens.explain.visible import visible, visible_in_html, visible_line
from aotlens.syntax.source import SourceTexts
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .blocks import Data
from .places import Places
from .targets import page_data, target_name

MARK = '<meta name="generator" content="aotlens report">'
"""Stands near the beginning of every page, and in no other file."""
STYLES = ("page.css", "treemap.css", "print.css")
SCRIPTS = (
    "dom.js",
    "words.js",
    "state.js",
    "details.js",
    "summary.js",
    "flow.js",
    "slots.js",
    "treemap.js",
    "modules.js",
    "graph.js",
    "search.js",
    "start.js",
)
"""The parts of the script, which are put together in this order."""
_FIELD = re.compile(r"\{\{(\w+)\}\}")


def page(maps: Sequence[DescriptorMap], texts: SourceTexts, path_label: PathLabel) -> str:
    """The page about some maps. `texts` has the sources, of which lines are shown."""
    places = Places(texts, from_packages(path_label))
    names = [target_name(map, places) for map in maps]
    title = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    facts = json.dumps(_visible(page_data(maps, __version__, places)), ensure_ascii=False, separators=(",", ":"))
    style = "\n".join(map(_template, STYLES))
    script = '(() => {\n"use strict";\n' + "\n".join(map(_template, SCRIPTS)) + "})();\n"
    fields = {
        "policy": html.escape(_policy(style, script)),
        "mark": MARK,
        "title": html.escape(visible_line(f"{title} · aotlens report")),
        "style": style,
        "script": script,
        "facts": visible_in_html(facts),
    }
    return _FIELD.sub(lambda match: fields[match[1]], _template("page.html"))


def _policy(style: str, script: str) -> str:
    """No network, no other script or style, and no HTML that is made of texts."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{_hash(style)}'",
            f"script-src 'sha256-{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _template(name: str) -> str:
    return (files(__package__) / "template" / name).read_text(encoding="utf-8")


def _visible(value: Data) -> Data:
    """A value of JSON, whose texts have no control characters and none that change the direction of text."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, (list, tuple)):
        return [_visible(item) for item in value]
    if isinstance(value, dict):
        return {key: _visible(item) for key, item in value.items()}
    return value
