"""Memory that eager keeps alive because a view of it is saved, in words."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import EagerMemory, HeldStorage, Span

from .blocks import Code, Line, joined, line, strong
from .paths import line_in_words
from .shapes import bytes_in_words


def total_in_words(memory: EagerMemory) -> str:
    """`50.0 KiB alive for 512 B`."""
    return f"{bytes_in_words(memory.held)} alive for {bytes_in_words(memory.saved)}"


def alive_in_words(memory: EagerMemory) -> str:
    """`50.0 KiB kept alive in eager`: an addition to the bytes that are saved."""
    return f"{bytes_in_words(memory.held)} kept alive in eager"


def advice(storage: HeldStorage) -> str:
    """The way to free what is not needed, or the reason why there is none; empty if neither is known."""
    surplus = bytes_in_words(storage.bytes - storage.needed)
    if storage.returned:
        return "the result keeps it alive too"
    if not storage.views or any(view.is_inside for view in storage.views):
        return ""
    return f"{' and '.join(f'{view.label}.clone()' for view in storage.views)} would free {surplus}"


def held_by_views(storage: HeldStorage) -> Line:
    """A storage, at a line that takes a view of it: what the view keeps alive, and what would free the rest."""
    views = joined(line(Code(view.label)) for view in storage.views)
    return line(
        strong(f"keeps {bytes_in_words(storage.bytes)} alive in eager"),
        " for ",
        f"{bytes_in_words(storage.needed)}: a view of ",
        Code(storage.label),
        _line(storage.source),
        " is saved, ",
        views,
        *_advised(storage),
    )


def held_as_whole(storage: HeldStorage) -> Line:
    """The same storage, at the line that allocates it."""
    views = joined(line(Code(view.label), _line(view.source)) for view in storage.views)
    return line(
        strong(f"{bytes_in_words(storage.bytes)} kept alive in eager"),
        f" for {bytes_in_words(storage.needed)}",
        line(" by the view ", views) if storage.views else "",
        *_advised(storage),
    )


def _advised(storage: HeldStorage) -> Line:
    text = advice(storage)
    return line("; ", text) if text else ()


def _line(source: Span | None) -> str:
    return f" on {line_in_words(source.path, source.line)}" if source is not None else ""
