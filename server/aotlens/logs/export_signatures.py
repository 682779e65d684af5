"""The signature below an exported program: which parameter, buffer or argument each input of the graph is."""

from __future__ import annotations

import re

from .log_lines import LogLine

_ROW = re.compile(r"\s+(\w+): ([A-Z_]+(?: [^\n]*)?)$")
_SECTION = re.compile(r"\s*(?:# (?:inputs|outputs))?\s*$")
_SPEC = re.compile(
    r"(?:Input|Output)Spec\(kind=<\w+\.(\w+): \d+>, arg=\w+\((?:name=)?'?(\w+)'?[^)]*\), target=(None|'[^']*')"
)
_OLD = re.compile(r"inputs_to_(parameters|buffers)=\{([^}]*)\}")
_USER = re.compile(r"\buser_inputs=\[([^\]]*)\]")
_PAIR = re.compile(r"'(\w+)': '([^']*)'")


class SignatureReader:
    """Reads a signature, in the forms of torch 2.1 to 2.15. `found` has torch's words by the name of the node."""

    def __init__(self, first: LogLine) -> None:
        self.found: dict[str, str] = {}
        self._read_line(first.text)

    def feed(self, line: LogLine) -> bool:
        """Read a line if it belongs to the signature, and say so."""
        text = line.text
        if (row := _ROW.match(text)) is not None:
            self.found.setdefault(row[1], row[2].strip())
            return True
        return _SECTION.match(text) is not None

    def _read_line(self, text: str) -> None:
        for spec in _SPEC.finditer(text):
            target = "" if spec[3] == "None" else f" target={spec[3]}"
            self.found.setdefault(spec[2], spec[1] + target)
        for old in _OLD.finditer(text):
            word = "PARAMETER" if old[1] == "parameters" else "BUFFER"
            for pair in _PAIR.finditer(old[2]):
                self.found[pair[1]] = f"{word} target='{pair[2]}'"
        for user in _USER.finditer(text):
            for name in re.findall(r"'(\w+)'", user[1]):
                self.found.setdefault(name, "USER_INPUT")
