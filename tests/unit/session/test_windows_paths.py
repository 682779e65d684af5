"""Paths by the rules of Windows, which no test runs on: URIs of its clients, and how an interpreter is named."""

from __future__ import annotations

import ntpath
import os
import posixpath
from pathlib import Path, PureWindowsPath

import pytest

from aotlens.session.tracer.interpreter import in_environment, is_command
from aotlens.text.uris import path_of, uri_of, with_large_drive

URIS = {
    "file:///c%3A/Users/me/a%20net.py": r"C:\Users\me\a net.py",  # VS Code
    "file:///c:/Users/me/net.py": r"C:\Users\me\net.py",
    "file:///C:/Users/me/net.py": r"C:\Users\me\net.py",  # Python, Neovim
    "file://localhost/C:/net.py": r"C:\net.py",
    "file:/C:/net.py": r"C:\net.py",
    "file:///c%3a/one/../two/./net.py": r"C:\two\net.py",
    "file:///C:/%C3%BC/%F0%9F%99%82.ipynb": "C:\\ü\\🙂.ipynb",
    "file:///c:": "C:\\",
    "FILE://Server/Share/dir/net.py": r"\\server\Share\dir\net.py",
    "file://wsl.localhost/Ubuntu/home/me/net.py": r"\\wsl.localhost\Ubuntu\home\me\net.py",
}
IN_NO_FILE = ("untitled:Untitled-1", "vscode-notebook-cell:/c%3A/a.ipynb#W0", "file:///net.py", "file:///C:/a%00b.py")


@pytest.mark.parametrize(("uri", "path"), URIS.items())
def test_the_path_of_a_uri(uri: str, path: str) -> None:
    assert path_of(uri, windows=True) == path
    assert path_of(uri_of(path, windows=True), windows=True) == path


@pytest.mark.parametrize("uri", IN_NO_FILE)
def test_what_is_no_file_there_stays_as_it_is(uri: str) -> None:
    assert path_of(uri, windows=True) == uri
    assert uri_of(uri, windows=True) == uri


@pytest.mark.parametrize("path", [r"C:\a b\ü.py", r"\\host\share\a.py", "D:\\", r"C:\100%\#1.py"])
def test_uris_are_those_of_python(path: str) -> None:
    there = PureWindowsPath(path).as_uri()
    assert path_of(there, windows=True) == path
    assert uri_of(path, windows=True) == there


def test_elsewhere_a_letter_and_a_colon_are_a_name() -> None:
    assert path_of("file:///c%3A/net.py", windows=False) == "/c:/net.py"
    assert uri_of("/c:/net.py", windows=False) == "file:///c%3A/net.py"
    assert with_large_drive("/c:/net.py", windows=False) == "/c:/net.py"
    assert with_large_drive(r"c:\net", windows=True) == r"C:\net"
    assert with_large_drive(r"\\host\c$\net", windows=True) == r"\\host\c$\net"


def test_an_interpreter_with_a_folder_is_no_command() -> None:
    with_folder = (r"C:\env\Scripts\python.exe", "C:/env/python.exe", r"env\python.exe", "env/python", "C:python.exe")
    assert not any(is_command(each, ntpath) for each in with_folder)
    assert is_command("python.exe", ntpath) and is_command("python3.12", posixpath)
    assert is_command(r"env\python.exe", posixpath), "elsewhere that is a name"


def test_the_interpreter_of_an_environment_of_windows(tmp_path: Path) -> None:
    assert in_environment(tmp_path) is None
    for place in ("python.exe", "Scripts/python.exe"):  # that of conda, and that of a virtual environment
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
        assert in_environment(tmp_path) == os.fspath(tmp_path / place)
