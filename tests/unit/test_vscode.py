"""The VS Code extension and the server agree on version, settings and bundled packages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from aotlens import __version__
from aotlens.session.settings import DEFAULT_EXCLUDE, RUN_CHOICES, VALUE_HINTS, Settings, parse_settings
from aotlens_tracer.wire.protocol import CONVENTIONS

ROOT = Path(__file__).parent.parent.parent
PACKAGE = json.loads((ROOT / "vscode-extension/package.json").read_text(encoding="utf-8"))
CLIENTS_OWN = {
    "aotlens.graph.followCursor",
    "aotlens.importStrategy",
    "aotlens.trace.server",
    "aotlens.trust.folders",
}


def properties() -> dict[str, Any]:
    return {
        name: value for part in PACKAGE["contributes"]["configuration"] for name, value in part["properties"].items()
    }


def test_version() -> None:
    assert PACKAGE["version"] == __version__


def test_each_setting_of_the_server_is_one_of_the_extension() -> None:
    documented = re.findall(r"`([a-zA-Z.]+)`", "".join(
        line.split("|")[1] for line in (ROOT / "docs/editors.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and len(line.split("|")) == 5
    ))  # fmt: skip
    names = {name.removeprefix("aotlens.") for name in properties().keys() - CLIENTS_OWN}
    assert names <= set(documented)
    assert len(names) == len(Settings.__dataclass_fields__) + 6  # inlayHints, the cluster and the fence are three each


def test_the_defaults_are_those_of_the_server() -> None:
    section: dict[str, Any] = {}
    for name, value in properties().items():
        *path, last = name.removeprefix("aotlens.").split(".")
        place = section
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value["default"]
    assert parse_settings(section) == (Settings(), [])
    assert properties()["aotlens.trace.exclude"]["default"] == list(DEFAULT_EXCLUDE)
    assert properties()["aotlens.trace.run"]["enum"] == list(RUN_CHOICES)
    assert properties()["aotlens.inlayHints.values"]["enum"] == list(VALUE_HINTS)


def test_the_conventions_are_those_of_the_server_and_can_be_switched_in_the_palette() -> None:
    assert properties()["aotlens.trace.convention"]["enum"] == list(CONVENTIONS)
    assert "aotlens.switchConvention" in {command["command"] for command in PACKAGE["contributes"]["commands"]}
    palette = {item["command"]: item["when"] for item in PACKAGE["contributes"]["menus"]["commandPalette"]}
    assert palette["aotlens.switchConvention"] == "editorLangId == python"


def test_the_bundle_has_all_that_the_language_server_imports() -> None:
    pinned = (ROOT / "vscode-extension/scripts/bundled-requirements.txt").read_text(encoding="utf-8")
    bundled = {line.partition("==")[0].replace("-", "_") for line in pinned.splitlines() if not line.startswith("#")}
    code = """
import importlib, pkgutil, sys
import aotlens.features, aotlens.lsp, aotlens.session
for room in (aotlens.features, aotlens.lsp, aotlens.session):
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(module.name)
aotlens.lsp.app.create_server()
print(*sorted({name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "server", check=True)
    imported = {name for name in run.stdout.split() if not name.startswith("_")}
    assert imported - bundled - {"aotlens", "aotlens_tracer", "attr", "cattr"} == set()


HARMLESS = re.compile(
    r"aotlens\.(?:keepMaps|logLevel|tracer\.memory|codeLens\..*|diagnostics\..*|inlayHints\..*|graph\..*|trace\.(?:server|run"
    r"|timeout|memory|mode|convention|dynamic|partitioner|memoryBudget|eager|mesh|worldSize|rank|exclude))"
)
"""Settings that neither name a program, nor add code, nor allow it more."""


def test_a_workspace_that_is_not_trusted_sets_nothing_that_names_programs_adds_code_or_allows_more() -> None:
    trust = PACKAGE["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    restricted = {name for name in properties() if HARMLESS.fullmatch(name) is None}
    assert set(trust["restrictedConfigurations"]) == restricted


def test_a_workspace_cannot_trust_more_folders_even_if_it_is_trusted_itself() -> None:
    assert properties()["aotlens.trust.folders"]["scope"] == "machine"
