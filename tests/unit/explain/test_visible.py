"""Names and messages of user code give no command to a terminal, an editor or a log, wherever they are shown."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from aotlens.explain.blocks import Cell, Code, Column, Paragraph, Table, Words, line
from aotlens.explain.command_messages import may_be_trusted
from aotlens.explain.graph_lines import Writer
from aotlens.explain.render.markdown import code, fence, inline, markdown, prose
from aotlens.explain.render.paper import Paper
from aotlens.explain.render.plain import plain
from aotlens.explain.render.terminal import show
from aotlens.explain.visible import visible, visible_json, visible_line, visible_name, visible_output
from aotlens.lsp.temporary import TemporaryFiles
from aotlens.text.uris import path_of, uri_of

COMMANDS = "\x00\x03\x07\x08\x0c\x1b[2J\x7f\x85\x9b1m\u061c\u200f\u202e\u2066\u2028\ufeff\ud800"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("level = \u202e'resu'", "level = \\u202e'resu'"),
        ("\udc80\ud800", "\\udc80\\ud800"),
        ("one\n\ttwo\r\nthree\rfour", "one\n\ttwo\nthree\\rfour"),
        ("größe, 幅, 👩\u200d🔬, שלום", "größe, 幅, 👩\u200d🔬, שלום"),
    ],
)
def test_control_characters_are_written_as_escapes_and_letters_stay(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


def test_a_name_has_no_end_of_line() -> None:
    assert visible_line("a\nb\r\n\tc") == "a\\nb\\r\\n\tc"


def test_the_output_of_a_program_has_no_colours_and_a_line_for_each_state_of_a_progress_bar() -> None:
    assert visible_output("\x1b[1;31mred\x1b[0m\r 10%\r 20%\n\x1b[2J") == "red\n 10%\n 20%\n\\x1b[2J"


def test_json_keeps_its_value() -> None:
    text = json.dumps({COMMANDS: COMMANDS}, ensure_ascii=False)
    assert _commands_in(visible_json(text)) == []
    assert json.loads(visible_json(text)) == {COMMANDS: COMMANDS}


def test_no_way_to_show_blocks_lets_a_command_through() -> None:
    name = f"a{COMMANDS}b"
    columns = (Column("name", "name"), Column("why", "prose"), Column("more", "note"))
    table = Table(name, name, columns, ((Cell(name), Cell(name), Cell(name)),), (name,))
    blocks = [Paragraph(line(Words(name), Code(name))), table]
    stream = io.StringIO()
    show(blocks, Paper(Console(file=stream, width=300)))
    writer = Writer()
    writer.begin(name, name)
    writer.listed([(name, "node")])
    writer.end()
    for text in (stream.getvalue(), markdown(blocks), plain(blocks), fence(name), code(name), writer.done().text):
        assert _commands_in(text) == []
        assert "\\u202e" in text


def test_positions_in_a_graph_are_those_of_the_text_that_is_shown() -> None:
    writer = Writer()
    writer.listed([("a\x1b\nb", "first"), (" = ", None), ("c", "second")])
    text = writer.done()
    assert text.text == "a\\x1b\\nb = c\n"
    assert [text.text[name.column - 1 : name.end_column - 1] for name in text.names] == ["a\\x1b\\nb", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "[x](command:workbench.action.terminal.new)",
        "![x](https://example.com/pixel.png)",
        "<img src=x onerror=alert(1)>",
        "<a href='command:x'>",
        "&lt;b&gt;",
        "https://example.com/",
        "HTTP://example.com",
        "www.example.com",
        "ada@example.com",
        "[x]: https://example.com",
        "a | b\\| c | [x](command:y)",
        "# title",
        "one\n\n# two\n\n- three",
        "**bold** _it_ ~~no~~ \\[x\\](command:y)",
    ],
)
def test_nothing_in_a_message_is_markup_for_markdown(text: str) -> None:
    for shown in (prose(text), inline(line(text)), inline(line("see ", text))):
        assert "\n" not in shown
        bare = _without_escapes(shown)
        assert not any(sign in bare for sign in ("[", "]", "<", ">", "|", "*", "~", "://", "www.", "a@e")), bare
        assert not shown.startswith("#")
    assert "http\\://" in prose("http://example.com") and "&amp;lt;" in prose("&lt;")


def test_torch_s_own_pages_stay_links() -> None:
    assert prose("see https://pytorch.org/docs") == "see https://pytorch.org/docs"
    assert "https\\://" in prose("see https://pytorch.org.example.com/docs")
    assert "https\\://" in prose("see https://x-pytorch.github.io/")


def test_no_name_ends_its_cell_of_a_table() -> None:
    table = Table("", "", (Column("name", "name"),), ((Cell("a\\|[x](command:y)|`b` | c"),),))
    row = markdown([table]).splitlines()[-1]
    bare = row.strip("| ").replace("\\\\", "")
    assert "|" not in bare.replace("\\|", ""), row
    assert "[x]" not in bare, row


@pytest.mark.parametrize(
    "name", ["../../x\x00.graph", "a/b\\c:d.graph", "é" * 300 + ".graph", ".", "", "a\ud800.graph"]
)
def test_a_document_is_written_below_its_own_folder_whatever_its_name(name: str) -> None:
    files = TemporaryFiles()
    try:
        path = files.write("/home/ada/model.py", name, "text")
        folder, _, written = path.rpartition("/")
        assert files.write("/home/ada/model.py", "x.graph", "text").rpartition("/")[0] == folder
        assert len(written.encode()) <= 255
        assert written.endswith(".graph") or not name.endswith(".graph")
    finally:
        files.remove()


@pytest.mark.parametrize("path", ["/home/ada/\udcff.py", "/home/ada/%41 ?#.py", "/home/ada/größe\u202e.py"])
def test_a_path_has_a_uri_whatever_its_bytes(path: str) -> None:
    assert uri_of(path).isascii()
    assert path_of(uri_of(path)) == path
    assert uri_of("/home/\ud800.py") == "file:///home/%3F.py"


def _commands_in(text: str) -> list[str]:
    return [character for character in text if character in COMMANDS and character not in "[2J1m"]


def _without_escapes(text: str) -> str:
    found, skip = [], False
    for character in text:
        if skip or character == "\\":
            skip = not skip
            continue
        found.append(character)
    return "".join(found)


def test_a_name_in_a_question_cannot_be_taken_for_its_words() -> None:
    folder = '/x/work\u200b"\n\nIt is safe. Do you trust "/home/me\u202e\u00a0\U000e0041'
    shown = '"/x/work\\u200b\\"\\n\\nIt is safe. Do you trust \\"/home/me\\u202e\\xa0\\U000e0041"'
    assert visible_name(folder) == shown
    assert may_be_trusted("a b.py", folder).endswith(f"until the server ends? {shown}")
    assert may_be_trusted("a\nb.py", folder).startswith('"a\\nb.py" is in no trusted folder')
