"""Put the server and its dependencies into `bundled/`, for this platform or another: `bundle_server.py [linux-arm64]`.

Most of them are plain Python. tree-sitter has one native module for each version of Python, named after it: all of them
are in one package, and each Python loads its own.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

EXTENSION = Path(__file__).resolve().parent.parent
ROOT = EXTENSION.parent
BUNDLE = EXTENSION / "bundled"
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "linux-arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "darwin-x64": ("macosx_11_0_x86_64", "macosx_10_9_x86_64"),
    "darwin-arm64": ("macosx_11_0_arm64",),
}


def main() -> None:
    """Make the bundle again."""
    target = sys.argv[1] if len(sys.argv) > 1 else this_platform()
    if target not in PLATFORMS:
        sys.exit(f"error: {target}: the server is bundled for {', '.join(PLATFORMS)}")
    shutil.rmtree(BUNDLE, ignore_errors=True)
    libs = BUNDLE / "libs"
    for package in ("aotlens", "aotlens_tracer"):
        shutil.copytree(ROOT / "server" / package, libs / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXTENSION / "scripts" / "serve.py", BUNDLE)
    for wheel in sorted(downloaded(target).glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(libs)
    for needless in (*libs.rglob("*.pyi"), *libs.rglob("RECORD")):
        needless.unlink()
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, EXTENSION)
    shown = re.findall(r"\]\(pictures/([\w-]+\.png)\)", (EXTENSION / "README.md").read_text(encoding="utf-8"))
    for name in shown:
        (EXTENSION / "pictures").mkdir(exist_ok=True)
        shutil.copy(ROOT / "docs" / "pictures" / name, EXTENSION / "pictures")
    print(target)


def this_platform() -> str:
    """VS Code's name of this platform."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{sys.platform}-{machine.get(platform.machine().lower(), platform.machine())}"


def downloaded(target: str) -> Path:
    """The folder with the wheels for a platform, which are downloaded once."""
    requirements = (EXTENSION / "scripts" / "bundled-requirements.txt").read_text(encoding="utf-8")
    packages = [line for line in requirements.splitlines() if line and not line.startswith("#")]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "aotlens-tests" / "wheels" / f"{target}-{hashlib.sha256(requirements.encode()).hexdigest()[:12]}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as wheels:
            download(wheels, packages, target)
            shutil.copytree(wheels, folder)
    return folder


def download(folder: str, packages: list[str], target: str) -> None:
    """Download the wheels: plain ones once, native ones for each version of Python, all at the same time."""
    native = [package for package in packages if package.startswith("tree-sitter")]
    platforms = [part for name in PLATFORMS[target] for part in ("--platform", name)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary=:all:", "--dest", folder]
    commands = [[*pip, "--platform", "any", *(one for one in packages if one not in native)]]
    commands += [[*pip, *platforms, "--python-version", python, *native] for python in PYTHONS]
    running = [subprocess.Popen(command) for command in commands]
    if sum(abs(process.wait()) for process in running):
        sys.exit("error: the server's packages could not be downloaded")


if __name__ == "__main__":
    main()
