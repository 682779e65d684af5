"""Whatever the client edits, the server has the client's text."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp.client import Client, serving

EDITS = 50
EXAMPLES = 10

CHARACTERS = st.sampled_from('abx_ =("\t\n\n\r\f\v\x00\x1c\x1e\x85éß漢\u0301\u200b\u2028\u2029\ufeff😀𝔘\U0010ffff')
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.sampled_from(
        ["\r\n", "\r\n\r\n", "\r", "\n\r", "class M(nn.Module):\r\n    pass\r\n", "def f(x):\n    return x\n"]
    ),
)
# Where an edit starts and ends, as parts of the text; how far behind its line's end the client puts it; what comes.
CHANGES = st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.sampled_from([0, 0, 0, 1, 1000]), TEXTS)
BATCHES = st.lists(st.lists(CHANGES, min_size=1, max_size=3), min_size=EDITS, max_size=EDITS)

UNITS = {"utf-8": lambda text: len(text.encode("utf-8")), "utf-16": lambda text: len(text.encode("utf-16-le")) // 2}

versions = itertools.count(1)


class Editor:
    """A client's idea of a text: a string, and a look at each character for where lines end."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.units = UNITS[encoding]

    def spots(self) -> list[tuple[int, dict[str, int], bool]]:
        """Every place where a cursor can be: its offset, its position, and whether its line ends there."""
        found = []
        line, start, offset = 0, 0, 0
        while True:
            ends = offset == len(self.text) or self.text[offset] in "\r\n"
            position = {"line": line, "character": self.units(self.text[start:offset])}
            found.append((offset, position, ends))
            if offset == len(self.text):
                return found
            if ends:
                offset += 2 if self.text[offset : offset + 2] == "\r\n" else 1
                line, start = line + 1, offset
            else:
                offset += 1

    def edit(self, first: int, second: int, beyond: int, text: str) -> dict[str, Any]:
        """Replace a part of the text. Gives the change as LSP has it."""
        spots = self.spots()
        ends = sorted(spots[part * (len(spots) - 1) // 1000] for part in (first, second))
        places = []
        for _, position, is_line_end in ends:
            past = beyond if is_line_end else 0
            places.append({"line": position["line"], "character": position["character"] + past})
        if beyond == 1000 and ends[1][0] == len(self.text):
            places[1] = {"line": places[1]["line"] + beyond, "character": 0}
        self.text = self.text[: ends[0][0]] + text + self.text[ends[1][0] :]
        return {"range": {"start": places[0], "end": places[1]}, "text": text}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_server_has_the_clients_text(encoding: str) -> None:
    with serving(initialize=False) as client:
        answer = client.initialize([encoding, "utf-16"])
        assert answer["capabilities"]["positionEncoding"] == encoding
        random_edits(client, encoding)


def random_edits(client: Client, encoding: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TEXTS, BATCHES)
    def edits(text: str, batches: list[list[tuple[int, int, int, str]]]) -> None:
        uri = f"file:///random/m%C3%B6del%20{next(versions)}.py"
        editor = Editor(text, encoding)
        client.open(uri, text)
        for version, batch in enumerate(batches, 2):
            changes = [editor.edit(*change) for change in batch]
            document = {"uri": uri, "version": version}
            client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
            assert client.text(uri) == {"text": editor.text, "version": version}
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert client.text(uri) is None
        client.forget()

    edits()
