"""Text from user code as terminals, editors and logs may show it: no character of it gives a command.

Names, labels and messages come from user code. An escape sequence in them would move the cursor of a terminal, and a
bidirectional character would show code in another order than Python reads it (CVE-2021-42574).
"""

from __future__ import annotations

import re

_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SEPARATORS = "\u2028\u2029"  # lines for some editors, and no lines for Python and LSP
_ALWAYS = rf"\x7f-\x9f{_DIRECTIONS}{_SEPARATORS}\ufeff\ud800-\udfff"
_IN_TEXT = re.compile(rf"[\x00-\x08\x0b-\x1f{_ALWAYS}]")
_IN_LINE = re.compile(rf"[\x00-\x08\x0a-\x1f{_ALWAYS}]")
_IN_JSON = re.compile(f"[{_ALWAYS}]")
_IN_HTML = re.compile("[<>&]")
_LINE_END = re.compile(r"\r\n?")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def visible(text: str) -> str:
    r"""A text whose control characters are written as escapes, `\x1b`. Tabs and ends of lines stay.

    Control characters are those of ASCII and Latin-1, those that change the direction of text, the separators of
    lines and paragraphs, and halves of surrogate pairs.
    """
    return text if text.isascii() and text.isprintable() else _IN_TEXT.sub(_escape, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    r"""The same for a name, or for what stands on one line: an end of line is written as `\n` too."""
    return text if text.isascii() and text.isprintable() else _IN_LINE.sub(_escape, text)


def visible_name(text: str) -> str:
    r"""A name in a question, in quotes. Whatever is in it, it cannot be taken for the words around it, or another name.

    So no character of it is invisible, and a quote is written as `\"`.
    """
    return '"' + "".join(one if one.isprintable() else _escaped(one) for one in text).replace('"', '\\"') + '"'


def visible_message(text: str) -> str:
    """A message without a link in it: VS Code makes one of `[text](command:...)`, which a file may be named."""
    return visible(text).replace("](", "] (")


def visible_output(text: str) -> str:
    """The output of a program, without colours, and with each state of a progress bar on a line of its own."""
    return visible(_LINE_END.sub("\n", _COLOUR.sub("", text)))


def visible_json(text: str) -> str:
    r"""JSON whose control characters are written as JSON's own escapes, `\u009b`: its value stays the same."""
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def visible_in_html(text: str) -> str:
    r"""JSON as it may stand in an element of HTML: nothing in it ends that element, and its value stays the same."""
    return _IN_HTML.sub(lambda match: f"\\u{ord(match[0]):04x}", visible_json(text))


def _escape(match: re.Match[str]) -> str:
    return _escaped(match[0])


def _escaped(character: str) -> str:
    number = ord(character)
    known = {0x0A: r"\n", 0x0D: r"\r"}.get(number)
    wide = f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    return known or (f"\\x{number:02x}" if number < 0x100 else wide)
