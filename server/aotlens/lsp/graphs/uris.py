"""The URIs of graphs.

`aotlens:/joint/home/ada/model.py/Block.graph` is the joint graph of `/home/ada/model.py::Block`.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote

from aotlens.explain.graph_lines import KINDS, Kind
from aotlens.model.snapshot import TargetKey
from aotlens.text.uris import SCHEME, quote_path

SUFFIX = ".graph"


class GraphName(NamedTuple):
    """One graph of a target."""

    key: TargetKey
    kind: Kind


def uri_of(graph: GraphName) -> str:
    """The URI of a graph."""
    path = graph.key.path.replace("\\", "/")
    path, name = quote_path(path.lstrip("/")), quote(graph.key.qualname, safe="", errors="replace")
    return f"{SCHEME}:/{graph.kind}/{path}/{name}{SUFFIX}"


def parse_uri(uri: str) -> GraphName | None:
    """The graph that a URI names; None for any other URI."""
    scheme, _, rest = uri.partition(":")
    kind, _, where = rest.lstrip("/").partition("/")
    path, _, name = where.rpartition("/")
    known = next((one for one in KINDS if one == kind), None)
    if scheme != SCHEME or known is None or not path or not name.endswith(SUFFIX):
        return None
    path = unquote(path, errors="surrogateescape")
    key = TargetKey(path if path[1:3] == ":/" else f"/{path}", unquote(name.removesuffix(SUFFIX)))
    return GraphName(key, known)
